"""ARC: are the grids that the trace states as its answer right? Runs no program."""

from collections.abc import Sequence

from trajectories.core.grids import Grid
from trajectories.core.records import JSON, Outcome, ProblemKind, ProblemRecord, TraceRecord, VerdictRecord
from trajectories.core.verifiers.arc_common import (
    PairJudgement,
    SpecError,
    judge_stated,
    pairs_verdict,
    plain_verdict,
    read_reference,
)
from trajectories.core.verifiers.base import Tools


class ArcAnswerVerifier:
    """Compares the stated grids with the reference answer."""

    name = "arc_answer"
    version = 1
    title = "Stated answer right"

    def applies_to(self, problem: ProblemRecord, trace: TraceRecord) -> bool:
        """ARC traces that state an answer."""
        return problem.kind is ProblemKind.ARC and trace.answer is not None

    def judge(self, problem: ProblemRecord, trace: TraceRecord, tools: Tools) -> VerdictRecord:  # noqa: ARG002
        """Compare each stated grid with the reference answer."""
        try:
            reference = read_reference(problem)
        except SpecError as fault:
            return plain_verdict(self, Outcome.ERROR, f"the problem cannot be judged by: {fault}")
        if not any(grid is not None for grid in reference):
            return plain_verdict(self, Outcome.UNSCORED, "the problem has no reference answer")
        return pairs_verdict(self, judge_stated_grids(trace, reference), "test output", None)


def judge_stated_grids(trace: TraceRecord, reference: Sequence[Grid | None]) -> list[PairJudgement]:
    """Hold the trace's answer against the reference, test input by test input.

    The answer is a list with one grid (or None) per test input; a single grid is taken where there is one test input.
    """
    stated = _one_per_input(trace.answer, len(reference))
    return [judge_stated(index, stated[index], grid) for index, grid in enumerate(reference)]


def _one_per_input(answer: JSON, count: int) -> list[JSON]:
    if not isinstance(answer, list | tuple):
        return [answer] * count
    if count == 1 and answer and all(isinstance(row, list | tuple) and _is_row(row) for row in answer):
        return [list(answer)]
    return [answer[index] if index < len(answer) else None for index in range(count)]


def _is_row(row: Sequence[JSON]) -> bool:
    return not any(isinstance(cell, list | tuple) for cell in row)
