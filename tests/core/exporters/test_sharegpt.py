"""Conversations in the shape of ShareGPT as LLaMA-Factory 0.9.5 takes them apart, and as they come in again."""

import json
import re

import pytest

from tests.core.exporters.test_exporters import make_item
from trajectories.core.exporters import EXPORTERS
from trajectories.core.importers.speakers import with_role

THOUGHTS = re.compile(r"<think>\n(.*?)\n</think>\n\n", re.DOTALL)
CALLED = re.compile(r"<tool_call>(.*?)</tool_call>", re.DOTALL)


def call(code: str) -> dict[str, object]:
    return {"id": "c", "type": "function", "function": {"name": "python", "arguments": {"code": code}}}


def turn_of(content: str, thoughts: str, *codes: str) -> str:
    """What the file has of a turn that calls a tool."""
    message = {"role": "assistant", "content": content, "tool_calls": [call(code) for code in codes]}
    message |= {"reasoning_content": thoughts} if thoughts else {}
    asked = {"role": "user", "content": "What is 84 / 2?"}
    item = make_item(prompt=(asked, message, {"role": "tool", "tool_call_id": "c", "content": "42"}), program="")
    said = EXPORTERS["sharegpt"].row(item)["conversations"]
    assert [turn["from"] for turn in said[:3]] == ["human", "function_call", "observation"]
    return str(said[1]["value"])


def by_llama_factory(said: str) -> tuple[str, list[str]]:
    """What its FunctionFormatter (llamafactory/data/formatter.py) finds: what is beside the calls, and their code."""
    called = CALLED.search(said)
    if called is None:
        thought = THOUGHTS.search(said)
        beside = thought[0] if thought else ""
        held = json.loads(said.replace(beside, "") if beside else said)
    else:
        beside, held = said.replace(called[0], ""), json.loads(called[1])
    calls = held if isinstance(held, list) else [held]
    return beside.strip(), [each["arguments"]["code"] for each in calls]


@pytest.mark.parametrize("codes", [("84 / 2",), ("84 / 2", "1")], ids=["one", "two"])
@pytest.mark.parametrize("thoughts", ["", "I run it."])
@pytest.mark.parametrize("content", ["", "Let me run it.", "Both.\n\nNow."])
def test_what_is_said_beside_calls_and_the_calls_are_told_apart(content, thoughts, codes):
    said = turn_of(content, thoughts, *codes)
    beside = f"<think>\n{thoughts}\n</think>\n\n{content}".strip() if thoughts else content
    assert by_llama_factory(said) == (beside, list(codes))
    again = with_role({"from": "function_call", "value": said})
    assert [each["function"]["arguments"]["code"] for each in again["tool_calls"]] == list(codes)
    assert (again["content"] or "") == beside


@pytest.mark.parametrize("code", ["print('</tool_call>')", "x = '<think>'  # </think>", "'<tool_call>{}</tool_call>'"])
@pytest.mark.parametrize("content", ["", "I run it."])
def test_marks_inside_of_arguments_part_nothing(content, code):
    assert by_llama_factory(turn_of(content, "", code)) == (content, [code])


def test_thoughts_that_speak_of_their_own_mark_stand_beside_the_call():
    beside, codes = by_llama_factory(turn_of("", "It ends with </think>, I say.", "1"))
    assert ("It ends with </think>, I say." in beside, codes) == (True, ["1"])
