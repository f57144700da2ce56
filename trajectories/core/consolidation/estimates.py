"""What k of n stored samples would have scored, problem by problem: exact where that is known, else by draws.

Each estimate is an array over problems, nan where it is not defined: fewer than k samples, or a value that the way of
choosing needs is known of none.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np

from trajectories.core.consolidation.draws import CELLS, Draws, Orders
from trajectories.core.consolidation.stored import Answers, Stored
from trajectories.core.consolidation.votes import DIGITS
from trajectories.core.consolidation.ways.base import Drawn, Flags, Floats, Group, Ints, Value, Way

_CLOSE = 10.0**-DIGITS


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


def _everything(stored: Stored) -> Drawn:
    """All samples in one row."""
    return Drawn(np.ones((1, len(stored.right)), bool), {name: each[None, :] for name, each in stored.values.items()})


def _by_draws(
    orders: Orders, stored: Stored, way: Way, k: int, parts: list[tuple[Answers, Floats]], cells: int
) -> Estimates:
    """The mean credit of the draws of each problem, summed over what is asked by the share of each part."""
    if k == 1:
        return _single(orders, stored, way, parts)
    most = max(int(answers.counts.sum()) for answers, _ in parts)
    draws = orders.keep(("draws", most, cells), lambda: orders.draw(k, answers=most, cells=cells), k=k)
    total = np.zeros(len(draws.problem))
    for answers, shares in parts:
        total += shares[draws.problem] * _credits(orders, stored, way, draws, answers)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(draws.problem, total, len(stored.problems)) / draws.counts
        square = np.bincount(draws.problem, total**2, len(stored.problems)) / draws.counts
        noise = np.maximum(square - mean**2, 0.0) / np.maximum(draws.counts - 1, 1)
    whole = stored.sizes == k
    noise = np.where(whole, 0.0, noise)
    defined = (draws.counts > 0) & _defined(orders, stored, way)
    exact = bool(whole[defined].all())
    return Estimates(np.where(defined, mean, np.nan), 0 if exact else draws.least, noise)


def _single(orders: Orders, stored: Stored, way: Way, parts: list[tuple[Answers, Floats]]) -> Estimates:
    """What one sample scores, whatever the way: the share of samples that are right. Exact."""
    problem = stored.problem_of
    total = np.zeros(len(stored.problems))
    for answers, shares in parts:
        good = answers.right[answers.starts[problem] + np.maximum(answers.keys, 0)] & (answers.keys >= 0)
        total += shares * np.bincount(problem, weights=good, minlength=len(total))
    with np.errstate(invalid="ignore", divide="ignore"):
        values = total / stored.sizes
    defined = (stored.sizes > 0) & _defined(orders, stored, way)
    return Estimates(np.where(defined, values, np.nan), 0, np.zeros(len(total)))


@dataclass(frozen=True, slots=True, eq=False)
class _Ballots:
    """What the samples of each draw answer, whatever they weigh: the same for all ways that tell answers apart alike.

    Each draw has a cell for every answer of its problem, from `begins` over `counts` (draws); `good` says of each cell
    whether its answer is right. `cells` (draws, k) is the cell of each sample, one behind the last for no vote.
    """

    voters: Flags
    cells: Ints
    good: Flags
    begins: Ints
    counts: Ints


def _ballots(draws: Draws, answers: Answers) -> _Ballots:
    keys = answers.keys.take(draws.samples)
    voters = keys >= 0
    counts = answers.counts[draws.problem]
    begins = np.cumsum(counts) - counts
    size = int(counts.sum())
    cells = begins[:, None] + keys
    if not voters.all():
        cells[~voters] = size
    good = answers.right[np.repeat(answers.starts[draws.problem] - begins, counts) + np.arange(size)]
    return _Ballots(voters, cells, good, begins, counts)


def _credits(orders: Orders, stored: Stored, way: Way, draws: Draws, answers: Answers) -> Floats:
    """What each draw scores: 1 where a right answer is handed in, a share of 1 where that is by lot."""
    k, drawn = draws.samples.shape[1], len(draws.problem)
    ballots = orders.keep(("ballots", id(answers.keys), drawn), lambda: _ballots(draws, answers), k=k)

    def value(name: Value) -> Floats:
        return orders.keep(("value", name, drawn), lambda: stored.values[name].take(draws.samples), k=k)

    def weigh() -> Floats:
        return way.weigh(Drawn(ballots.voters, {name: value(name) for name in _looked_at(way)}))

    # Ways that differ by their guesses alone have the same weights.
    weights = orders.keep((way.weigh, id(answers.keys), drawn), weigh, k=k)
    size = len(ballots.good)
    totals = np.bincount(ballots.cells.ravel(), weights.ravel(), minlength=size + 1)[:size].astype(np.float64)
    # An answer that nobody gives never wins, and most are given by nobody where k is small.
    given = totals > 0
    counts = np.add.reduceat(given, ballots.begins, dtype=np.int64) if drawn else ballots.counts
    there = counts > 0
    begins = np.cumsum(counts) - counts
    found = np.zeros(drawn)
    found[there] = share_wins(totals[given], ballots.good[given], begins[there], counts[there], way.guesses)
    return found


def _looked_at(way: Way) -> tuple[Value, ...]:
    """The values that the weights of a way are made of: closeness beside the share of training pairs."""
    return (*way.needs, *((Value.CLOSENESS,) if Value.FITS in way.needs else ()))


def share_wins(totals: Floats, good: Flags, begins: Ints, counts: Ints, guesses: int) -> Floats:
    """`votes.credit` of many ballots at once: one lies from `begins` over `counts` of the weights in `totals`."""
    if not len(begins):
        return np.zeros(0)
    best = np.maximum.reduceat(np.where(good, totals, 0.0), begins)
    over = np.repeat(best * (1 + _CLOSE), counts)
    level = (totals <= over) & (totals >= np.repeat(best * (1 - _CLOSE), counts))
    left = guesses - np.add.reduceat(totals > over, begins)
    tied = np.add.reduceat(level, begins).astype(np.float64)
    right = np.add.reduceat(level & good, begins)
    missed = np.ones(len(begins))
    for place in range(guesses):
        taken = (place < left) & (place < tied)
        chance = np.maximum(0.0, tied - right - place) / np.maximum(tied - place, 1.0)
        missed = np.where(taken, missed * chance, missed)
    return np.where((best > 0) & (left > 0), 1.0 - missed, 0.0)
