"""Rankings from comparisons of two: the model of Bradley and Terry (1952), by the library `choix`.

A tie is half a win for each. Things that no chain of comparisons connects cannot be held against each other, so every
connected group has a ranking of its own.
"""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

ALPHA = 0.1
"""The weight of the imagined even comparisons between all things of a group that keep who always won finite."""
ROUNDS = 200
"""Resamples of a bootstrap."""
LEVEL = 95

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Duel:
    """One comparison of `first` with `second`; `points` of the first: 1 for a win, 0 for a loss, 0.5 for a tie."""

    first: Hashable
    second: Hashable
    points: float


@dataclass(frozen=True, slots=True)
class Ranked:
    """The place of one thing in its group.

    `strength` is on the scale of logarithms of odds, 0 in the mean over the group: of two things whose strengths differ
    by 1, the stronger one wins 73 % of the comparisons. `low` and `high` bound it, None where the group is too small to
    resample. `duels` counts its comparisons, `points` what it won of them.
    """

    thing: Any
    strength: float
    low: float | None
    high: float | None
    duels: int
    points: float


def rank(duels: Sequence[Duel], *, rounds: int = ROUNDS, seed: int = 0) -> list[list[Ranked]]:
    """The ranking of each connected group, the largest group first, strongest first; equal ones in order of their name.

    A thing is never compared with itself: such comparisons, as between two traces of one sampler, count for nothing.
    """
    kept = [duel for duel in duels if duel.first != duel.second]
    groups = connected((duel.first, duel.second) for duel in kept)
    return [_rank_group(group, [duel for duel in kept if duel.first in group], rounds, seed) for group in groups]


def connected(edges: Iterable[tuple[Hashable, Hashable]]) -> list[set[Hashable]]:
    """The groups of things that chains of edges connect, the largest first, equal ones by their least name."""
    leader: dict[Hashable, Hashable] = {}

    def find(thing: Hashable) -> Hashable:
        leader.setdefault(thing, thing)
        while leader[thing] != thing:
            leader[thing] = leader[leader[thing]]
            thing = leader[thing]
        return thing

    for first, second in edges:
        leader[find(first)] = find(second)
    groups: dict[Hashable, set[Hashable]] = {}
    for thing in leader:
        groups.setdefault(find(thing), set()).add(thing)
    return sorted(groups.values(), key=lambda group: (-len(group), min(map(str, group))))


def _rank_group(group: set[Hashable], duels: Sequence[Duel], rounds: int, seed: int) -> list[Ranked]:
    things = sorted(group, key=str)
    number = {thing: index for index, thing in enumerate(things)}
    firsts, seconds = (np.array([number[getattr(duel, side)] for duel in duels]) for side in ("first", "second"))
    points = np.array([duel.points for duel in duels])

    def wins(weights: Floats) -> Floats:
        """Wins of row over column, (things x things)."""
        table = np.zeros((len(things), len(things)))
        np.add.at(table, (firsts, seconds), weights * points)
        np.add.at(table, (seconds, firsts), weights * (1 - points))
        return table

    whole = wins(np.ones(len(duels)))
    strengths = _strengths(whole)
    lows, highs = _bounds(wins, len(duels), strengths, rounds, seed)
    played = whole.sum(axis=1) + whole.sum(axis=0)
    ranked = [
        Ranked(thing, float(strengths[i]), lows[i], highs[i], round(played[i]), float(whole[i].sum()))
        for thing, i in number.items()
    ]
    return sorted(ranked, key=lambda each: (-round(each.strength, 9), str(each.thing)))


def _bounds(
    wins: Any, duels: int, strengths: Floats, rounds: int, seed: int
) -> tuple[list[float | None], list[float | None]]:
    """The bounds of each strength over resampled comparisons; None for all where there is one comparison only."""
    if duels < 2 or not rounds:
        nothing: list[float | None] = [None] * len(strengths)
        return nothing, nothing
    drawn = np.random.default_rng(seed).multinomial(duels, np.full(duels, 1 / duels), size=rounds)
    found = np.array([_strengths(wins(weights.astype(float)), strengths) for weights in drawn])
    low, high = np.percentile(found, [(100 - LEVEL) / 2, (100 + LEVEL) / 2], axis=0)
    return [float(each) for each in low], [float(each) for each in high]


def _strengths(wins: Floats, start: Floats | None = None) -> Floats:
    # It brings optimisers that take a second to import: who ranks nothing does not wait for it.
    import choix

    found = choix.ilsr_pairwise_dense(wins, alpha=ALPHA, initial_params=start, max_iter=1000)
    return np.asarray(found - found.mean())
