"""Conversations in the shape of ShareGPT, as LLaMA-Factory reads it."""

import json
from collections.abc import Mapping, Sequence

from trajectories.core.exporters.arguments import Arguments, write_call
from trajectories.core.exporters.base import ExportItem, OneRowEach
from trajectories.core.exporters.conversations import completion_messages, prompt_messages, tools_column
from trajectories.core.exporters.thoughts import DEFAULT_THOUGHTS, Thoughts
from trajectories.core.records import JSON

SPEAKERS = {"user": "human", "assistant": "gpt", "tool": "observation"}
CALLED, CALLED_END = "<tool_call>", "</tool_call>"
"""Around calls beside which something is said: LLaMA-Factory stops at a text before calls without them."""

BETWEEN_RESULTS = "\n</tool_response>\n<tool_response>\n"
"""What LLaMA-Factory puts between the results of calls that were made together."""


class SharegptExporter(OneRowEach):
    """Turns of a person and the model, each after the other. The shape knows no field for thoughts: they are in tags or
    left out. What a system message says is a column, and so are the tools, as JSON text.
    """

    name = "sharegpt"
    title = "ShareGPT conversations"
    read_by = "LLaMA-Factory, Unsloth (standardize_sharegpt), older Axolotl"
    writes_thoughts = True
    is_table = True
    columns: JSON = {"conversations": [{"from": "string", "value": "string"}], "system": "string", "tools": "string"}

    def row(self, item: ExportItem, thoughts: Thoughts = DEFAULT_THOUGHTS) -> Mapping[str, JSON]:
        """{"conversations": [{"from", "value"}], "system": text, "tools": text}; the last two are empty without any."""
        how = Thoughts.NONE if thoughts is Thoughts.NONE else Thoughts.TAGS
        messages = [*prompt_messages(item, how), *completion_messages(item, how)]
        tools = tools_column(item, how).get("tools", [])
        functions = [tool["function"] for tool in tools]
        return {
            "conversations": _turns([message for message in messages if message["role"] != "system"]),
            "system": "\n\n".join(str(message["content"]) for message in messages if message["role"] == "system"),
            "tools": json.dumps(functions, ensure_ascii=False) if functions else "",
        }


def _turns(messages: Sequence[Mapping[str, JSON]]) -> list[dict[str, JSON]]:
    """Turns of both sides by turns: messages of one side that follow one another are one turn."""
    turns: list[dict[str, JSON]] = []
    for message in messages:
        speaker, value = _turn(message)
        if turns and turns[-1]["from"] == speaker and speaker != "function_call":
            gap = BETWEEN_RESULTS if speaker == "observation" else "\n\n"
            turns[-1]["value"] = f"{turns[-1]['value']}{gap}{value}"
        else:
            turns.append({"from": speaker, "value": value})
    return turns


def _turn(message: Mapping[str, JSON]) -> tuple[str, str]:
    content = str(message["content"])
    if not message.get("tool_calls"):
        return SPEAKERS.get(str(message["role"]), "human"), content
    calls = [write_call(call, Arguments.OBJECTS)["function"] for call in message["tool_calls"]]
    told = [_without_marks(json.dumps(call, ensure_ascii=False)) for call in calls]
    text = told[0] if len(told) == 1 else f"[{', '.join(told)}]"
    text = text if _only_thinks(content) else f"{CALLED}\n{text}\n{CALLED_END}"
    return "function_call", f"{content}\n\n{text}" if content else text


def _only_thinks(content: str) -> bool:
    """Whether a message says nothing but thoughts in tags, or nothing at all."""
    return not content or (
        content.startswith("<think>\n") and content.endswith("\n</think>") and content.count("</think>") == 1
    )


def _without_marks(told: str) -> str:
    """JSON whose texts hold none of the marks by which readers part calls from thoughts; it says the same."""
    for mark in ("<think>", "</think>", CALLED, CALLED_END):
        told = told.replace(mark, f"\\u003c{mark[1:]}")
    return told
