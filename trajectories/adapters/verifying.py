"""What verifiers may use on this machine: the sandbox, the scorers of procedural problems, the comparer of formulas."""

from django.conf import settings

from trajectories.adapters.expressions import shared_comparer
from trajectories.adapters.procedural.scorer import shared_scorer
from trajectories.adapters.sandbox import shared_engine
from trajectories.core.programs.engines import ProgramJob, ProgramRun
from trajectories.core.records import ProblemRecord
from trajectories.core.verifiers.expressions import MathComparison


class LocalTools:
    """The tools of core.verifiers.base.Tools. Each is a process that starts with its first use and is then shared."""

    def run_program(self, job: ProgramJob) -> ProgramRun:
        """Run a program in the sandbox."""
        return shared_engine(settings.PROGRAM_ENGINE, settings.PROGRAM_ENVIRONMENT).run(job)

    def score_answer(self, problem: ProblemRecord, answer: str) -> float:
        """Ask the family that made a procedural problem for the score of an answer, within its time limit."""
        return shared_scorer(settings.PROGRAM_ENGINE).score(problem, answer)

    def compare_expressions(self, expected: str, found: str) -> MathComparison:
        """Compare two formulas in a process of its own, within its limits."""
        return shared_comparer(settings.PROGRAM_ENGINE).compare(expected, found)
