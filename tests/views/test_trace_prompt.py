import pytest
from django.urls import reverse

from tests.factories import make_text, make_trace
from trajectories.core.identity import canonical_json
from trajectories.views.shown.traces import shown_prompt


def test_what_an_agent_was_sent_is_shown_turn_by_turn(client, curator, db):
    call = {"id": "call-1", "type": "function", "function": {"name": "python", "arguments": '{"code": "print(<1>)"}'}}
    sent = [
        {"role": "user", "content": "Find the rule."},
        {"role": "assistant", "content": "", "reasoning_content": "First the sizes.", "tool_calls": [call]},
        {"role": "tool", "content": "3", "tool_call_id": "call-1"},
        {"role": "assistant", "content": "It grows."},
    ]
    assert shown_prompt(sent) == [
        ("user", "Find the rule."),
        ("assistant, thinking", "First the sizes."),
        ("assistant calls python", '{"code": "print(<1>)"}'),
        ("tool", "3"),
        ("assistant", "It grows."),
    ]
    client.force_login(curator)
    trace = make_trace(prompt=make_text(canonical_json(sent)))
    page = client.get(reverse("trace_detail", args=[trace.pk])).content.decode()
    assert "assistant calls python" in page
    assert "print(&lt;1&gt;)" in page


@pytest.mark.parametrize(
    ("message", "turns"),
    [
        ({}, [("", "")]),
        ({"role": 3, "content": ["a"]}, [("3", "['a']")]),
        ({"role": "assistant", "tool_calls": 7}, []),
        (
            {"role": "x", "tool_calls": [7, {"function": 1}]},
            [("x calls a tool", "7"), ("x calls a tool", "{'function': 1}")],
        ),
        ({"role": "assistant", "tool_calls": [{"function": {}}]}, [("assistant calls ", "")]),
    ],
)
def test_messages_of_any_shape_can_be_shown(message, turns):
    assert shown_prompt([message]) == turns
