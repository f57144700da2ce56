"""cons@k: how often the answer with most votes among k samples is right. Worked out, without drawing samples.

Let each of n samples be drawn or left by a coin of its own. The votes of the answers are then independent, so that
chances multiply, and the draws of k samples are those in which k coins fell right. A contour integral picks them out:
the mean of E[win z^K] z^-k over N points z of the unit circle, where K is the number of samples drawn. It is exact for
N > n, and errs by no more than the chance of |K - k| >= N, for which Bernstein's inequality finds an N (`_points`).

The win is a sum over the votes m of a right answer: all others have at most m, and t of them exactly m, which counts
1 / (1 + t), the integral of s^t over [0, 1]. Gauss-Legendre quadrature of that polynomial is exact.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from trajectories.core.consolidation.votes import Ballot

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Complexes = NDArray[np.complex128]

MOST_VOTERS = 512
"""The largest k for which it is worked out. The bound of the error holds up to here."""
_RARE = 28.0
"""Numbers of samples rarer than exp(-_RARE), about 7e-13, may be taken for k."""
_NEGLIGIBLE = 1e-16
"""A number of votes that wins less often than this is left out."""
_CELLS = 20_000
"""Complex numbers in one table: small enough for the cache of a processor."""


@dataclass(frozen=True, slots=True)
class _Answers:
    """Answers of problems, a row each, most votes first, 0 votes behind. `alike` answers have as many `votes` each.

    `drawn[problem, column, j]` is the chance that j of the votes are drawn.
    """

    votes: Ints
    alike: Ints
    drawn: Floats

    def samples(self) -> Ints:
        """Samples of each problem that gave one of the answers."""
        total: Ints = (self.votes * self.alike).sum(axis=1)
        return total

    def draw(self, problems: Ints, coin: Floats, k: int) -> "_Answers":
        """Those of some of the problems, up to k votes drawn."""
        votes = self.votes[problems]
        return _Answers(votes, self.alike[problems], _binomial(votes, coin, k))

    def able(self, problem: Ints, most: Ints) -> NDArray[np.bool_]:
        """Whether the answers of a problem, in columns, can have `most` votes, for each pair of them."""
        return self.votes[problem] >= most[:, None]


@dataclass(frozen=True, slots=True)
class _Rows:
    """What is summed: a problem, the votes that win there, a node of the quadrature and its weight."""

    problem: Ints
    most: Ints
    node: Floats
    weight: Floats

    def some(self, rows: Ints | slice) -> "_Rows":
        """Some of them."""
        return _Rows(self.problem[rows], self.most[rows], self.node[rows], self.weight[rows])


class _Scratch:
    """Tables to write to, by name, that are used again: new memory from the system takes a third of the time."""

    def __init__(self) -> None:
        self._kept: dict[str, Complexes] = {}

    def table(self, name: str, *shape: int) -> Complexes:
        """A table with any content."""
        size = math.prod(shape)
        if name not in self._kept or self._kept[name].size < size:
            self._kept[name] = np.empty(size, np.complex128)
        return self._kept[name][:size].reshape(shape)

    def take(self, name: str, table: Complexes, rows: Ints) -> Complexes:
        """Rows of another table."""
        # No row is outside; "clip" keeps numpy from a copy that it makes to be able to raise.
        return np.take(table, rows, axis=0, out=self.table(name, len(rows), table.shape[1]), mode="clip")


@lru_cache(maxsize=16)
def cons_at_k(problems: tuple[tuple[Ballot, int], ...], ks: tuple[int, ...]) -> tuple[tuple[float | None, ...], ...]:
    """Chance that the commonest answer among k of the samples, drawn without replacement, is right, for each k.

    A problem is its ballot and the number of its samples that give no answer: they may be drawn and have no vote.
    Answers with equally many votes share the win, which is what drawing one of them by lot gives on average; k samples
    without any vote are not right. None where there are fewer than k samples. The error is below 1e-10. Raises
    ValueError where a k is not in 1..MOST_VOTERS.
    """
    if not ks or not all(1 <= k <= MOST_VOTERS for k in ks):
        raise ValueError(f"cons@k: found k of {list(ks)}, expected 1 to {MOST_VOTERS}")
    right, wrong = (_answers([ballot for ballot, _ in problems], kind) for kind in (True, False))
    silent = np.array([silent for _, silent in problems], dtype=np.int64)
    samples = silent + right.samples() + wrong.samples()
    found = np.full((len(problems), len(ks)), np.nan)
    scratch = _Scratch()
    for column, k in enumerate(ks):
        enough = np.flatnonzero(samples >= k)
        at_once = max(1, _CELLS // ((k + 1) * (_points(k) // 2 + 1)))
        for start in range(0, len(enough), at_once):
            some = enough[start : start + at_once]
            coin = k / (samples[some] + 1)  # k is then the commonest number of samples drawn, and no coin is certain
            won = _won(right.draw(some, coin, k), wrong.draw(some, coin, k), silent[some], coin, scratch)
            found[some, column] = np.clip(won / _binomial(samples[some, None], coin, k)[:, 0, k], 0.0, 1.0)
    # Digits after these are noise, and 0.5 is to stand in a table as 0.5.
    return tuple(tuple(None if np.isnan(each) else float(each) for each in row) for row in found.round(12))


def _answers(ballots: Sequence[Ballot], kind: bool) -> _Answers:
    """The right or the wrong answers of each ballot, nothing drawn."""
    counted = [Counter(votes for votes, right in each if right is kind) for each in ballots]
    groups = [sorted(each.items(), reverse=True) for each in counted]
    shape = (len(groups), max(map(len, groups), default=0))
    votes, alike = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    for place, group in enumerate(groups):
        for column, (count, answers) in enumerate(group):
            votes[place, column], alike[place, column] = count, answers
    return _Answers(votes, alike, np.zeros((*shape, 0)))


def _points(variance: float) -> int:
    """An odd N such that a sum of coins of this variance is N - 1 off its mean more rarely than 2 exp(-_RARE)."""
    third = _RARE / 3
    return 2 * int((third + (third**2 + 2 * _RARE * variance) ** 0.5) / 2 + 1) + 1


def _binomial(counts: Ints, coin: Floats, top: int) -> Floats:
    """The chance that j = 0..top of `counts` samples are drawn, in a last axis; a coin for each row of `counts`."""
    steps = np.arange(top)
    with np.errstate(divide="ignore"):
        ratios = np.log(np.maximum(counts[:, :, None] - steps, 0) / (steps + 1))
    chances = np.zeros((*counts.shape, top + 1))
    np.cumsum(ratios, axis=2, out=chances[:, :, 1:])
    chances += np.log(coin / (1 - coin))[:, None, None] * np.arange(top + 1)
    chances += (counts * np.log1p(-coin)[:, None])[:, :, None]
    return np.exp(chances, out=chances)


def _won(right: _Answers, wrong: _Answers, silent: Ints, coin: Floats, scratch: _Scratch) -> Floats:
    """The chance that k samples are drawn and a right answer wins, for each problem."""
    samples = silent + right.samples() + wrong.samples()
    k = right.drawn.shape[2] - 1
    size = _points(float((samples * coin * (1 - coin)).max()))
    circle = np.exp(2j * np.pi / size * np.arange(size))
    powers = circle[np.outer(np.arange(k + 1), np.arange(size // 2 + 1)) % size]
    rows = _rows(right, wrong)
    lost = _outvoted(right, wrong, silent, rows, np.log(1 - coin[:, None] * (1 - powers[1])), scratch)
    won = _vote(right, wrong, rows, lost, powers, scratch)
    # The points below the real axis mirror those above it.
    sides = powers[k].conj() * np.where(np.arange(powers.shape[1]) == 0, 1, 2) / size
    # By einsum: "@" starts threads, which cost three times what all the rest does.
    # An answer that wins was given the factor of the node, as all that have m votes, but does not tie with itself.
    shares = rows.weight / rows.node * np.einsum("ij,j->i", won, sides).real
    return np.bincount(rows.problem, weights=shares, minlength=len(silent)).astype(np.float64)


def _rows(right: _Answers, wrong: _Answers) -> _Rows:
    """Every number of votes by which a right answer may win, unless that is negligible, with each node."""
    bound = (right.alike[:, :, None] * right.drawn).sum(axis=1)
    bound *= np.cumsum(wrong.drawn, axis=2).min(axis=1, initial=1.0)
    problem, most = np.nonzero(bound[:, 1:] > _NEGLIGIBLE)
    most += 1
    # The rows in which most wrong answers take part come first, so that those of any wrong answer are the first ones.
    order = np.argsort(-wrong.able(problem, most).sum(axis=1), kind="stable")
    problem, most = problem[order], most[order]
    able = sum((each.able(problem, most) * each.alike[problem]).sum(axis=1) for each in (right, wrong))
    counts = np.minimum(able - 1, (bound.shape[1] - 1) // most - 1) // 2 + 1
    largest = int(counts.max(initial=0))
    rules = np.zeros((2, largest + 1, largest))
    for count in set(counts.tolist()):
        rules[:, count, :count] = _quadrature(count)
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    node, weight = rules[:, np.repeat(counts, counts), within]
    return _Rows(np.repeat(problem, counts), np.repeat(most, counts), node, weight)


def _outvoted(
    right: _Answers, wrong: _Answers, silent: Ints, rows: _Rows, sample: Complexes, scratch: _Scratch
) -> Complexes:
    """The factor of all samples that are silent or gave an answer with fewer votes than m, by the log of one's."""
    count = silent[rows.problem]
    for each in (right, wrong):
        count = count + (~each.able(rows.problem, rows.most) * (each.votes * each.alike)[rows.problem]).sum(axis=1)
    base = int(count.max(initial=0)) + 1
    pairs, which = np.unique(rows.problem * base + count, return_inverse=True)
    return scratch.take("lost", np.exp(sample[pairs // base] * (pairs % base)[:, None]), which)


def _vote(
    right: _Answers, wrong: _Answers, rows: _Rows, lost: Complexes, powers: Complexes, scratch: _Scratch
) -> Complexes:
    """Let every answer take part that can have m votes: what wins by m votes, at each point of the circle."""
    won = scratch.table("won", *lost.shape)
    won[:] = 0
    for column in range(right.votes.shape[1]):
        part = np.flatnonzero(right.votes[rows.problem, column] >= rows.most)
        level, factor = _take_part(right.drawn[:, column], rows.some(part), powers, scratch)
        answers = right.alike[rows.problem[part], column]
        more = np.flatnonzero(answers > 1)
        rest = factor[more] ** (answers[more, None] - 1)
        # The product rule: one right answer has the m votes that win, all others have at most m.
        level *= answers[:, None]
        level *= scratch.take("others", lost, part)
        level += np.multiply(factor, scratch.take("others", won, part), out=scratch.table("others", *factor.shape))
        level[more] *= rest
        factor[more] *= rest
        won[part] = level
        lost[part] *= factor
    for column in range(wrong.votes.shape[1]):
        first = slice(np.count_nonzero(wrong.votes[rows.problem, column] >= rows.most))
        _, factor = _take_part(wrong.drawn[:, column], rows.some(first), powers, scratch)
        answers = wrong.alike[rows.problem[first], column]
        more = np.flatnonzero(answers > 1)
        factor[more] **= answers[more, None]
        won[first] *= factor
    return won


def _take_part(drawn: Floats, rows: _Rows, powers: Complexes, scratch: _Scratch) -> tuple[Complexes, Complexes]:
    """The factors of an answer that has the m votes of each row, times the node, and of one that has m at most."""
    if not len(rows.problem):
        return powers[:0], powers[:0]
    there = np.bincount(rows.problem, minlength=len(drawn)) > 0
    length, width = int(rows.most.max()) + 1, powers.shape[1]
    terms = scratch.table("terms", int(np.count_nonzero(there)), length, width)
    np.multiply(drawn[there, :length, None], powers[:length], out=terms)
    at = (np.cumsum(there) - 1)[rows.problem] * length + rows.most
    level = scratch.take("level", terms.reshape(-1, width), at)
    level *= rows.node[:, None]
    np.cumsum(terms, axis=1, out=terms)
    factor = scratch.take("factor", terms.reshape(-1, width), at - 1)
    factor += level
    return level, factor


@lru_cache(maxsize=MOST_VOTERS)
def _quadrature(count: int) -> tuple[Floats, Floats]:
    """Nodes and weights on [0, 1], exact for polynomials up to degree 2 count - 1."""
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return (nodes + 1) / 2, weights / 2
