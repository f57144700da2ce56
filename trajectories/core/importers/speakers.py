"""Who speaks in a message, by the words of every kind of file."""

import json
from collections.abc import Mapping
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
    calls = _calls(said) if isinstance(named, str) and named.lower() in (CALL, "tool_call") else None
    if calls is not None:
        return {**beside, "role": role, "content": None, "tool_calls": calls}
    return {**beside, "role": role, "content": said}


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
