"""Verifiable rewards: what the verifiers say of answers that a model gives while it is trained."""

from collections.abc import Mapping, Sequence

from django.conf import settings

from trajectories.adapters.environments.scoring import ScoringError, score_reply
from trajectories.adapters.expressions import shared_comparer
from trajectories.adapters.procedural import shared_scorer
from trajectories.adapters.sandbox import shared_engine
from trajectories.core.programs.engines import ProgramJob, ProgramRun
from trajectories.core.records import ProblemRecord
from trajectories.core.verifiers.expressions import Comparison


class Rewards:
    """Verifies answers, and counts what came of them. `problems` are those asked, with their hashes, by key."""

    def __init__(self, problems: Mapping[str, tuple[ProblemRecord, str]]) -> None:
        self._problems = problems
        self.right = self.wrong = self.open = 0

    def of(self, keys: Sequence[str], texts: Sequence[str]) -> list[float | None]:
        """1.0 for a right answer, 0.0 for a wrong one, None where the verifiers leave it open: trl then takes the
        answer out of the group's mean and never counts it as wrong."""
        return [self._of(key, text) for key, text in zip(keys, texts, strict=True)]

    def _of(self, key: str, text: str) -> float | None:
        problem, problem_hash = self._problems[key]
        try:
            reward = score_reply(problem, problem_hash, text, tools=_SandboxTools()).reward
        except ScoringError:
            self.open += 1
            return None
        self.right += reward == 1.0
        self.wrong += reward != 1.0
        return reward


class _SandboxTools:
    """What verifiers need, as this worker has it: programs of models run in the sandbox."""

    def run_program(self, job: ProgramJob) -> ProgramRun:
        """Run in the sandbox."""
        return shared_engine(settings.PROGRAM_ENGINE, settings.PROGRAM_ENVIRONMENT).run(job)

    def score_answer(self, problem: ProblemRecord, answer: str) -> float:
        """Ask the family of a procedural problem."""
        return shared_scorer(settings.PROGRAM_ENGINE).score(problem, answer)

    def compare_expressions(self, expected: str, found: str) -> Comparison:
        """Compare in a process of its own."""
        return shared_comparer(settings.PROGRAM_ENGINE).compare(expected, found)
