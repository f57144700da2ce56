"""Whole conversations of models with their tools: what came first is the prompt, the model's work is its trace."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from trajectories.core.completions.messages import Piece, words_of
from trajectories.core.completions.thoughts import PartKind
from trajectories.core.importers.speakers import with_role
from trajectories.core.importers.trace_turns import Turns, check_pieces, left_out_of_message, read_said, read_turns
from trajectories.core.problems import ProblemError, describe
from trajectories.core.records import JSON

ASSISTANT = "assistant"
OTHERS = ("system", "user", "developer")
"""Who speaks besides the model and its tools."""


def read_transcript(messages: JSON, path: str, *, given: int | None = None) -> tuple[Turns, tuple[Piece, ...]]:
    """The prompt of a conversation, and what the model said and did after the last word of anybody else, the results of
    its tools among it. What is no text in either counts as left out of the prompt. Where so many messages are known to
    be `given`, what anybody else said behind the model's last is left out and counted: nobody answered it. Raises
    ProblemError, also where the model did nothing."""
    if not isinstance(messages, list):
        raise ProblemError(path, f"found {describe(messages)}, expected a list of messages")
    whole = [with_role(message) for message in messages]
    messages = whole if given is None else whole[: _answered(whole, given)]
    at = _begin(messages)
    asked = read_turns(messages[:at], path)
    pieces = check_pieces(_done(messages[at:], at, path), path)
    if not any(piece.kind is not PartKind.TOOL_RESULT for piece in pieces):
        raise ProblemError(path, "found nothing that the model said, expected its answer")
    lost = Counter(asked.left_out)
    for message in messages[at:]:
        lost.update(left_out_of_message(message))
    return replace(asked, left_out=dict(lost), unanswered=len(whole) - len(messages)), pieces


def _answered(messages: Sequence[Any], given: int) -> int:
    """How many messages there are up to the model's last, if it said anything behind those that were given."""
    end = len(messages)
    while end > given and isinstance(messages[end - 1], Mapping) and messages[end - 1].get("role") in OTHERS:
        end -= 1
    return end if end > given else len(messages)


def _begin(messages: Sequence[Any]) -> int:
    """Where the model's own work begins: after the last word of anybody but itself and its tools."""
    others = [at for at, each in enumerate(messages) if not isinstance(each, Mapping) or each.get("role") in OTHERS]
    return others[-1] + 1 if others else 0


def _done(messages: Sequence[Mapping[str, Any]], start: int, path: str) -> Iterator[Piece]:
    for at, message in enumerate(messages, start):
        if message.get("role") == ASSISTANT:
            yield from read_said(message, f"{path}[{at}]")
            continue
        if not isinstance(message.get("role"), str):
            raise ProblemError(f"{path}[{at}]", f"found {describe(message)}, expected a message with a role")
        yield Piece(PartKind.TOOL_RESULT, "", "tool_result", {"result": _result(message)})


def _result(message: Mapping[str, Any]) -> dict[str, JSON]:
    """What a tool gave back, or the words of its failure."""
    error = message.get("error")
    failed = words_of(error.get("message")) if isinstance(error, Mapping) else ""
    told = {
        "type": "tool_result",
        "tool_call_id": message.get("tool_call_id"),
        "content": words_of(message.get("content")) or failed,
    }
    name = next((message[key] for key in ("name", "function") if isinstance(message.get(key), str)), "")
    return {**told, **({"name": name} if name else {})}
