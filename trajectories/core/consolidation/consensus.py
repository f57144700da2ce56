"""cons@k: how often the answer with most votes among k samples is right. Exact, without drawing samples."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ballot = tuple[tuple[int, bool], ...]
"""The votes of a problem: (samples that gave one answer, whether that answer is right) of each distinct answer."""

MOST_VOTERS = 64
"""The largest k for which it is worked out: the work grows with its square."""


@lru_cache(maxsize=65_536)
def cons_at_k(ballot: Ballot, silent: int, ks: tuple[int, ...]) -> tuple[float | None, ...]:
    """Chance that the commonest answer among k of the samples, drawn without replacement, is right, for each k.

    `silent` samples give no answer: they may be drawn and have no vote. Answers with equally many votes share the win,
    which is what drawing one of them by lot gives on average; k samples without any vote are not right. None where
    there are fewer than k samples. Raises ValueError where a k is not in 1..MOST_VOTERS.

    The chance is a sum over the votes m of each right answer: all others have at most m, and t of them exactly m, which
    counts 1 / (1 + t), the integral of s^t over [0, 1]. Gauss-Legendre quadrature of that polynomial is exact.
    """
    if not ks or not all(1 <= k <= MOST_VOTERS for k in ks):
        raise ValueError(f"cons@k: found k of {list(ks)}, expected 1 to {MOST_VOTERS}")
    samples = silent + sum(votes for votes, _ in ballot)
    top = min(max(ks), samples)
    if top == 0:
        return tuple(None for _ in ks)
    won = np.zeros(top + 1)
    for place, (votes, right) in enumerate(ballot):
        if right:
            others = [count for other, (count, _) in enumerate(ballot) if other != place]
            won += _wins(votes, others, silent, samples, top)
    ways = _choices(samples, samples, top)
    return tuple(float(min(1.0, won[k] / ways[k])) if k <= samples else None for k in ks)


def _wins(votes: int, others: Sequence[int], silent: int, samples: int, top: int) -> Floats:
    """The ways in which an answer wins, by the number of samples drawn, in the scale of `_choices`."""
    won = np.zeros(top + 1)
    own = _choices(votes, samples, top)
    for most in range(1, min(votes, top) + 1):
        rivals = [count for count in others if count >= most]
        outvoted = silent + sum(count for count in others if count < most)
        ties = min(len(rivals), top // most - 1)
        nodes, weights = _quadrature(ties // 2 + 1)
        rows = np.tile(_choices(outvoted, samples, top), (len(nodes), 1))
        for count in rivals:
            rows = _draw(rows, _choices(count, samples, top), most, nodes)
        won[most:] += own[most] * (weights @ rows)[: top + 1 - most]
    return won


def _quadrature(count: int) -> tuple[Floats, Floats]:
    """Nodes and weights on [0, 1], exact for polynomials up to degree 2 count - 1."""
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return (nodes + 1) / 2, weights / 2


def _choices(size: int, samples: int, top: int) -> Floats:
    """C(size, j) / samples^j for j = 0..top: the scale keeps the numbers of large populations within a float."""
    steps = (size - np.arange(top)) / (np.arange(1, top + 1) * samples)
    return np.concatenate(([1.0], np.cumprod(np.maximum(steps, 0.0))))


def _draw(rows: Floats, ways: Floats, most: int, nodes: Floats) -> Floats:
    """Let a rival take part: fewer than `most` votes of its own as they come, `most` votes once for each node."""
    length = rows.shape[1]
    drawn = np.empty_like(rows)
    if len(nodes) <= most:
        for place, row in enumerate(rows):
            drawn[place] = np.convolve(row, ways[:most])[:length]
    else:
        drawn[:] = rows
        for count in range(1, min(most, length)):
            drawn[:, count:] += ways[count] * rows[:, : length - count]
    if most < length:
        drawn[:, most:] += ways[most] * nodes[:, None] * rows[:, : length - most]
    return drawn
