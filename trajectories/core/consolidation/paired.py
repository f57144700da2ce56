"""Two sources over the same problems: how sure a difference is."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

import numpy as np

from trajectories.core.consolidation.resampling import LEVEL

RESAMPLES = 10_000
DECIDED = 1e-9
"""How near to 0 or 1 a score counts as lost or won."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The mean difference over `problems`, the band that holds LEVEL of the means of resampled problems, and twice the
    smaller share of these means that lie on either side of 0 (`p`, at most 1). The band is None for fewer than two.
    """

    mean: float
    low: float | None
    """Where the band begins."""
    high: float | None
    """Where the band ends."""
    p: float | None
    problems: int


@dataclass(frozen=True, slots=True)
class Discordant:
    """Problems by who solves them: `won` by the first alone, `lost` by it alone; `both`, `neither`; `open` ones are
    decided by lot or by the luck of draws for one of them and do not count. `p` is McNemar's exact, two-sided.
    """

    won: int
    lost: int
    both: int
    neither: int
    open: int

    @property
    def p(self) -> float:
        """McNemar's exact test: the chance of a split that is at least as uneven, were both sides equally likely."""
        return mcnemar_exact(self.won, self.lost)


def mcnemar_exact(won: int, lost: int) -> float:
    """The two-sided exact p of a split of discordant pairs (McNemar 1947, by the binomial distribution); 1 for none."""
    pairs = won + lost
    tail = sum(comb(pairs, each) for each in range(min(won, lost) + 1))
    return min(1.0, float(2 * tail / 2**pairs))


def paired_bootstrap(
    first: Sequence[float], second: Sequence[float], *, seed: int = 0, resamples: int = RESAMPLES
) -> Difference:
    """The mean of first - second over problems, resampled in pairs (Efron & Tibshirani 1993; Koehn 2004).

    Raises ValueError where there are none, or not as many of each.
    """
    if len(first) != len(second) or not len(first):
        raise ValueError(f"paired bootstrap: found {len(first)} and {len(second)} scores, expected as many, at least 1")
    apart = np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64)
    mean, problems = float(apart.mean()), len(apart)
    if problems < 2:
        return Difference(mean, None, None, None, problems)
    generator = np.random.default_rng(seed)
    values, counts = np.unique(apart, return_counts=True)
    # Problems that differ alike are drawn alike: few numbers however many problems.
    drawn = generator.multinomial(problems, counts / problems, size=resamples)
    means = drawn @ values / problems
    tail = 100 * (1 - LEVEL) / 2
    low, high = (float(each) for each in np.percentile(means, [tail, 100 - tail]))
    p = min(1.0, 2 * float(min((means <= 0).mean(), (means >= 0).mean())))
    return Difference(mean, min(low, mean), max(high, mean), max(p, 1 / resamples), problems)


def discordant(first: Sequence[float], second: Sequence[float]) -> Discordant:
    """Count the problems by who wins them, of scores in [0, 1]."""
    kinds = [(_decided(one), _decided(other)) for one, other in zip(first, second, strict=True)]
    return Discordant(
        won=kinds.count((True, False)),
        lost=kinds.count((False, True)),
        both=kinds.count((True, True)),
        neither=kinds.count((False, False)),
        open=sum(None in pair for pair in kinds),
    )


def _decided(score: float) -> bool | None:
    return True if score >= 1 - DECIDED else False if score <= DECIDED else None
