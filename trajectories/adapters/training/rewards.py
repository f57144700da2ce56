"""Verifiable rewards: what the verifiers say of answers that a model gives while it is trained."""

from collections.abc import Mapping, Sequence

from trajectories.adapters.environments.scoring import ScoringError, score_reply
from trajectories.adapters.verifying import LocalTools
from trajectories.core.records import ProblemRecord


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
            reward = score_reply(problem, problem_hash, text, tools=LocalTools()).reward
        except ScoringError:
            self.open += 1
            return None
        self.right += reward == 1.0
        self.wrong += reward != 1.0
        return reward
