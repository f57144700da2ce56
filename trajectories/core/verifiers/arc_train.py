"""ARC: does the trace's program reproduce every training pair? Needs no reference answer."""

from trajectories.core.records import Outcome, ProblemKind, ProblemRecord, TraceRecord, VerdictRecord
from trajectories.core.verifiers.arc_common import (
    SpecError,
    check_call,
    pairs_verdict,
    plain_verdict,
    read_train_pairs,
    run_on_all_inputs,
)
from trajectories.core.verifiers.base import Tools


class ArcTrainVerifier:
    """Passes where all training pairs are reproduced; the score is the share that is."""

    name = "arc_train"
    version = 2  # 1 failed programs on engines that are not Python in every respect
    title = "Training pairs"
    decides = False
    takes_reference = False

    def applies_to(self, problem: ProblemRecord, trace: TraceRecord) -> bool:
        """ARC traces with a program."""
        return problem.kind is ProblemKind.ARC and bool(trace.program.strip())

    def verify(self, problem: ProblemRecord, trace: TraceRecord, tools: Tools) -> VerdictRecord:
        """Run the program on every training input and compare."""
        if not trace.program.strip():
            return plain_verdict(self, Outcome.UNSCORED, "the trace has no program")
        try:
            pairs = read_train_pairs(problem)
            run = run_on_all_inputs(problem, trace.program, tools)
        except SpecError as fault:
            return plain_verdict(self, Outcome.ERROR, f"nothing can be verified against the problem: {fault}")
        verified = [check_call(index, run.calls[index], output) for index, (_, output) in enumerate(pairs)]
        return pairs_verdict(self, verified, "training pair", run)
