"""Who speaks in a message, by the words of every kind of file."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

CALL = "function_call"
ROLES = {
    **dict.fromkeys(("human", "user", "prompter", "instruction"), "user"),
    **dict.fromkeys(("gpt", "assistant", "model", "chatgpt", "bot", "ai", "bing", "bard"), "assistant"),
    "system": "system",
    "developer": "developer",
    **dict.fromkeys(("tool", "observation", "function_response", "tool_response", "ipython"), "tool"),
    **dict.fromkeys((CALL, "tool_call"), "assistant"),
}
"""The usual role of each speaker, whose name is in lower case."""

SPEAKER, SAID = ("from", "role", "author", "speaker"), ("value", "content", "text")
"""Where a message says who speaks, and what."""


def speaker_of(message: Mapping[str, Any]) -> Any:
    """What a message calls its speaker; None where it names none."""
    return next((message[key] for key in SPEAKER if key in message), None)


def with_role(message: Any) -> Any:
    """A message with the usual word for its speaker and what they said as its content; as it is where it has both, and
    where nobody knows its speaker."""
    if not isinstance(message, Mapping):
        return message
    named = speaker_of(message)
    role = ROLES.get(named.lower()) if isinstance(named, str) else None
    if role is None or (message.get("role") == role and not any(key in message for key in ("value", "text"))):
        return message
    said = next((message[key] for key in SAID if key in message), None)
    beside = {key: value for key, value in message.items() if key not in (*SPEAKER, *SAID)}
    called = isinstance(named, str) and named.lower() in (CALL, "tool_call")
    for text, held in _parted(said) if called else ():
        if (calls := _calls(held)) is not None:
            return {**beside, "role": role, "content": text or None, "tool_calls": calls}
    return {**beside, "role": role, "content": said}


def _parted(said: Any) -> Iterator[tuple[str, Any]]:
    """The ways to read a call of a tool: what is said beside it, and what may be the call."""
    yield "", said
    if isinstance(said, str):
        for mark, end in (("<tool_call>", "</tool_call>"), ("</think>", "")):
            before, found, after = said.rpartition(mark)
            held = after.strip().removesuffix(end).strip()
            yield (before if end else before + found).strip(), held if found else None


def _calls(said: Any) -> list[dict[str, Any]] | None:
    """The calls of tools that a text of JSON holds; None where it holds none."""
    try:
        value = json.loads(said) if isinstance(said, str) else said
    except (ValueError, RecursionError):
        return None
    found = value if isinstance(value, list) else [value]
    if not found or not all(isinstance(call, Mapping) and isinstance(call.get("name"), str) for call in found):
        return None
    return [{"type": "function", "function": {key: call[key] for key in call if key != "id"}} for call in found]
