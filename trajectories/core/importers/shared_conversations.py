"""Conversations as ShareGPT and OpenThoughts have them: {"conversations": [{"from", "value"}], "system"?}."""

from collections.abc import Mapping
from typing import Any

from trajectories.core.importers.foreign_traces import ForeignTrace, Row
from trajectories.core.importers.plain_rows import read_conversation
from trajectories.core.problems import ProblemError, describe

ROLES = {
    **dict.fromkeys(("human", "user", "prompter"), "user"),
    **dict.fromkeys(("gpt", "assistant", "model", "chatgpt", "bot", "ai", "bing", "bard"), "assistant"),
    "system": "system",
    **dict.fromkeys(("tool", "observation", "function_response", "ipython"), "tool"),
    "function_call": "assistant",
}
"""Who speaks, by the words of these files."""
SPEAKER, SAID = ("from", "role"), ("value", "content", "text")


def is_shared(row: Row) -> bool:
    """Whether a row is of this shape."""
    return isinstance(row.get("conversations"), list)


def read_shared(row: Row) -> list[ForeignTrace]:
    """The trace of a conversation: what the model said last. Raises ProblemError."""
    turns: Any = row["conversations"]
    system = row.get("system")
    first = [{"role": "system", "content": system}] if isinstance(system, str) and system else []
    messages = [*first, *(_turn(turn, f"conversations[{index}]") for index, turn in enumerate(turns))]
    try:
        return read_conversation({**row, "messages": messages})
    except ProblemError as fault:
        raise ProblemError(_place(fault.path, len(first)), fault.detail) from fault


def _turn(turn: Any, path: str) -> Mapping[str, Any]:
    named = next((turn[key] for key in SPEAKER if key in turn), None) if isinstance(turn, Mapping) else None
    said = next((turn[key] for key in SAID if key in turn), None) if isinstance(turn, Mapping) else None
    role = ROLES.get(named.lower()) if isinstance(named, str) else None
    if role is None or not isinstance(said, str):
        found = f"the speaker {describe(named)}" if isinstance(turn, Mapping) else describe(turn)
        raise ProblemError(path, f'found {found}, expected "from" (human, gpt, system or tool) and "value" as text')
    beside = {key: value for key, value in turn.items() if key not in (*SPEAKER, *SAID)}
    return {**beside, "role": role, "content": said}


def _place(path: str, before: int) -> str:
    """A place in the messages as a place in the row."""
    head, _, rest = path.partition("]")
    at = head.removeprefix("messages[")
    if at.isdigit() and int(at) >= before:
        return f"conversations[{int(at) - before}]{rest}"
    return path.replace("messages", "conversations")
