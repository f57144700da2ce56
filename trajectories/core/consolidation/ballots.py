"""What the samples of many draws answer, with what each answer weighs: counted from samples, or added up from draws of
half as many."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

import numpy as np

from trajectories.core.consolidation.draws import Draws
from trajectories.core.consolidation.stored import Answers, Keys
from trajectories.core.consolidation.votes import DIGITS
from trajectories.core.consolidation.ways.base import Flags, Floats, Ints

CLOSE = 10.0**-DIGITS
_SPARSE = 2
"""Answers that could be given, to one that may be: where there are more, those that are given are found by sorting."""


@dataclass(frozen=True, slots=True, eq=False)
class Contest:
    """The draws that some give a right and some a wrong answer in: by which way one chooses matters in no other.

    `draws` are their places; `right` and `wrong` the cells of their answers, from `right_begins` and `wrong_begins` on.
    `certain` is what each draw scores by every way, 1 where all answers that are given are right, else 0 (all draws).
    """

    draws: Ints
    right: Ints
    right_begins: Ints
    wrong: Ints
    wrong_begins: Ints
    certain: Floats


@dataclass(slots=True, eq=False)
class Ballots:
    """Each draw has a cell for every answer that is given in it, from `begins` over `counts` (draws).

    `owner` is the draw of each cell, `keys` the number of its answer within the problem, `good` whether that is right
    (cells). `cells` says for every sample of the draws, or for every cell of the ballots `below`, to which cell its
    weight is added: one behind the last for none.
    """

    draws: Draws
    owner: Ints
    keys: Ints
    good: Flags
    begins: Ints
    counts: Ints
    cells: Ints
    below: "Ballots | None" = None
    _totals: dict[str, Floats] = field(default_factory=dict)
    _contest: Contest | None = None

    def total(self, name: str, weights: Callable[[], Floats]) -> Floats:
        """What each answer weighs (cells), by the weights of all stored samples, for which a name stands."""
        if name not in self._totals:
            below = self.below
            self._totals[name] = self.add_up(
                weights().take(self.draws.samples) if below is None else below.total(name, weights)
            )
        return self._totals[name]

    def add_up(self, weights: Floats) -> Floats:
        """The weights of the samples of the draws, or of the answers below, by cell."""
        size = len(self.keys)
        # numpy's stubs tell of whole numbers, which these are only without weights.
        return cast("Floats", np.bincount(self.cells, weights.ravel(), minlength=size + 1)[:size])

    @property
    def contest(self) -> Contest:
        """The draws in which right and wrong answers are given."""
        if self._contest is None:
            right = np.bincount(self.owner[self.good], minlength=len(self.begins))
            mine = (right > 0) & (right < self.counts)
            there = mine[self.owner]
            rights, wrongs = right[mine], (self.counts - right)[mine]
            self._contest = Contest(
                draws=np.flatnonzero(mine),
                right=np.flatnonzero(there & self.good),
                right_begins=np.cumsum(rights) - rights,
                wrong=np.flatnonzero(there & ~self.good),
                wrong_begins=np.cumsum(wrongs) - wrongs,
                certain=((right > 0) & (right == self.counts)).astype(np.float64),
            )
        return self._contest

    def share_wins(self, totals: Floats, chosen: Ints, guesses: int) -> Floats:
        """What the chosen draws score where their answers weigh so much; each has one at least."""
        cells, begins, counts = self._cells_of(chosen)
        return share_wins(totals[cells], self.good[cells], begins, counts, guesses)

    def bounds(self, totals: Floats, chosen: Ints, guesses: int) -> tuple[Floats, Floats]:
        """The least and the most that chosen draws may score, whichever way ties between answers are broken."""
        if not len(chosen):
            return np.zeros(0), np.zeros(0)
        cells, begins, counts = self._cells_of(chosen)
        mine = totals[cells]
        best = np.repeat(np.maximum.reduceat(np.where(self.good[cells], mine, 0.0), begins), counts)
        over = np.add.reduceat(mine > best * (1 + CLOSE), begins, dtype=np.int64)
        rest = np.add.reduceat(mine >= best * (1 - CLOSE), begins, dtype=np.int64)
        return (rest <= guesses).astype(np.float64), (over < guesses).astype(np.float64)

    def _cells_of(self, chosen: Ints) -> tuple[Ints, Ints, Ints]:
        """The cells of the chosen draws, one draw after the other, with where each begins and how many it has."""
        counts = self.counts[chosen]
        begins = np.cumsum(counts) - counts
        return np.repeat(self.begins[chosen] - begins, counts) + np.arange(int(counts.sum())), begins, counts


def count_samples(draws: Draws, answers: Answers) -> Ballots:
    """The ballots of draws, counted sample by sample."""
    keys = answers.keys.take(draws.samples)
    return _ballots(draws, answers, np.arange(len(draws.problem))[:, None], keys, None)


def count_pairs(draws: Draws, answers: Answers, below: Ballots) -> Ballots:
    """The ballots of draws that are pairs of the draws of `below`."""
    assert draws.pairs is not None
    pair_of = np.full(len(below.begins), -1)
    pair_of[draws.pairs] = np.arange(len(draws.problem))[:, None]
    pairs = pair_of[below.owner]
    alone = pairs < 0
    keys = np.where(alone, -1, below.keys) if alone.any() else below.keys
    return _ballots(draws, answers, pairs, keys, below)


def _ballots(draws: Draws, answers: Answers, owner: Ints, keys: Keys | Ints, below: Ballots | None) -> Ballots:
    """Gather what has the same key and the same owner, a draw; -1 is no vote."""
    possible = answers.counts[draws.problem]
    starts = np.cumsum(possible) - possible
    places, silent = (starts[owner] + keys).ravel(), (keys < 0).ravel()
    size = int(possible.sum())
    if silent.any():
        places[silent] = size
    if size <= _SPARSE * len(places):
        given = np.zeros(size + 1, bool)
        given[places] = True
        given[size] = False
        found = np.flatnonzero(given)
        number = np.cumsum(given) - 1
        number[size] = len(found)
        cells = number[places]
    else:
        found, cells = np.unique(places, return_inverse=True)
        found = found[found < size]
    ends = np.searchsorted(found, starts + possible)
    begins = np.concatenate([[0], ends[:-1]])
    counts = ends - begins
    draw = np.repeat(np.arange(len(counts)), counts)
    key = found - np.repeat(starts, counts)
    good = answers.right[np.repeat(answers.starts[draws.problem], counts) + key]
    return Ballots(draws, draw, key, good, begins, counts, cells, below)


def share_wins(totals: Floats, good: Flags, begins: Ints, counts: Ints, guesses: int) -> Floats:
    """`votes.credit` of many ballots at once: one lies from `begins` over `counts` of the weights in `totals`."""
    if not len(begins):
        return np.zeros(0)
    best = np.maximum.reduceat(np.where(good, totals, 0.0), begins)
    over = np.repeat(best * (1 + CLOSE), counts)
    level = (totals <= over) & (totals >= np.repeat(best * (1 - CLOSE), counts))
    left = guesses - np.add.reduceat(totals > over, begins)
    tied = np.add.reduceat(level, begins).astype(np.float64)
    right = np.add.reduceat(level & good, begins)
    missed = np.ones(len(begins))
    for place in range(guesses):
        taken = (place < left) & (place < tied)
        chance = np.maximum(0.0, tied - right - place) / np.maximum(tied - place, 1.0)
        missed = np.where(taken, missed * chance, missed)
    return np.where((best > 0) & (left > 0), 1.0 - missed, 0.0)
