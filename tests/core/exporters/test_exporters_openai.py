"""Files for OpenAI's fine-tuning by the rules that its guides state for each line.

Of chats: an object with a list of messages, each with a known role and no key that is not known; what is said is text,
but for an assistant's message that calls tools, whose arguments are the text of an object; an answer of a tool names
the call that it answers; the last word is the assistant's. Of preferences: what was asked, and one text of the
assistant on either side. Of reinforcement: what was asked, and columns that a grader can name.
"""

import json

import pytest

from tests.core.exporters.test_contract import problem_items, rows_of
from tests.core.exporters.test_exporters import AGENT, bare_item
from trajectories.core.exporters import EXPORTERS, Arguments, Thoughts, Ways

MESSAGE_KEYS = {"role", "content", "name", "tool_calls", "tool_call_id", "weight"}
ROLES = ("system", "developer", "user", "assistant", "tool")


def check_messages(messages) -> None:
    assert isinstance(messages, list)
    assert messages
    called = set()
    for message in messages:
        assert set(message) <= MESSAGE_KEYS, message
        assert message["role"] in ROLES
        calls = message.get("tool_calls", [])
        assert not calls or message["role"] == "assistant"
        assert isinstance(message.get("content"), str) or calls
        assert message.get("content") or calls or message["role"] == "tool"
        for call in calls:
            assert (set(call), call["type"]) == ({"id", "type", "function"}, "function")
            assert set(call["function"]) == {"name", "arguments"}
            assert isinstance(json.loads(call["function"]["arguments"]), dict)
            called.add(call["id"])
        assert (message["role"] == "tool") == ("tool_call_id" in message)
        assert message.get("tool_call_id") in {None, *called}


def check_tools(tools) -> None:
    names = [tool["function"]["name"] for tool in tools]
    assert len(names) == len(set(names))
    for tool in tools:
        assert tool["type"] == "function"
        assert set(tool["function"]) >= {"name", "parameters"}


def check_chat(row) -> None:
    assert set(row) <= {"messages", "tools", "parallel_tool_calls"}
    check_messages(row["messages"])
    check_tools(row.get("tools", []))
    assert row["messages"][-1]["role"] == "assistant"
    assert row["messages"][-1]["content"]


def check_preference(row) -> None:
    assert set(row) == {"input", "preferred_output", "non_preferred_output"}
    assert set(row["input"]) <= {"messages", "tools", "parallel_tool_calls"}
    check_messages(row["input"]["messages"])
    assert row["input"]["messages"][-1]["role"] == "user"
    for side in ("preferred_output", "non_preferred_output"):
        (said,) = row[side]
        assert set(said) <= {"role", "content"}
        assert said["role"] == "assistant"
        assert said["content"].strip()
    assert row["preferred_output"] != row["non_preferred_output"]


def check_reinforcement(row) -> None:
    check_messages(row["messages"])
    assert row["messages"][-1]["role"] == "user"
    assert "reference_answer" in row
    assert set(row) - {"messages"} == {name for name in row if name.isidentifier()} - {"messages"}


RULES = {
    "sft-messages": (check_chat, Ways(Thoughts.NONE, Arguments.TEXT)),
    "preference-openai": (check_preference, Ways(Thoughts.NONE)),
    "rft-openai": (check_reinforcement, Ways()),
}


@pytest.mark.parametrize("name", RULES)
def test_every_line_keeps_the_rules(name):
    check, ways = RULES[name]
    items = [*problem_items(), bare_item(prompt=AGENT, problem_hash="h2", split="train", label=True)]
    rows = rows_of(EXPORTERS[name], items, ways)
    assert rows
    for row in rows:
        check(json.loads(json.dumps(row.values)))


def test_an_agent_is_among_the_chats_and_none_among_the_preferences():
    check, ways = RULES["sft-messages"]
    [row] = rows_of(EXPORTERS["sft-messages"], [bare_item(prompt=AGENT)], ways)
    assert any(message.get("tool_calls") for message in row.values["messages"])
    assert any(message["role"] == "tool" for message in row.values["messages"])
    broken = json.loads(json.dumps(row.values))
    broken["messages"][-1]["thoughts"] = "Hm."
    with pytest.raises(AssertionError):
        check(broken)
