"""Earlier turns in the one form that is kept, whatever spelling they came in."""

import pytest

from tests.core.completions.test_messages import SPELLINGS
from trajectories.core.completions.turns import kept_turns

CALL = {"id": "c", "type": "function", "function": {"name": "run", "arguments": "{}"}}
KEPT = {"role": "assistant", "content": "4", "reasoning_content": "Two twos."}


@pytest.mark.parametrize("message", SPELLINGS.values(), ids=SPELLINGS)
def test_every_spelling_is_kept_alike(message):
    (turn,) = kept_turns({"role": "assistant", **message})
    assert {name: value for name, value in turn.items() if name != "parts"} == KEPT
    assert kept_turns(turn) == [turn], "what is in this form stays what it is"


def test_what_a_turn_of_plain_fields_has_stays_without_parts():
    turn = {**KEPT, "tool_calls": [CALL]}
    assert kept_turns(turn) == [turn]
    assert kept_turns({"role": "user", "content": "<think>"}) == [{"role": "user", "content": "<think>"}]
    assert kept_turns({"role": "tool", "tool_call_id": "c", "content": "5"}) == [
        {"role": "tool", "tool_call_id": "c", "content": "5"}
    ]


def test_signatures_and_order_are_kept_beside_the_fields():
    content = [
        {"type": "thinking", "thinking": "A.", "signature": "s"},
        {"type": "text", "text": "Let me run it."},
        {"type": "tool_use", "id": "c", "name": "run", "input": {"code": "1"}},
        {"type": "thinking", "thinking": "B."},
    ]
    (turn,) = kept_turns({"role": "assistant", "content": content})
    assert (turn["content"], turn["reasoning_content"]) == ("Let me run it.", "A.\n\nB.")
    assert turn["tool_calls"] == [
        {"id": "c", "type": "function", "function": {"name": "run", "arguments": '{"code": "1"}'}}
    ]
    assert [part["kind"] for part in turn["parts"]] == ["thinking", "content", "tool_call", "thinking"]
    assert turn["parts"][0]["data"]["signature"] == "s"
    thoughts = [turn["reasoning_content"][part["start"] : part["end"]] for part in turn["parts"] if "start" in part]
    assert thoughts[0] == "A."
    assert turn["parts"][2] == {"kind": "tool_call", "call": 0}


def test_results_inside_of_a_users_message_become_messages_of_their_own():
    result = {"type": "tool_result", "tool_use_id": "c", "content": [{"type": "text", "text": "5"}]}
    assert kept_turns({"role": "user", "content": [result, {"type": "text", "text": "Go on."}]}) == [
        {"role": "tool", "tool_call_id": "c", "content": "5"},
        {"role": "user", "content": "Go on."},
    ]
