import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.adapters.sandbox.conversation import read_result
from trajectories.adapters.sandbox.values import MAX_DEPTH, ValueRefusedError, read_value
from trajectories.core.programs.engines import CallStatus

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=30,
)


@given(json_values)
def test_json_comes_through_unchanged(value: object) -> None:
    assert read_value(json.dumps(value)) == value


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        value = read_value(text)
    except ValueRefusedError:
        return
    json.dumps(value, allow_nan=False)


@pytest.mark.parametrize(
    "text",
    [
        "NaN",
        "Infinity",
        "[-Infinity]",
        "1e999",
        "[1e400]",
        "9" * 5000,
        "[" * 100_000,
        "[" * 65 + "]" * 65,
        "",
        "[1",
        "01",
    ],
)
def test_what_is_refused(text: str) -> None:
    with pytest.raises(ValueRefusedError):
        read_value(text)


def test_depth_counts_brackets_but_not_those_in_texts() -> None:
    deepest = "[" * MAX_DEPTH + "]" * MAX_DEPTH
    assert read_value(deepest) == json.loads(deepest)
    assert read_value(json.dumps(["[" * 500, '"{' * 500])) == ["[" * 500, '"{' * 500]


@given(json_values)
def test_any_answer_of_the_sandbox_is_a_result_or_refused(answer: object) -> None:
    try:
        result = read_result(answer, 100)
    except ValueRefusedError:
        return
    assert result.status in CallStatus


@given(
    st.fixed_dictionaries(
        {"status": st.sampled_from([*CallStatus, "odd"])},
        optional={"value": json_values, "message": json_values, "printed": json_values, "seconds": json_values},
    )
)
def test_a_forged_result_holds_plain_storable_fields(answer: dict[str, object]) -> None:
    try:
        result = read_result(answer, 100)
    except ValueRefusedError:
        return
    assert 0 <= result.seconds < 1e6
    for text in (result.message, result.printed):
        assert "\0" not in text
        text.encode("utf-8")
    assert result.status is CallStatus.RETURNED or result.value is None
