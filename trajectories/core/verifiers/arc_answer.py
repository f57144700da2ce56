"""ARC: are the grids that the trace states as its answer right? Runs no program."""

import json
from collections.abc import Sequence
from dataclasses import replace

from trajectories.core.problems.grids import Grid
from trajectories.core.records import JSON, Outcome, ProblemKind, ProblemRecord, TraceRecord, VerdictRecord
from trajectories.core.verifiers.answers import find_answer
from trajectories.core.verifiers.arc_common import (
    SpecError,
    check_stated,
    pairs_verdict,
    plain_verdict,
    read_reference,
)
from trajectories.core.verifiers.base import Tools, Verifier


class ArcAnswerVerifier:
    """Compares the stated grids with the reference answer."""

    name = "arc_answer"
    version = 1
    title = "Stated answer"
    decides = False
    takes_reference = True

    def applies_to(self, problem: ProblemRecord, trace: TraceRecord) -> bool:
        """ARC traces that state an answer, or have no program and so must state one."""
        return problem.kind is ProblemKind.ARC and (trace.answer is not None or not trace.program.strip())

    def verify(self, problem: ProblemRecord, trace: TraceRecord, tools: Tools) -> VerdictRecord:  # noqa: ARG002
        """Compare each stated grid with the reference answer."""
        try:
            reference = read_reference(problem)
        except SpecError as fault:
            return plain_verdict(self, Outcome.ERROR, f"nothing can be verified against the problem: {fault}")
        if not any(grid is not None for grid in reference):
            return plain_verdict(self, Outcome.UNSCORED, "the problem has no reference answer")
        return stated_verdict(self, problem, trace, reference)


def stated_verdict(
    verifier: Verifier, problem: ProblemRecord, trace: TraceRecord, reference: Sequence[Grid | None]
) -> VerdictRecord:
    """Hold the trace's answer against the reference, test input by test input.

    The answer is a list with one grid (or None) per test input; a single grid is taken where there is one test input.
    Where the sampler states none, it is looked for in the text.
    """
    found = find_answer(problem, trace)
    stated = _one_per_input(None if found is None else _parsed(found.value), len(reference))
    verified = [check_stated(index, stated[index], grid) for index, grid in enumerate(reference)]
    verdict = pairs_verdict(verifier, verified, "test output", None)
    message = "no answer found" if found is None and verdict.outcome is Outcome.FAIL else verdict.message
    shown = None if found is None else replace(found.as_evidence(), answer=None).to_json()
    return replace(verdict, message=message, evidence={**verdict.evidence, "found": shown})


def _parsed(value: JSON) -> JSON:
    """A value marked as the answer in a text is JSON there; what is none stays text, which is no grid."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _one_per_input(answer: JSON, count: int) -> list[JSON]:
    if not isinstance(answer, list | tuple):
        return [answer] * count
    if count == 1 and answer and all(isinstance(row, list | tuple) and _is_row(row) for row in answer):
        return [list(answer)]
    return [answer[index] if index < len(answer) else None for index in range(count)]


def _is_row(row: Sequence[JSON]) -> bool:
    return not any(isinstance(cell, list | tuple) for cell in row)
