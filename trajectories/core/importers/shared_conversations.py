"""Conversations as ShareGPT and OpenThoughts have them: {"conversations": [{"from", "value"}], "system"?}."""

from collections.abc import Mapping
from typing import Any

from trajectories.core.importers.foreign_traces import ForeignTrace, Row
from trajectories.core.importers.plain_rows import read_conversation
from trajectories.core.importers.row_fields import SYSTEM
from trajectories.core.importers.speakers import ROLES, SAID, speaker_of, with_role
from trajectories.core.importers.trace_turns import listed
from trajectories.core.problems import ProblemError, describe

LISTS = ("conversations", "conversation")
"""Where a row has its turns."""


def is_shared(row: Row) -> bool:
    """Whether a row is of this shape."""
    return _list_of(row) != ""


def _list_of(row: Row) -> str:
    if isinstance(row.get("generation"), str):  # NeMo-Skills keeps the conversation with tools beside it
        return ""
    return next((name for name in LISTS if isinstance(listed(row.get(name)), list)), "")


def read_shared(row: Row) -> list[ForeignTrace]:
    """The trace of a conversation: what the model said last. Raises ProblemError."""
    name = _list_of(row)
    turns: Any = listed(row[name])
    system = next((row[name] for name in SYSTEM if isinstance(row.get(name), str) and row[name]), "")
    first = [{"role": "system", "content": system}] if system else []
    messages = [*first, *(_turn(turn, f"{name}[{index}]") for index, turn in enumerate(turns))]
    try:
        return read_conversation({**row, "messages": messages})
    except ProblemError as fault:
        raise ProblemError(_place(fault.path, len(first), name), fault.detail) from fault


def _turn(turn: Any, path: str) -> Any:
    named = speaker_of(turn) if isinstance(turn, Mapping) else None
    said = next((turn[key] for key in SAID if key in turn), None) if isinstance(turn, Mapping) else None
    known = isinstance(named, str) and named.lower() in ROLES
    if not known or not (isinstance(said, str | list) or turn.get("tool_calls")):
        found = f"the speaker {describe(named)}" if isinstance(turn, Mapping) else describe(turn)
        raise ProblemError(path, f'found {found}, expected "from" (human, gpt, system or tool) and "value" as text')
    return with_role(turn)


def _place(path: str, before: int, name: str) -> str:
    """A place in the messages as a place in the row."""
    head, _, rest = path.partition("]")
    at = head.removeprefix("messages[")
    if at.isdigit() and int(at) >= before:
        return f"{name}[{int(at) - before}]{rest}"
    return path.replace("messages", name)
