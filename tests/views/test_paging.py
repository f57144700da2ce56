import pytest

from trajectories.views.paging import KEY_DIGITS, read_key


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("7", 7),
        ("0", 0),
        ("9" * KEY_DIGITS, 10**KEY_DIGITS - 1),
        ("9" * (KEY_DIGITS + 1), None),
        ("9" * 5_000, None),
        ("", None),
        ("-1", None),
        ("1.0", None),
        ("٣", None),
        ("²", None),
        ("1\0", None),
    ],
)
def test_a_key_is_a_number_that_a_row_may_have(rf, text, key):
    assert read_key(rf.get("/", {"before": text}), "before") == key


def test_an_absent_key_is_none(rf):
    assert read_key(rf.get("/"), "before") is None
