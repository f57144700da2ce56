"""Draws of k of the stored samples: each problem's samples in random orders, cut into stretches of k.

A stretch of a random order is a uniform draw without replacement; stretches of one order share no sample, so that their
mean is no less exact than that of independent draws. The orders depend on the seed alone: every k and every way of
choosing sees the same ones, and curves differ by what is chosen, not by luck. For k = 1 all samples are drawn once,
and where k is all there is, all of them: both are exact.

From LADDER on all stretches of the same orders are drawn, so that one of k is two of k / 2 side by side: what k / 2
samples vote need only be added up (see `ballots`).
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from trajectories.core.consolidation.stored import Stored
from trajectories.core.consolidation.ways.base import Flags, Ints

CELLS = 820_000
"""Samples looked at for one k, over all draws and problems."""
DRAWS = 16_000
"""Draws of one k below LADDER, over all problems: the standard error that they leave is at most 0.4 %."""
LADDER = 32
ORDER_CELLS = 3_300_000
"""Samples put in order, over all orders: at least two are made whatever their number, to tell their luck."""


Made = TypeVar("Made")


@dataclass(frozen=True, eq=False)
class Draws:
    """Draws of k samples: `problem` is whose each is, `begins` where it begins in `laid`, all orders in a row (draws).

    `counts` is how many each problem has (P). `pairs` are the places of the two draws of k / 2 that each is made of
    (draws, 2), None where it was not cut so.
    """

    k: int
    problem: Ints
    begins: Ints
    counts: Ints
    laid: NDArray[np.int32]
    pairs: Ints | None = None

    @cached_property
    def samples(self) -> Ints:
        """The places of the samples of each draw (draws, k)."""
        # Whatever is looked up by samples is found several times faster by whole machine words.
        return self.laid.take(self.begins[:, None] + np.arange(self.k)).astype(np.int64)

    @property
    def least(self) -> int:
        """The draws of the problem that has fewest."""
        drawn = self.counts[self.counts > 0]
        return int(drawn.min()) if len(drawn) else 0

    def some(self, chosen: Flags | Ints) -> "Draws":
        """Some of the draws, in their order."""
        problem = self.problem[chosen]
        counts = np.bincount(problem, minlength=len(self.counts))
        return replace(self, problem=problem, begins=self.begins[chosen], counts=counts, pairs=None)


class Orders:
    """Random orders of stored samples. They are made when they are first needed and kept: draws of every size are taken
    from the same orders.

    Not safe to use from several threads at once.
    """

    def __init__(self, stored: Stored, seed: int = 0) -> None:
        self._stored = stored
        self._generator = np.random.default_rng(seed)
        self._problem = stored.problem_of.astype(np.float64)
        self._made: list[NDArray[np.int32]] = []
        self._laid = np.zeros(0, np.int32)
        self._always: dict[Hashable, Any] = {}
        self._of_k: dict[int, dict[Hashable, Any]] = {}

    @property
    def nbytes(self) -> int:
        """The memory that the orders take."""
        return sum(each.nbytes for each in self._made) + self._laid.nbytes

    @property
    def most(self) -> int:
        """How many orders are made at most."""
        return max(2, ORDER_CELLS // max(1, len(self._problem)))

    def take(self, count: int) -> NDArray[np.int32]:
        """At least the first `count` orders, end to end."""
        size = len(self._problem)
        if len(self._laid) < count * size:
            while len(self._made) < count:
                lots = self._generator.random(size)
                self._made.append(np.argsort(self._problem + lots).astype(np.int32))
            self._laid = np.concatenate(self._made)
            # The orders are kept once, as parts of the whole.
            self._made = [self._laid[at : at + size] for at in range(0, len(self._laid), size)] if size else self._made
        return self._laid

    def keep(self, key: Hashable, make: Callable[[], Made], *, k: int | None = None) -> Made:
        """What was made before under the key, else what `make` makes; with `k` only until two other k are asked for."""
        if k is None:
            kept = self._always
        else:
            kept = self._of_k.pop(k, {})
            self._of_k[k] = kept
            while len(self._of_k) > 2:
                del self._of_k[next(iter(self._of_k))]
        if key not in kept:
            kept[key] = make()
        found: Made = kept[key]
        return found

    def kept(self, key: Hashable, *, k: int) -> Any:
        """What is kept of a k under the key, None where nothing is."""
        return self._of_k.get(k, {}).get(key)

    def forget(self) -> None:
        """Keep only the orders, and what belongs to no k."""
        self._of_k = {}

    def draw(self, k: int, *, cells: int = CELLS) -> Draws:
        """As many draws of k as the work allows, of problems that have k samples. Raises ValueError for a k below 1."""
        if k < 1:
            raise ValueError(f"draws: found k={k}, expected at least 1")
        sizes = self._stored.sizes
        stretches = sizes // k
        able = int(np.count_nonzero(stretches))
        if not able:
            empty = np.zeros(0, np.int64)
            return Draws(k, empty, empty, np.zeros(len(sizes), np.int64), self._laid)
        if k >= LADDER and cells == CELLS:
            return self._ladder(k)
        wanted = max(2, min(cells // (able * k), DRAWS // able))
        needed = 1 if k == 1 else min(-(-wanted // int(stretches[stretches > 0].min())), self.most)
        # What one order holds is all there is of single samples, and of whole problems.
        counts = np.minimum(wanted, stretches * needed)
        return self._cut(k, counts, stretches, needed)

    def _ladder(self, k: int) -> Draws:
        """All stretches of k within as many samples of as many orders as the work allows."""
        sizes = self._stored.sizes
        orders = min(max(2, CELLS // len(self._problem)), self.most)
        within = _window(len(sizes)) if orders * len(self._problem) > CELLS else int(sizes.max())
        of_order = np.minimum(sizes // k, max(1, within // k))
        found = self._cut(k, of_order * orders, of_order, orders)
        if k & (k - 1) or k // 2 < LADDER or within < k:
            return found
        half = np.minimum(sizes // (k // 2), within // (k // 2))
        halves = np.where(sizes == k // 2, 1, half * orders)
        number = np.arange(len(found.problem)) - np.repeat(np.cumsum(found.counts) - found.counts, found.counts)
        order, stretch = np.divmod(number, of_order[found.problem])
        first = (np.cumsum(halves) - halves)[found.problem] + order * half[found.problem] + 2 * stretch
        return replace(found, pairs=np.stack([first, first + 1], axis=1))

    def _cut(self, k: int, counts: Ints, stretches: Ints, orders: int) -> Draws:
        """So many draws of each problem, from so many stretches of each order."""
        sizes = self._stored.sizes
        counts = np.where(sizes == k, 1, counts)
        laid = self.take(orders)
        problem = np.repeat(np.arange(len(sizes)), counts)
        number = np.arange(len(problem)) - np.repeat(np.cumsum(counts) - counts, counts)
        order, stretch = np.divmod(number, stretches[problem])
        begins = order * len(self._problem) + self._stored.starts[problem] + stretch * k
        return Draws(k, problem, begins, counts, laid)


def _window(problems: int) -> int:
    """The samples of an order that are looked at where there are too many: a power of two, so that pairs fit in it."""
    return 1 << max(0, (CELLS // (2 * problems)).bit_length() - 1)
