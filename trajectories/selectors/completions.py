"""Traces in parts: what a model thought, what it said, and the tools it called."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from trajectories.core.completions.messages import Piece
from trajectories.core.completions.parts import parts_from_json
from trajectories.core.completions.recovering import mark_thinking, recover_parts
from trajectories.core.completions.replies import read_reply
from trajectories.core.completions.thoughts import Part, PartKind
from trajectories.core.prompts import storable_pieces
from trajectories.core.records import Step, StepKind
from trajectories.models import Trace

KINDS = frozenset(kind.value for kind in StepKind)


def parts_of(trace: Trace) -> tuple[Part, ...]:
    """The parts of a trace, which comes with its reasoning; one that was not split yet is split now."""
    if trace.parts is None:
        return found_parts(trace)
    return parts_from_json(trace.parts, trace.reasoning.body)


def found_parts(trace: Trace) -> tuple[Part, ...]:
    """The parts of a trace that is older than parts: by what came over the wire, where that was kept."""
    raw = "" if trace.raw_id is None or trace.raw is None else trace.raw.body
    return recover_parts(trace.reasoning.body, _pieces(raw, trace.facts), marked_steps(trace.steps))


def marked_steps(steps: Sequence[Mapping[str, Any]]) -> tuple[Step, ...]:
    """Stored steps; those that belong to the thoughts say so, also in a trace that is older than parts."""
    found = [
        Step(
            StepKind(step["kind"]) if step["kind"] in KINDS else StepKind.TEXT,
            str(step["title"]),
            str(step["body"]),
            int(step.get("depth") or 0),
            is_thinking=step.get("part") == PartKind.THINKING,
        )
        for step in steps
    ]
    return tuple(found) if any(step.is_thinking for step in found) else mark_thinking(found)


def _pieces(raw: str, facts: Mapping[str, Any]) -> tuple[Piece, ...] | None:
    """What a model sent: an agent's last message, or all of its messages where a limit ended it. None where it was not
    kept or cannot be read."""
    if not raw:
        return None
    try:
        value = json.loads(raw)
        if not isinstance(value, list):
            return storable_pieces(read_reply(raw).pieces)
        sent = [storable_pieces(read_reply(json.dumps(item, ensure_ascii=False)).pieces) for item in value]
    except (ValueError, RecursionError):
        return None
    if not facts.get("ended_by"):
        return sent[-1] if sent else None
    return tuple(piece for pieces in sent for piece in pieces if piece.kind is not PartKind.TOOL_CALL)
