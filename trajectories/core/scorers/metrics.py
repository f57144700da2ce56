"""How good probabilities are: whether they order (AUC), and whether they are true (Brier, calibration, log loss)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from trajectories.core.records import JSON

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]

BINS = 10
ROUNDS, LEAST_ROUNDS, ROUNDS_OF_ROWS = 500, 100, 2_000_000
"""Resamplings of the problems for the band of the AUC: fewer where there are very many rows, whose band is narrow."""
SMALLEST = 1e-6
"""Probabilities are held so far from 0 and 1 where their logarithm is taken."""


@dataclass(frozen=True, slots=True)
class Bin:
    """What was scored alike: the mean score, the share that is right, and how many there are."""

    score: float
    right: float
    count: int
    """How many there are."""


@dataclass(frozen=True, slots=True)
class Quality:
    """How good the scores of `count` examples of `problems` problems are, `right` of which are right.

    `auc` is the chance that a right one has a higher score than a wrong one, equal ones counting a half; `auc_low` and
    `auc_high` hold 95 % of its values over resampled problems. `auc_within` compares only examples of one problem,
    which is what a choice among samples rests on. Each is None where there is nothing to compare. `ece` is the mean
    distance between score and share of right ones over `bins` of equally many.
    """

    count: int
    right: int
    problems: int
    auc: float | None
    auc_low: float | None
    auc_high: float | None
    auc_within: float | None
    brier: float
    """The mean square of the distance between a score and 1 or 0 (Brier 1950)."""
    ece: float
    log_loss: float
    """The mean negative log-likelihood, in nats."""
    bins: tuple[Bin, ...]

    def as_json(self) -> dict[str, JSON]:
        """The stored form."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, JSON]) -> "Quality":
        """From the stored form."""
        return cls(**{**stored, "bins": tuple(Bin(**each) for each in stored["bins"])})


def measure(scores: Floats, right: Flags, groups: Ints, *, seed: int = 0) -> Quality | None:
    """The quality of scores in [0, 1]; `groups` are the problems. None where there are none."""
    if not len(scores):
        return None
    held = np.clip(scores, SMALLEST, 1 - SMALLEST)
    bins = reliability(scores, right)
    low, high = _band(scores, right, groups, seed)
    return Quality(
        count=len(scores),
        right=int(right.sum()),
        problems=len(np.unique(groups)),
        auc=auc(scores, right),
        auc_low=low,
        auc_high=high,
        auc_within=auc_within(scores, right, groups),
        brier=float(np.mean((scores - right) ** 2)),
        ece=sum(each.count * abs(each.score - each.right) for each in bins) / len(scores),
        log_loss=float(-np.mean(np.where(right, np.log(held), np.log(1 - held)))),
        bins=tuple(bins),
    )


def auc(scores: Floats, right: Flags) -> float | None:
    """The chance that a right one has the higher score; None where all are right, or none is."""
    good = int(right.sum())
    bad = len(right) - good
    if not good or not bad:
        return None
    return float((_ranks(scores)[right].sum() - good * (good + 1) / 2) / (good * bad))


def auc_within(scores: Floats, right: Flags, groups: Ints) -> float | None:
    """The same over all pairs of one problem; None where no problem has both."""
    won, pairs = 0.0, 0
    order = np.argsort(groups, kind="stable")
    starts = np.flatnonzero(np.diff(groups[order])) + 1
    for rows in np.split(order, starts):
        good = int(right[rows].sum())
        mine = good * (len(rows) - good)
        if mine:
            won += (auc(scores[rows], right[rows]) or 0.0) * mine
            pairs += mine
    return won / pairs if pairs else None


def reliability(scores: Floats, right: Flags, bins: int = BINS) -> list[Bin]:
    """Bins of equally many, lowest scores first. Equal scores are never parted, so that there may be fewer bins."""
    order = np.argsort(scores, kind="stable")
    ordered = scores[order]
    cuts = {0, len(scores)}
    for cut in (round(place * len(scores) / bins) for place in range(1, bins)):
        cuts.add(int(np.searchsorted(ordered, ordered[cut])) if cut < len(scores) else cut)
    edges = sorted(cuts)
    return [
        Bin(float(ordered[first:last].mean()), float(right[order[first:last]].mean()), last - first)
        for first, last in pairwise(edges)
    ]


def _ranks(scores: Floats) -> Floats:
    """Ranks from 1, the least first; equal ones share the mean of theirs."""
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    found: Floats = ((last - counts + 1 + last) / 2)[inverse]
    return found


def _band(scores: Floats, right: Flags, groups: Ints, seed: int) -> tuple[float | None, float | None]:
    """The band of the AUC by resampling problems; None where there is nothing to compare."""
    if auc(scores, right) is None:
        return None, None
    random = np.random.default_rng(seed)
    names, inverse = np.unique(groups, return_inverse=True)
    rows = np.split(np.argsort(inverse, kind="stable"), np.cumsum(np.bincount(inverse))[:-1])
    found = []
    for _ in range(max(LEAST_ROUNDS, min(ROUNDS, ROUNDS_OF_ROWS // len(scores)))):
        drawn = np.concatenate([rows[place] for place in random.integers(0, len(names), len(names))])
        value = auc(scores[drawn], right[drawn])
        if value is not None:
            found.append(value)
    if not found:
        return None, None
    low, high = np.percentile(found, [2.5, 97.5])
    return float(low), float(high)
