"""Difficulty by quintiles, binned on one half of the samples and measured on the other.

Binned and measured on the same samples, easy problems look easier and hard ones harder than they are: luck would count
twice. Snell et al. 2024 (arXiv 2408.03314, section 3.2) bin by pass@1 in the same way.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from trajectories.core.consolidation.metrics import pass_at_k

QUINTILES = 5


@dataclass(frozen=True, slots=True)
class Halves:
    """`problems` problems with the same counts: samples and right ones of the half that bins and of the other.

    `example` is the id of one of them.
    """

    binned: int
    """Samples of the half by which the problems are binned, of each problem."""
    binned_right: int
    """How many of these are right."""
    measured: int
    """Samples of the other half, of each problem."""
    measured_right: int
    """How many of these are right."""
    problems: int
    example: int


@dataclass(frozen=True, slots=True)
class Quintile:
    """A fifth of the problems; `values` are their mean pass@k by k on the other half, None where it is not defined.

    `problems` is a fifth of them all, and need not be whole; `share_binned` their mean pass@1 on the half that binned.
    """

    rank: int
    """Which fifth it is, from 1, the easiest."""
    problems: float
    share_binned: float
    values: tuple[float | None, ...]
    example: int
    """The id of one of its problems."""


def quintiles(halves: Sequence[Halves], ks: Sequence[int]) -> list[Quintile]:
    """The quintiles from the easiest to the hardest; none where there are fewer problems than quintiles.

    Problems that are equally hard and lie on the border of two quintiles count in both, by the share of them that lies
    on either side: the mean over all ways of breaking the tie. Problems without a sample in one of the halves are left
    out.
    """
    known = [each for each in halves if each.binned and each.measured]
    total = sum(each.problems for each in known)
    if total < QUINTILES:
        return []
    width = total / QUINTILES
    parts: list[list[tuple[float, Halves]]] = [[] for _ in range(QUINTILES)]
    start = 0.0
    for _, tied in groupby(sorted(known, key=_ease), key=lambda each: _ease(each)[0]):
        group = list(tied)
        size = sum(each.problems for each in group)
        for rank, part in enumerate(parts):
            share = (min(start + size, (rank + 1) * width) - max(start, rank * width)) / size
            part += [(share * each.problems, each) for each in group if share > 1e-12]
        start += size
    return [_measure(rank, part, ks) for rank, part in enumerate(parts, 1)]


def _ease(halves: Halves) -> tuple[float, int]:
    return -halves.binned_right / halves.binned, halves.example


def _measure(rank: int, part: Sequence[tuple[float, Halves]], ks: Sequence[int]) -> Quintile:
    size = sum(weight for weight, _ in part)
    values: list[float | None] = []
    for k in ks:
        found = [(weight, pass_at_k(each.measured, each.measured_right, k)) for weight, each in part]
        known = [(weight, value) for weight, value in found if value is not None]
        there = sum(weight for weight, _ in known)
        values.append(sum(weight * value for weight, value in known) / there if there else None)
    share = sum(weight * each.binned_right / each.binned for weight, each in part) / size
    return Quintile(rank, size, share, tuple(values), max(part, key=lambda each: each[0])[1].example)
