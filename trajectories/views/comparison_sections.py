"""What is shown of two traces that are compared: their problem, and of each what it says and nothing about it."""

from dataclasses import dataclass, replace
from typing import Any

from trajectories.core.problems.kinds import is_grids
from trajectories.core.records import ProblemRecord
from trajectories.models import ComparisonLease, Trace
from trajectories.selectors.traces import get_trace
from trajectories.views.shown.candidates import problem_parts
from trajectories.views.shown.steps import group_steps
from trajectories.views.trace_sections import Section, sections_of


@dataclass(frozen=True, slots=True)
class ComparedTrace:
    """One of the two: "A" or "B". `outputs` are its grids, for a task of grids; `sections` its text."""

    letter: str
    trace: Trace
    sections: list[Section]
    outputs: list[Any]
    is_grids: bool


def comparison_parts(lease: ComparisonLease, problem: ProblemRecord) -> dict[str, Any]:
    """The problem and both sides in the order drawn for the reader.

    Nothing here says which sampler, instruction or run a trace is from, what verifiers found, or what anybody said.
    """
    ids = (lease.first_id, lease.second_id)
    left, right = reversed(ids) if lease.swapped else ids
    return {
        # Neither the expected outputs nor the right choice: they would be a verdict.
        "problem": {**problem_parts(replace(problem, reference=None)), "tests": None},
        "problem_kind": lease.problem.kind,
        "sides": [_side("A", get_trace(left)), _side("B", get_trace(right))],
    }


def _side(letter: str, trace: Trace) -> ComparedTrace:
    has_grids = is_grids(trace.problem.kind)
    given = trace.given if has_grids and isinstance(trace.given, list) else []
    return ComparedTrace(
        letter, trace, sections_of(trace, group_steps(trace, whole=True, every=True)), given, has_grids
    )
