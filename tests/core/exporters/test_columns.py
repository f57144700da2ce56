"""Types of columns, found row by row, and the command that loads a file by them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.core.exporters.columns import MIXED, UNKNOWN, add_value, is_typed
from trajectories.core.exporters.loading import load_lines


def types_of(*values):
    columns = UNKNOWN
    for value in values:
        columns = add_value(columns, value)
    return columns


@pytest.mark.parametrize(
    ("values", "columns"),
    [
        (["12", "007", "true", "2024-01-02"], "string"),
        ([None, None, "4"], "string"),
        ([1, 2.5], "float64"),
        ([True, None], "bool"),
        ([None], UNKNOWN),
        ([[], [{"role": "user"}]], [{"role": "string"}]),
        ([{"a": 1}, {"b": [None]}], {"a": "int64", "b": [UNKNOWN]}),
        ([1, "1"], MIXED),
        ([True, 1], MIXED),
        ([{"a": 1}, "x"], MIXED),
        ([["x"], {"a": 1}], MIXED),
        ([{}], MIXED),
    ],
)
def test_a_column_has_one_type(values, columns):
    assert types_of(*values) == columns


@pytest.mark.parametrize("columns", [None, "string", MIXED, {}, {"a": MIXED}, {"a": [{"b": MIXED}]}, {"a b": "string"}])
def test_what_no_typed_column_holds_has_no_command(columns):
    assert load_lines(columns, file="f.jsonl", sha256="0") is None


def test_the_command_states_every_type():
    columns = {"messages": [{"role": "string", "tool_calls": [{"id": "string"}]}], "answer": UNKNOWN, "n": "int64"}
    code = load_lines(columns, file="f.jsonl", sha256="ab").command
    assert (
        'Features({"messages": [{"role": of("string"), "tool_calls": [{"id": of("string")}]}],'
        ' "answer": of("string"), "n": of("int64")})'
    ) in code
    assert '"file": "f.jsonl", "sha256": "ab"' in code


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-9, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(json_values, max_size=4))
def test_the_type_of_a_column_holds_every_value_in_any_order(values):
    columns = types_of(*values)
    assert is_typed(columns) == is_typed(types_of(*reversed(values)))
    if is_typed(columns):
        for value in values:
            assert add_value(columns, value) == columns
