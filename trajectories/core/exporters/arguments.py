"""How files write the arguments of tool calls: in one form throughout, whatever form they came in."""

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from trajectories.core.records import JSON


class Arguments(StrEnum):
    """The form of the arguments of tool calls."""

    TEXT = "text"
    OBJECTS = "objects"


DEFAULT_ARGUMENTS = Arguments.TEXT

ARGUMENTS_WORDS: Mapping[Arguments, str] = {
    Arguments.TEXT: "as JSON text (OpenAI; one type for the whole column)",
    Arguments.OBJECTS: "as objects (templates that write arguments as JSON themselves: Qwen, Llama)",
}
"""What each form means, for people who choose."""

UNREADABLE = "arguments"
"""The key below which an object has what a model sent as arguments and is no object."""


def write_call(call: Any, how: Arguments) -> dict[str, JSON]:
    """A call of a tool with its arguments in the form asked for; none at all are an empty object.

    Text that is no JSON object stays what it is as text, and is below one key as an object.
    """
    held = call if isinstance(call, Mapping) else {}
    inner = held.get("function")
    function = inner if isinstance(inner, Mapping) else {}
    given = function.get("arguments") if function else (None if held else call)
    return {
        "id": str(held.get("id") or ""),
        "type": str(held.get("type") or "function"),
        "function": {
            "name": str(function.get("name") or ""),
            "arguments": _as_text(given) if how is Arguments.TEXT else _as_object(given),
        },
    }


def _as_text(given: JSON) -> str:
    if isinstance(given, str):
        return given if given.strip() else "{}"
    return "{}" if given is None else json.dumps(given, ensure_ascii=False)


def _as_object(given: JSON) -> dict[str, JSON]:
    value = given
    if isinstance(given, str):
        try:
            value = json.loads(given) if given.strip() else None
        except (ValueError, RecursionError):
            value = given
    if value is None:
        return {}
    return dict(value) if isinstance(value, Mapping) else {UNREADABLE: given}


def with_objects(row: Mapping[str, JSON]) -> dict[str, JSON]:
    """A row whose messages have the arguments of their calls as objects."""
    return {
        key: [_with_objects(each) for each in value] if isinstance(value, list) else value for key, value in row.items()
    }


def _with_objects(message: JSON) -> JSON:
    if not isinstance(message, Mapping) or not isinstance(message.get("tool_calls"), list):
        return message
    return {**message, "tool_calls": [write_call(call, Arguments.OBJECTS) for call in message["tool_calls"]]}
