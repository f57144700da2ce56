import pytest

from trajectories.templatetags.durations import brief, duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"),
        (0, "0 s"),
        (0.2, "<1 s"),
        (48.4, "48 s"),
        (60, "1 min"),
        (200, "3 min 20 s"),
        (3_600, "1 h"),
        (7_500, "2 h 5 min"),
        (90_000, "1 d 1 h"),
        (-5, "0 s"),
    ],
)
def test_spans_of_time_in_their_two_largest_units(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "words"), [(1.254, "1.25 s"), (0.0123, "12 ms"), (0.001, "1 ms"), (0.0004, "<1 ms"), (0.0, "<1 ms")]
)
def test_computing_time_is_in_the_unit_that_suits_it(seconds, words):
    assert brief(seconds) == words
