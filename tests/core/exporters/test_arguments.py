"""Arguments of tool calls: one form in the whole column, whatever came in."""

import pytest

from trajectories.core.exporters.arguments import Arguments, with_objects, write_call


def call(arguments):
    return {"id": "t", "type": "function", "function": {"name": "python", "arguments": arguments}}


@pytest.mark.parametrize(
    ("given", "text", "value"),
    [
        ('{"code": "print(1)"}', '{"code": "print(1)"}', {"code": "print(1)"}),
        ({"code": "print('ä')"}, '{"code": "print(\'ä\')"}', {"code": "print('ä')"}),
        (None, "{}", {}),
        ("", "{}", {}),
        ("  ", "{}", {}),
        ("{}", "{}", {}),
        ("null", "null", {}),
        ("print(1", "print(1", {"arguments": "print(1"}),
        ([1], "[1]", {"arguments": [1]}),
    ],
)
def test_text_or_objects(given, text, value):
    assert write_call(call(given), Arguments.TEXT)["function"] == {"name": "python", "arguments": text}
    assert write_call(call(given), Arguments.OBJECTS)["function"] == {"name": "python", "arguments": value}


@pytest.mark.parametrize("odd", [None, 3, "x", {"function": 3}, {"id": None}])
def test_odd_calls_have_the_form_of_all_others(odd):
    found = write_call(odd, Arguments.TEXT)
    assert list(found) == ["id", "type", "function"]
    assert isinstance(found["function"]["arguments"], str)


def test_only_calls_change():
    row = {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "tool_calls": [call("{}")]}], "n": 1}
    found = with_objects(row)
    assert found["messages"][1]["tool_calls"][0]["function"]["arguments"] == {}
    assert (found["messages"][0], found["n"]) == (row["messages"][0], 1)
