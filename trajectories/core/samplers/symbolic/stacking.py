"""Greedy stacking: layers are added while they cover new output cells and are never wrong where they newly paint."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAX_LAYERS = 5


@dataclass(frozen=True, slots=True)
class Choice:
    """Layer number `index`, painted by `table`, or as it is where that is None."""

    index: int
    table: tuple[tuple[int, int], ...] | None


@dataclass(frozen=True, slots=True)
class Stack:
    """Choices from the top down and the number of training cells left wrong; `wrong` 0 is a fit."""

    choices: tuple[Choice, ...]
    wrong: int


class Stacker:
    """Layers of one task as arrays. `flats`: one row of bytes per layer, all training outputs' cells in a row."""

    def __init__(self, flats: Sequence[bytes], costs: Sequence[float], target: bytes) -> None:
        cells = len(target)
        self.layers = np.frombuffer(b"".join(flats), dtype=np.uint8).reshape(len(flats), cells)
        self.target = np.frombuffer(target, dtype=np.uint8)
        self.costs = np.asarray(costs)
        self.codes = self.layers.astype(np.int64) * 10 + self.target + 100 * np.arange(len(flats))[:, None]

    def best(self, starts: int) -> list[Stack]:
        """Greedy stacks from the `starts` most promising top layers, and from the most promising bottom ones."""
        open_cells = np.ones(len(self.target), dtype=bool)
        ranked = self._rank(open_cells, starts)
        found = {}
        for choice, painted in ranked:
            stack = self._grow([choice], open_cells & ~painted)
            found[stack.choices] = stack
        return sorted(found.values(), key=lambda stack: (stack.wrong, sum(self._price(c) for c in stack.choices)))

    def _grow(self, choices: list[Choice], open_cells: NDArray[np.bool_]) -> Stack:
        while len(choices) < MAX_LAYERS and bool((open_cells & (self.target > 0)).any()):
            ranked = self._rank(open_cells, 1)
            if not ranked:
                break
            choice, painted = ranked[0]
            choices.append(choice)
            open_cells = open_cells & ~painted
        return Stack(tuple(choices), int((open_cells & (self.target > 0)).sum()))

    def _price(self, choice: Choice) -> float:
        extra = sum(0.3 + 0.2 * (a != b) for a, b in choice.table or ())
        return float(self.costs[choice.index]) + 0.7 + extra

    def _rank(self, open_cells: NDArray[np.bool_], limit: int) -> list[tuple[Choice, NDArray[np.bool_]]]:
        """The best layers for the open cells, with the cells each newly paints."""
        count = len(self.layers)
        wanted = int((open_cells & (self.target > 0)).sum())
        if not wanted:
            return []
        table = np.bincount(self.codes[:, open_cells].ravel(), minlength=100 * count).reshape(count, 10, 10)
        totals = table.sum(axis=2)
        best = table.argmax(axis=2)
        right = np.take_along_axis(table, best[:, :, None], axis=2)[:, :, 0]
        pure = (right == totals) & (totals > 0)
        same = best == np.arange(10)
        as_is = (pure & same | (totals == 0))[:, 1:].all(axis=1)
        gain_as_is = np.where(as_is, totals[:, 1:].sum(axis=1), 0)
        useful = pure & (best > 0)
        useful[:, 0] &= totals[:, 0] * 2 > 0
        gain_mapped = np.where(useful, totals, 0).sum(axis=1)
        entries = useful.sum(axis=1)
        price_as_is = self.costs + 0.7
        price_mapped = self.costs + 0.7 + 0.4 * entries
        value_as_is = gain_as_is / wanted - 0.03 * price_as_is
        value_mapped = gain_mapped / wanted - 0.03 * price_mapped
        value = np.where(gain_as_is > 0, value_as_is, -9.0)
        mapped = (gain_mapped > 0) & (value_mapped > value)
        value = np.where(mapped, value_mapped, value)
        order = np.argsort(-value, kind="stable")[:limit]
        return [self._choose(int(n), bool(mapped[n]), useful[n], best[n], open_cells) for n in order if value[n] > -9.0]

    def _choose(
        self, n: int, mapped: bool, useful: NDArray[np.bool_], best: NDArray[np.int64], open_cells: NDArray[np.bool_]
    ) -> tuple[Choice, NDArray[np.bool_]]:
        row = self.layers[n]
        if not mapped:
            return Choice(n, None), open_cells & (row > 0)
        colours = [int(a) for a in np.flatnonzero(useful)]
        painted = open_cells & np.isin(row, colours)
        return Choice(n, tuple((a, int(best[a])) for a in colours)), painted
