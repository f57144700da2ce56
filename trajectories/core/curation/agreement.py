"""Agreement of several people who decided on the same items, with intervals.

Every coefficient depends on an item only by how many people put it into each category, so that items are counted by
that pattern first: a hundred thousand items are a handful of rows. The bootstrap resamples items, which is a draw of
the patterns' numbers from a multinomial distribution; no item is looked at again.

Sources: Cohen 1960; Fleiss 1971, for differing numbers of reviews as in Gwet 2014, section 2.5; Krippendorff 2004,
chapter 11 (nominal); Gwet 2008 (AC1). All are taken over the items that at least two people decided on.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import krippendorff
import numpy as np
from numpy.typing import NDArray

ROUNDS = 1_000
"""Resamples of a bootstrap."""
LEVEL = 95
"""Percent of the resamples that an interval holds."""
LEAST_DEFINED = 0.5
"""The share of resamples that must have a value for an interval to be given."""

NOTHING_SHARED = "No item was decided on by two people yet."
ONE_CLASS = "Everybody gave every item the same decision, so agreement cannot be told from chance."
UNANIMOUS = "Nobody disagreed on any item yet, so there is nothing to estimate the coefficient from."

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Coefficient:
    """A coefficient: its value and the bounds of its interval, None where undefined; `why` says why in a sentence.

    `n` is the number of items it rests on.
    """

    value: float | None
    low: float | None
    """Where its interval begins."""
    high: float | None
    """Where its interval ends."""
    n: int
    why: str = ""

    @property
    def is_defined(self) -> bool:
        """Whether there is a value."""
        return self.value is not None


@dataclass(frozen=True, slots=True, eq=False)
class Shared:
    """Items that at least two people decided on, by pattern.

    `counts` (patterns x categories) says how many people put such an item into each category, `items` (patterns) how
    many items are such. Categories that nobody used are left out.
    """

    counts: Floats
    items: Floats

    @classmethod
    def of(cls, patterns: Mapping[tuple[int, ...], int]) -> "Shared":
        """Items by their pattern, (people per category, ...); those that fewer than two people decided on drop out."""
        kept = [(pattern, items) for pattern, items in sorted(patterns.items()) if sum(pattern) > 1 and items]
        counts = np.array([pattern for pattern, _ in kept], dtype=float)
        items = np.array([number for _, number in kept], dtype=float)
        return cls(counts[:, counts.sum(axis=0) > 0] if kept else np.zeros((0, 0)), items)

    @property
    def n(self) -> int:
        """The number of items."""
        return int(self.items.sum())

    @property
    def fault(self) -> str:
        """Why no coefficient that corrects for chance is defined; "" where they are."""
        if not self.n:
            return NOTHING_SHARED
        if self.counts.shape[1] < 2:
            return ONE_CLASS
        return "" if np.any(self.counts.max(axis=1) < self.counts.sum(axis=1)) else UNANIMOUS


def percent_agreement(shared: Shared, *, rounds: int = ROUNDS, seed: int = 0) -> Coefficient:
    """The share of pairs of decisions on one item that are equal, in the mean over items, in [0, 1].

    A share needs no chance to compare with, so it is given for unanimous items too, without an interval.
    """
    if not shared.n:
        return Coefficient(None, None, None, 0, NOTHING_SHARED)
    value = float(_observed(shared.items[None], shared)[0])
    if shared.fault:
        return Coefficient(value, None, None, shared.n, shared.fault)
    return Coefficient(value, *_interval(_observed, shared, rounds, seed), shared.n)


def fleiss_kappa(shared: Shared, *, rounds: int = ROUNDS, seed: int = 0) -> Coefficient:
    """Fleiss' kappa, the number of reviews may differ from item to item."""
    return _figure(_fleiss, shared, rounds, seed)


def gwet_ac1(shared: Shared, *, rounds: int = ROUNDS, seed: int = 0) -> Coefficient:
    """Gwet's AC1: agreement beyond chance that stays meaningful where nearly everything gets one decision."""
    return _figure(_ac1, shared, rounds, seed)


def krippendorff_alpha(shared: Shared, *, rounds: int = ROUNDS, seed: int = 0) -> Coefficient:
    """Krippendorff's alpha for nominal categories; the value is that of the library `krippendorff`."""
    found = _figure(_alpha, shared, rounds, seed)
    if not found.is_defined:
        return found
    by_item = np.repeat(shared.counts.astype(int), shared.items.astype(int), axis=0)
    value = float(krippendorff.alpha(value_counts=by_item, level_of_measurement="nominal"))
    return Coefficient(value, found.low, found.high, found.n)


def cohen_kappa(table: Mapping[tuple[int, int], int], *, rounds: int = ROUNDS, seed: int = 0) -> Coefficient:
    """Cohen's kappa of two people: `table` holds items by (category of the first, category of the second)."""
    cells = [(cell, items) for cell, items in sorted(table.items()) if items]
    n = sum(items for _, items in cells)
    if not cells:
        return Coefficient(None, None, None, 0, NOTHING_SHARED)
    if len({category for cell, _ in cells for category in cell}) == 1:
        return Coefficient(None, None, None, n, ONE_CLASS)
    if all(first == second for (first, second), _ in cells):
        return Coefficient(None, None, None, n, UNANIMOUS)
    width = 1 + max(max(cell) for cell, _ in cells)
    firsts, seconds = (np.eye(width)[[cell[side] for cell, _ in cells]] for side in (0, 1))
    equal = (firsts * seconds).sum(axis=1)
    items = np.array([number for _, number in cells], dtype=float)

    def kappa(weights: Floats) -> Floats:
        total = weights.sum(axis=1)
        chance = ((weights @ firsts) * (weights @ seconds)).sum(axis=1) / total**2
        return _beyond_chance(weights @ equal / total, chance)

    value = float(kappa(items[None])[0])
    return Coefficient(value, *_bounds(kappa(_resampled(items, rounds, seed))), n)


def _figure(statistic: Callable[[Floats, Shared], Floats], shared: Shared, rounds: int, seed: int) -> Coefficient:
    if shared.fault:
        return Coefficient(None, None, None, shared.n, shared.fault)
    value = float(statistic(shared.items[None], shared)[0])
    return Coefficient(value, *_interval(statistic, shared, rounds, seed), shared.n)


def _interval(
    statistic: Callable[[Floats, Shared], Floats], shared: Shared, rounds: int, seed: int
) -> tuple[float | None, float | None]:
    return _bounds(statistic(_resampled(shared.items, rounds, seed), shared))


def _resampled(items: Floats, rounds: int, seed: int) -> Floats:
    """As many items drawn with replacement as there are, `rounds` times: (rounds x patterns) numbers of items."""
    total = int(items.sum())
    return np.random.default_rng(seed).multinomial(total, items / total, size=rounds).astype(float)


def _bounds(values: Floats) -> tuple[float | None, float | None]:
    """The bounds that hold LEVEL percent of the values that are defined; None where too few are."""
    defined = values[np.isfinite(values)]
    if len(defined) < LEAST_DEFINED * len(values):
        return None, None
    low, high = np.percentile(defined, [(100 - LEVEL) / 2, (100 + LEVEL) / 2])
    return float(low), float(high)


def _beyond_chance(observed: Floats, chance: Floats) -> Floats:
    """(observed - chance) / (1 - chance), not a number where chance alone agrees always (a resample of one class)."""
    room = np.where(chance < 1 - 1e-12, 1 - chance, np.nan)
    return np.asarray((observed - chance) / room)


# Each of these takes numbers of items by pattern (rounds x patterns) and gives one value a round.


def _observed(weights: Floats, shared: Shared) -> Floats:
    reviews = shared.counts.sum(axis=1)
    equal = (shared.counts * (shared.counts - 1)).sum(axis=1) / (reviews * (reviews - 1))
    return np.asarray(weights @ equal / weights.sum(axis=1))


def _squares(weights: Floats, shared: Shared) -> Floats:
    """The sum of the squared shares of the categories, each item's people together counting once."""
    shares = shared.counts / shared.counts.sum(axis=1, keepdims=True)
    return np.asarray((((weights @ shares) / weights.sum(axis=1, keepdims=True)) ** 2).sum(axis=1))


def _fleiss(weights: Floats, shared: Shared) -> Floats:
    return _beyond_chance(_observed(weights, shared), _squares(weights, shared))


def _ac1(weights: Floats, shared: Shared) -> Floats:
    chance = (1 - _squares(weights, shared)) / (shared.counts.shape[1] - 1)
    return _beyond_chance(_observed(weights, shared), chance)


def _alpha(weights: Floats, shared: Shared) -> Floats:
    reviews = shared.counts.sum(axis=1)
    equal = weights @ ((shared.counts * (shared.counts - 1)).sum(axis=1) / (reviews - 1))
    by_category = weights @ shared.counts
    total = by_category.sum(axis=1)
    expected = (total**2 - (by_category**2).sum(axis=1)) / (total - 1)
    return np.asarray(1 - (total - equal) / np.where(expected > 0, expected, np.nan))
