"""Gates: whether a challenger is better than the champion on the same held-out problems."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import comb

import numpy as np

from trajectories.core.records import JSON

RESAMPLES = 10_000


class GateTest(StrEnum):
    """How champion and challenger are compared."""

    MCNEMAR = "mcnemar"
    BOOTSTRAP = "bootstrap"
    NONE = "none"


TESTS: Mapping[GateTest, str] = {
    GateTest.MCNEMAR: "Problems solved: exact McNemar",
    GateTest.BOOTSTRAP: "Right samples: paired bootstrap",
    GateTest.NONE: "No gate: every challenger goes on",
}
"""What each test compares, in words."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What a sampler made of one held-out problem: `right` of its `samples`."""

    problem: int
    samples: int
    right: int


@dataclass(frozen=True, slots=True)
class GateDecision:
    """What a gate says.

    `problems` were compared: those that both have samples of. `gained` were solved by the challenger alone, `lost` by
    the champion alone (ids). `difference` is the challenger's mean share of right samples less the champion's, over
    problems; `low` bounds it from below (one-sided) where the test is a bootstrap. `chance` is the p value of a test
    that has one: how likely so many gains, or more, were if neither were better.
    """

    promotes: bool
    test: GateTest
    level: float
    """The level of significance of the test, in (0, 1)."""
    problems: int
    gained: tuple[int, ...]
    lost: tuple[int, ...]
    difference: float
    low: float | None = None
    chance: float | None = None

    def as_json(self) -> dict[str, JSON]:
        """The decision as a generation keeps it."""
        return {
            "promotes": self.promotes,
            "test": self.test.value,
            "level": self.level,
            "problems": self.problems,
            "gained": list(self.gained),
            "lost": list(self.lost),
            "difference": self.difference,
            "low": self.low,
            "chance": self.chance,
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, JSON]) -> "GateDecision":
        """The decision that a generation has kept."""
        return cls(
            promotes=bool(kept["promotes"]),
            test=GateTest(str(kept["test"])),
            level=kept["level"],
            problems=kept["problems"],
            gained=tuple(kept["gained"]),
            lost=tuple(kept["lost"]),
            difference=kept["difference"],
            low=kept["low"],
            chance=kept["chance"],
        )

    @property
    def words(self) -> str:
        """The decision in one or two sentences."""
        if self.test is GateTest.NONE:
            return f"No gate was asked for: the challenger goes on. {self._compared}"
        said = "The challenger is promoted" if self.promotes else "The champion stays"
        if not self.problems:
            return f"{said}: no held-out problem has samples of both."
        if self.test is GateTest.MCNEMAR:
            relation = "below" if self.promotes else "not below"
            return f"{said}. {self._compared} Exact McNemar test: p = {self.chance:.3g}, {relation} {self.level:g}."
        bound = "above" if self.promotes else "not above"
        return (
            f"{said}. {self._compared} The share of right samples differs by {100 * self.difference:+.1f} points, with"
            f" {100 * (1 - self.level):g} % confidence by at least {100 * (self.low or 0.0):+.1f}: {bound} 0."
        )

    @property
    def _compared(self) -> str:
        gained, lost = len(self.gained), len(self.lost)
        return (
            f"Of {self.problems:,} held-out problems it solved {gained:,} that the champion did not, and missed"
            f" {lost:,} that the champion solved."
        )


def mcnemar_chance(gained: int, lost: int) -> float:
    """The one-sided exact p value of `gained` wins among the problems that exactly one of both solved (McNemar 1947).

    1 where no problem was solved by one alone.
    """
    differing = gained + lost
    ways = sum(comb(differing, many) for many in range(gained, differing + 1))
    return float(ways / 2**differing)


def lower_bound(differences: Sequence[float], level: float, *, seed: int = 0) -> float:
    """The quantile `level` of the means of resampled differences (percentile bootstrap over problems)."""
    generator = np.random.default_rng(seed)
    values = np.asarray(differences, dtype=np.float64)
    means = [float(values[generator.integers(len(values), size=len(values))].mean()) for _ in range(RESAMPLES)]
    return float(np.quantile(means, level))


def decide(
    champion: Sequence[Tried], challenger: Sequence[Tried], *, test: GateTest, level: float, seed: int = 0
) -> GateDecision:
    """Compare both on the problems that both have samples of. A problem is solved where any of its samples is right.

    The same samples and seed give the same decision. Without any problem in common nothing is promoted, but where no
    gate was asked for.
    """
    before = {each.problem: each for each in champion if each.samples}
    pairs = [(before[each.problem], each) for each in challenger if each.samples and each.problem in before]
    gained = tuple(sorted(new.problem for old, new in pairs if new.right and not old.right))
    lost = tuple(sorted(new.problem for old, new in pairs if old.right and not new.right))
    differences = [new.right / new.samples - old.right / old.samples for old, new in pairs]
    difference = sum(differences) / len(differences) if differences else 0.0
    low = chance = None
    promotes = test is GateTest.NONE
    if pairs and test is GateTest.MCNEMAR:
        chance = mcnemar_chance(len(gained), len(lost))
        promotes = chance < level
    elif pairs and test is GateTest.BOOTSTRAP:
        low = lower_bound(differences, level, seed=seed)
        promotes = low > 0
    return GateDecision(promotes, test, level, len(pairs), gained, lost, difference, low, chance)
