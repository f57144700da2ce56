"""ARC: is the output for every test input right, by the reference answer?"""

from dataclasses import replace

from trajectories.core.records import Outcome, ProblemKind, ProblemRecord, TraceRecord, VerdictRecord
from trajectories.core.verifiers.arc_answer import stated_verdict
from trajectories.core.verifiers.arc_common import (
    SpecError,
    check_call,
    pairs_verdict,
    plain_verdict,
    read_reference,
    read_test_inputs,
    read_train_pairs,
    run_on_all_inputs,
)
from trajectories.core.verifiers.base import Tools

NO_ANSWER = "the problem has no reference answer"


class ArcTestVerifier:
    """Verifies what the program gives for the test inputs or, in a trace without a program, the grids it states.

    The outputs are kept without a reference answer too: samples vote by them.
    """

    name = "arc_test"
    version = 3
    """1 ran no program where there was no reference answer; 2 failed programs on engines that are not quite Python."""

    title = "Test output"
    decides = True
    takes_reference = False

    def applies_to(self, problem: ProblemRecord, trace: TraceRecord) -> bool:  # noqa: ARG002
        """All ARC traces: without a reference they stay unscored, which is worth saying."""
        return problem.kind is ProblemKind.ARC

    def verify(self, problem: ProblemRecord, trace: TraceRecord, tools: Tools) -> VerdictRecord:
        """Compare each test output with the reference answer."""
        try:
            reference = read_reference(problem)
            unknown = all(grid is None for grid in reference)
            reference = reference or [None] * len(read_test_inputs(problem))
            if not trace.program.strip():
                return _without_answer(stated_verdict(self, problem, trace, reference), unknown=unknown)
            first = len(read_train_pairs(problem))
            run = run_on_all_inputs(problem, trace.program, tools)
        except SpecError as fault:
            return plain_verdict(self, Outcome.ERROR, f"nothing can be verified against the problem: {fault}")
        if len(run.calls) - first != len(reference):
            found = f"{len(reference)} reference answers for {len(run.calls) - first} test inputs"
            return plain_verdict(self, Outcome.ERROR, f"nothing can be verified against the problem: found {found}")
        verified = [check_call(index, run.calls[first + index], grid) for index, grid in enumerate(reference)]
        return _without_answer(pairs_verdict(self, verified, "test output", run), unknown=unknown)


def _without_answer(verdict: VerdictRecord, *, unknown: bool) -> VerdictRecord:
    return replace(verdict, message=NO_ANSWER) if unknown else verdict
