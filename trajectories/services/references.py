"""Checking a problem before it is imported: its reference answer has to pass its own verifier."""

from trajectories.adapters.expressions import shared_comparer
from trajectories.adapters.procedural import shared_source
from trajectories.core.problems import describe
from trajectories.core.programs import CallResult, CallStatus, ProgramJob, ProgramRun, fail_every_call
from trajectories.core.records import Outcome, ProblemRecord, TraceRecord
from trajectories.core.verifiers import VERIFIERS
from trajectories.core.verifiers.expressions import Comparison

CHECKED_BY = ("numeric", "choice", "text", "json", "procedural")
"""The verifiers that judge an answer itself. ARC grids are checked when they are read; a pattern or a set of unit tests
is no answer."""


class CheckTools:
    """What these verifiers may use: no programs run while something is imported."""

    def run_program(self, job: ProgramJob) -> ProgramRun:
        """Fail, as an engine that cannot run it."""
        return fail_every_call(job, "none", CallResult(CallStatus.UNSUPPORTED, message="no program runs here"))

    def score_answer(self, problem: ProblemRecord, answer: str) -> float:
        """The score of a procedural problem's own family."""
        return shared_source().score(problem, answer)

    def compare_expressions(self, expected: str, found: str) -> Comparison:
        """Compare in the process of its own."""
        return shared_comparer().compare(expected, found)


def reference_fault(problem: ProblemRecord) -> str:
    """Why the reference answer cannot be right by the problem's own verifier; empty where it is, or there is none."""
    if problem.reference is None:
        return ""
    answer = TraceRecord(answer=problem.reference, program="", text="")
    for name in CHECKED_BY:
        verifier = VERIFIERS.get(name)
        if verifier is None or not verifier.applies_to(problem, answer):
            continue
        verdict = verifier.judge(problem, answer, CheckTools())
        if verdict.outcome in (Outcome.FAIL, Outcome.ERROR):
            return f"found {describe(problem.reference)}, which its own verifier refuses: {verdict.message}"
    return ""
