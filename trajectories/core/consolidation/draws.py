"""Draws of k of the stored samples: each problem's samples in random orders, cut into stretches of k.

A stretch of a random order is a uniform draw without replacement; stretches of one order share no sample, so that their
mean is no less exact than that of independent draws. The orders depend on the seed alone: every k and every way of
choosing sees the same ones, and curves differ by what is chosen, not by luck. For k = 1 all samples are drawn once,
and where k is all there is, all of them: both are exact.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from trajectories.core.consolidation.stored import Stored
from trajectories.core.consolidation.ways.base import Ints

CELLS = 800_000
"""Samples looked at for one k, over all draws and problems."""
ORDER_CELLS = 3_300_000
"""Samples put in order, over all orders: at least two are made whatever their number, to tell their luck."""


Made = TypeVar("Made")


@dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """`samples` are the places of the k samples of each draw (draws, k), `problem` whose they are (draws)."""

    samples: Ints
    problem: Ints
    counts: Ints

    @property
    def least(self) -> int:
        """The draws of the problem that has fewest."""
        drawn = self.counts[self.counts > 0]
        return int(drawn.min()) if len(drawn) else 0


class Orders:
    """Random orders of stored samples, made when they are first needed and kept: another k draws from the same ones.

    For one thread at a time: what is drawn depends on how many orders were made before.
    """

    def __init__(self, stored: Stored, seed: int = 0) -> None:
        self._stored = stored
        self._generator = np.random.default_rng(seed)
        self._problem = stored.problem_of.astype(np.float64)
        self._made: list[NDArray[np.int32]] = []
        self._always: dict[Hashable, Any] = {}
        self._of_k: dict[Hashable, Any] = {}
        self._k = 0

    @property
    def nbytes(self) -> int:
        """The memory that the orders take."""
        return sum(each.nbytes for each in self._made)

    @property
    def most(self) -> int:
        """How many orders are made at most."""
        return max(2, ORDER_CELLS // max(1, len(self._problem)))

    def take(self, count: int) -> NDArray[np.int32]:
        """The first `count` orders (count, N)."""
        while len(self._made) < count:
            lots = self._generator.random(len(self._problem))
            self._made.append(np.argsort(self._problem + lots).astype(np.int32))
        return np.stack(self._made[:count])

    def keep(self, key: Hashable, make: Callable[[], Made], *, k: int | None = None) -> Made:
        """What was made before under the key, else what `make` makes; with `k` only until another k is asked for."""
        if k is not None and k != self._k:
            self._of_k, self._k = {}, k
        kept, name = self._always if k is None else self._of_k, (k, key)
        if name not in kept:
            kept[name] = make()
        found: Made = kept[name]
        return found

    def draw(self, k: int, *, answers: int = 0, cells: int = CELLS) -> Draws:
        """As many draws of k as the work allows, of the problems that have k samples.

        `answers` is the number of distinct answers of all problems, over which the votes of a draw are counted. Raises
        ValueError for a k below 1.
        """
        if k < 1:
            raise ValueError(f"draws: found k={k}, expected at least 1")
        sizes = self._stored.sizes
        stretches = sizes // k
        able = int(np.count_nonzero(stretches))
        if not able:
            return Draws(np.zeros((0, k), np.int64), np.zeros(0, np.int64), np.zeros(len(sizes), np.int64))
        wanted = max(1, cells // max(able * k, answers))
        needed = 1 if k == 1 else -(-wanted // int(stretches[stretches > 0].min()))
        orders = self.take(min(needed, self.most))
        # What one order holds is all there is of single samples, and of whole problems.
        counts = np.minimum(wanted, stretches * (1 if k == 1 else len(orders)))
        counts[sizes == k] = 1
        problem = np.repeat(np.arange(len(sizes)), counts)
        number = np.arange(len(problem)) - np.repeat(np.cumsum(counts) - counts, counts)
        order, stretch = np.divmod(number, stretches[problem])
        begins = order * len(self._problem) + self._stored.starts[problem] + stretch * k
        # Whatever is looked up by samples is found several times faster by whole machine words.
        samples = orders.reshape(-1).take(begins[:, None] + np.arange(k)).astype(np.int64)
        return Draws(samples, problem, counts)
