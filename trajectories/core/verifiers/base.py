"""What a verifier is."""

from typing import Protocol

from trajectories.core.programs.engines import ProgramJob, ProgramRun
from trajectories.core.records import ProblemRecord, TraceRecord, VerdictRecord
from trajectories.core.verifiers.expressions import MathComparison


class Tools(Protocol):
    """What the outside world lends a verifier for one trace."""

    def run_program(self, job: ProgramJob) -> ProgramRun:
        """Run a program in the sandbox; equal jobs within one trace run once."""
        ...

    def score_answer(self, problem: ProblemRecord, answer: str) -> float:
        """The score that a procedural problem's own family gives an answer. Raises ProceduralError."""
        ...

    def compare_expressions(self, expected: str, found: str) -> MathComparison:
        """Compare two LaTeX expressions. Raises ExpressionError where that does not end in time."""
        ...


class Verifier(Protocol):
    """Verifies one trace of one problem. Total: any trace gets a verdict, never an exception.

    `decides` says that its verdict is what a trace's correctness rests on: at most one verifier that applies to a trace
    does; what the others say is shown beside. `takes_reference` says that the reference answer, stated as an answer,
    passes: problems whose reference does not are refused (reference_checks).
    """

    name: str
    version: int
    title: str
    decides: bool
    takes_reference: bool

    def applies_to(self, problem: ProblemRecord, trace: TraceRecord) -> bool:
        """Whether this verifier has a verdict on the trace."""
        ...

    def verify(self, problem: ProblemRecord, trace: TraceRecord, tools: Tools) -> VerdictRecord:
        """Verify; evidence is JSON and holds what a person needs to check the verdict."""
        ...
