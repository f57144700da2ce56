"""What trainers are told about a file: LLaMA-Factory of those alone that it reads whole."""

import json

import pytest

from trajectories.core.exporters.conversations import CALL
from trajectories.core.exporters.trainers import beside

FILE = {"": ["rows.jsonl"]}
PLAIN = {"role": "string", "content": "string"}


def told(columns):
    return json.loads(beside("sft-messages", "tags", FILE, columns).get("dataset_info.json", "{}"))


def test_messages_are_read_by_their_own_roles_and_nothing_is_added_to_them():
    info = told({"messages": [PLAIN]})["release"]
    assert info["formatting"] == "sharegpt", "its `openai` writes “detailed thinking off” into every system message"
    assert (info["columns"], info["tags"]["assistant_tag"]) == ({"messages": "messages"}, "assistant")


@pytest.mark.parametrize("key", ["tool_calls", "reasoning_content", "thinking", "reasoning"])
def test_no_file_is_offered_of_which_it_would_leave_something_out(key):
    assert told({"messages": [{**PLAIN, key: [CALL] if key == "tool_calls" else "string"}]}) == {}
