"""What k of n stored samples would have scored, problem by problem: exact where that is known, else by draws.

Each estimate is an array over problems, nan where it is not defined: fewer than k samples, or a value that the way of
choosing needs is known of none.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np

from trajectories.core.consolidation.ballots import CLOSE, Ballots, count_pairs, count_samples
from trajectories.core.consolidation.draws import CELLS, Draws, Orders
from trajectories.core.consolidation.stored import Answers, Stored
from trajectories.core.consolidation.ways.base import Drawn, Flags, Floats, Group, Ints, Value, Way, Weigh
from trajectories.core.consolidation.ways.weights import one_each


@dataclass(frozen=True, slots=True, eq=False)
class Estimates:
    """`values` (P) by problem. `draws` is the least number of draws of a problem, 0 where it is exact; `noise` (P) the
    variance of each value by the luck of the draws."""

    values: Floats
    draws: int = 0
    noise: Floats | None = None

    @property
    def error(self) -> float:
        """The standard error of the mean over problems by the luck of the draws; 0 where it is exact."""
        known = ~np.isnan(self.values)
        if self.noise is None or not known.any():
            return 0.0
        return float(np.sqrt(np.nansum(self.noise[known])) / np.count_nonzero(known))


def _log_ways(n: Ints, k: int) -> Floats:
    """The logarithm of n (n - 1) ... (n - k + 1); no n is below k."""
    factorials = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, int(n.max(initial=0)) + 1)))])
    found: Floats = factorials[n] - factorials[n - k]
    return found


def pass_at(stored: Stored, k: int) -> Estimates:
    """pass@k of every problem, see `metrics.pass_at_k`: also what an oracle scores that finds any right sample."""
    n, c = stored.sizes, stored.correct
    wrong = np.where(n - c >= k, n - c, k)
    with np.errstate(invalid="ignore"):
        missed = np.exp(_log_ways(wrong, k) - _log_ways(np.maximum(n, k), k))
    found = np.where(n - c >= k, 1.0 - missed, 1.0)
    # Rounding may leave less than nothing where no sample is right.
    found = np.where(c == 0, 0.0, found)
    return Estimates(np.where(n >= k, found, np.nan))


def any_of(stored: Stored) -> Estimates:
    """Whether any of all samples of each problem is right."""
    return Estimates((stored.correct > 0).astype(np.float64))


def every_at(orders: Orders, stored: Stored, way: Way) -> Estimates:
    """What a way of choosing scores with all samples of each problem, however many it has; exact."""
    values = np.full(len(stored.problems), np.nan)
    for size in np.unique(stored.sizes).tolist():
        mine = stored.sizes == size
        values[mine] = way_at(orders, stored, way, size, cells=1).values[mine]
    return Estimates(values)


def best_at(orders: Orders, stored: Stored, way: Way, k: int) -> Estimates:
    """The chance that the sample of greatest weight among k is right, equal weights by lot; exact.

    With n samples in order, the i-th (from 0) is the first of those drawn in C(n - 1 - i, k - 1) of C(n, k) draws.
    """
    good = orders.keep(way.name, lambda: _by_weight(stored, way))
    sizes = stored.sizes
    values = np.full(len(sizes), np.nan)
    for size in np.unique(sizes[sizes >= max(k, 1)]).tolist():
        mine = np.flatnonzero(sizes == size)
        behind = np.arange(size - 1, k - 2, -1)
        chances = k * np.exp(_log_ways(behind, k - 1) - _log_ways(np.array([size]), k))
        values[mine] = good[stored.starts[mine][:, None] + np.arange(len(chances))] @ chances
    return Estimates(np.where(_defined(orders, stored, way), values, np.nan))


def _by_weight(stored: Stored, way: Way) -> Floats:
    """Whether each sample is right, the heaviest of each problem first; among equal weights the share that is."""
    weights, problem = way.weigh(_everything(stored))[0], stored.problem_of
    order = np.lexsort((-weights, problem))
    begins = np.ones(len(order), dtype=bool)
    begins[1:] = (weights[order][1:] != weights[order][:-1]) | (problem[1:] != problem[:-1])
    level = np.cumsum(begins) - 1
    good: Floats = (np.bincount(level, weights=stored.right[order]) / np.bincount(level))[level]
    return good


def way_at(orders: Orders, stored: Stored, way: Way, k: int, *, cells: int = CELLS) -> Estimates:
    """What a way of choosing scores with k samples: exact for the best sample, else by draws from `orders`."""
    if way.group is Group.SAMPLE:
        return best_at(orders, stored, way, k)
    if way.group is not Group.OUTPUT:
        answers = stored.answers[way.group]
        return _by_draws(orders, stored, way, k, [(answers, np.ones(len(stored.problems)))], cells)
    if not stored.outputs:
        return Estimates(np.full(len(stored.problems), np.nan))
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [
            (answers, np.where(stored.asked > place, 1 / stored.asked, 0.0))
            for place, answers in enumerate(stored.outputs)
        ]
    found = _by_draws(orders, stored, way, k, parts, cells)
    return Estimates(np.where(stored.asked > 0, found.values, np.nan), found.draws, found.noise)


def _defined(orders: Orders, stored: Stored, way: Way) -> Flags:
    """Of which problems a sample has each value that the way needs."""
    found = np.ones(len(stored.problems), dtype=bool)
    for value in way.needs:
        found &= orders.keep(("knows", value), partial(stored.knows, value))
    return found


def defined(orders: Orders, stored: Stored, way: Way) -> bool:
    """Whether the way is defined for any problem."""
    asked = stored.asked > 0 if way.group is Group.OUTPUT else stored.sizes > 0
    return bool((_defined(orders, stored, way) & asked).any())


def _everything(stored: Stored) -> Drawn:
    """All samples in one row."""
    return Drawn(np.ones((1, len(stored.right)), bool), {name: each[None, :] for name, each in stored.values.items()})


def _by_draws(
    orders: Orders, stored: Stored, way: Way, k: int, parts: list[tuple[Answers, Floats]], cells: int
) -> Estimates:
    """The mean credit of the draws of each problem, summed over what is asked by the share of each part."""
    if k == 1:
        return _single(orders, stored, way, parts)
    draws = _draws(orders, k, cells)
    total = np.zeros(len(draws.problem))
    for answers, shares in parts:
        total += shares[draws.problem] * _credits(orders, stored, way, draws, answers, cells)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(draws.problem, total, len(stored.problems)) / draws.counts
        square = np.bincount(draws.problem, total**2, len(stored.problems)) / draws.counts
        noise = np.maximum(square - mean**2, 0.0) / np.maximum(draws.counts - 1, 1)
    whole = stored.sizes == k
    noise = np.where(whole, 0.0, noise)
    known = (draws.counts > 0) & _defined(orders, stored, way)
    exact = bool(whole[known].all())
    return Estimates(np.where(known, mean, np.nan), 0 if exact else draws.least, noise)


def _single(orders: Orders, stored: Stored, way: Way, parts: list[tuple[Answers, Floats]]) -> Estimates:
    """What one sample scores, whatever the way: the share of samples that are right. Exact."""
    total = np.zeros(len(stored.problems))
    for answers, shares in parts:
        total += shares * orders.keep(("right", id(answers.keys)), partial(_right_share, stored, answers))
    known = (stored.sizes > 0) & _defined(orders, stored, way)
    return Estimates(np.where(known, total, np.nan), 0, np.zeros(len(total)))


def _right_share(stored: Stored, answers: Answers) -> Floats:
    """The share of the samples of each problem whose answer is right (P)."""
    problem = stored.problem_of
    good = answers.right[answers.starts[problem] + np.maximum(answers.keys, 0)] & (answers.keys >= 0)
    found: Floats = np.bincount(problem, weights=good, minlength=len(stored.problems)) / np.maximum(stored.sizes, 1)
    return found


def _draws(orders: Orders, k: int, cells: int) -> Draws:
    return orders.keep(("draws", cells), lambda: orders.draw(k, cells=cells), k=k)


def _ballots(orders: Orders, draws: Draws, answers: Answers, cells: int) -> Ballots:
    """The ballots of all draws, from those of half as many samples where these were counted and each draw is a pair."""
    key = ("ballots", id(answers.keys), cells)

    def make() -> Ballots:
        below = orders.kept(key, k=draws.k // 2) if draws.pairs is not None else None
        return count_samples(draws, answers) if below is None else count_pairs(draws, answers, below)

    return orders.keep(key, make, k=draws.k)


def _credits(orders: Orders, stored: Stored, way: Way, draws: Draws, answers: Answers, cells: int) -> Floats:
    """What each draw scores: 1 where a right answer is handed in, a share of 1 where that is by lot.

    Most draws are told by the heaviest right and the heaviest wrong answer; only the others are looked at more closely.
    """
    ballots = _ballots(orders, draws, answers, cells)
    contest = ballots.contest
    found = contest.certain.copy()
    if not len(contest.draws):
        return found
    assert way.alone is not None

    def total(weigh: Weigh) -> Floats:
        return ballots.total(weigh.__name__, lambda: _each(orders, stored, weigh))

    sums = total(way.alone)
    right = np.maximum.reduceat(sums[contest.right], contest.right_begins)
    wrong = np.maximum.reduceat(sums[contest.wrong], contest.wrong_begins)
    won = wrong < right * (1 - CLOSE)
    found[contest.draws[won]] = 1.0
    behind = (wrong > right * (1 + CLOSE)) & (way.guesses == 1)
    if way.parts_equals:
        left = contest.draws[~won & ~behind]
        least, most = ballots.bounds(sums, left, way.guesses)
        found[left] = least
        left = left[least < most]
        found[left] = _weighed(stored, way, draws.some(left), answers)
        return found
    nobody = (right == 0) & (wrong == 0)
    left = contest.draws[~won & ~behind & ~nobody]
    found[left] = ballots.share_wins(sums, left, way.guesses)
    left = contest.draws[nobody]
    found[left] = ballots.share_wins(total(one_each), left, way.guesses)
    return found


def _weighed(stored: Stored, way: Way, draws: Draws, answers: Answers) -> Floats:
    """What draws in which right answers are given score by weights that depend on what else was drawn."""
    if not len(draws.problem):
        return np.zeros(0)
    samples, ballots = draws.samples, count_samples(draws, answers)
    values = {name: stored.values[name].take(samples) for name in _looked_at(way)}
    sums = ballots.add_up(way.weigh(Drawn(answers.keys.take(samples) >= 0, values)))
    return ballots.share_wins(sums, np.arange(len(draws.problem)), way.guesses)


def _each(orders: Orders, stored: Stored, weigh: Weigh) -> Floats:
    """The weight that every sample has by itself (N)."""
    return orders.keep(("alone", weigh.__name__), lambda: weigh(_everything(stored))[0])


def _looked_at(way: Way) -> tuple[Value, ...]:
    """The values that the weights of a way are made of: closeness beside the share of training pairs."""
    return (*way.needs, *((Value.CLOSENESS,) if Value.FITS in way.needs else ()))
