"""How far a judge's verdicts agree with what others decided on the same traces."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class JudgeAgreement:
    """Counts of traces by what both said: `both` for, `judge_only` for by the judge alone, `other_only`, `neither`."""

    both: int = 0
    judge_only: int = 0
    other_only: int = 0
    neither: int = 0

    @property
    def total(self) -> int:
        """Traces on which both are for or against."""
        return self.both + self.judge_only + self.other_only + self.neither

    @property
    def percent(self) -> int | None:
        """On how many in a hundred both say the same; None without any."""
        return round(100 * (self.both + self.neither) / self.total) if self.total else None

    @property
    def kappa(self) -> float | None:
        """Cohen's kappa (Cohen 1960): 1 for full agreement, 0 for what chance alone would give.

        None where it says nothing: without any trace, and where either side says the same of all. With one class only
        the formula gives 0 however well both agree.
        """
        judge, other = self.both + self.judge_only, self.both + self.other_only
        if not 0 < judge < self.total or not 0 < other < self.total:
            return None
        by_chance = (judge * other + (self.total - judge) * (self.total - other)) / self.total**2
        return ((self.both + self.neither) / self.total - by_chance) / (1 - by_chance)


def count_agreement(counts: Mapping[tuple[str, str], int], *, others_for: str, others_against: str) -> JudgeAgreement:
    """The agreement that counts by (outcome of the judge, outcome of the other) amount to. Counted are the judge's pass
    and fail against `others_for` and `others_against`; any other pair is left out."""
    return JudgeAgreement(
        both=counts.get(("pass", others_for), 0),
        judge_only=counts.get(("pass", others_against), 0),
        other_only=counts.get(("fail", others_for), 0),
        neither=counts.get(("fail", others_against), 0),
    )
