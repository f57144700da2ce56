"""Greedy stacking: layers are added while they cover new output cells and are never wrong where they newly paint."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Mode = tuple[str, NDArray[np.int64], NDArray[np.bool_]]
"""A mode's name, the cells it gains by layer (0 where it would be wrong), and the colours its table lists."""

MAX_LAYERS = 5
AS_IS, RECOLOURED, BY_TABLE = "as is", "recoloured", "by table"
LAYER, ENTRY = 0.7, 0.4
"""Description length of one more layer, and of one entry in its table."""

PRICE = 0.03
"""How much of the cells still open a layer must cover to pay for one unit of its description length."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Layer number `index`: painted as it is, with the colours of `table` exchanged, or only the colours of `table`."""

    index: int
    mode: str
    table: tuple[tuple[int, int], ...]


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
        return float(self.costs[choice.index]) + LAYER + ENTRY * len(choice.table)

    def _rank(self, open_cells: NDArray[np.bool_], limit: int) -> list[tuple[Choice, NDArray[np.bool_]]]:
        """The best layers for the open cells, with the cells each newly paints."""
        wanted = int((open_cells & (self.target > 0)).sum())
        if not wanted:
            return []
        best, modes = self._modes(open_cells)
        values = np.stack(
            [
                np.where(gain > 0, gain / wanted - PRICE * (self.costs + LAYER + ENTRY * listed.sum(axis=1)), -np.inf)
                for _, gain, listed in modes
            ]
        )
        chosen, value = values.argmax(axis=0), values.max(axis=0)
        order = [int(n) for n in np.argsort(-value, kind="stable")[:limit] if value[n] > -np.inf]
        return [self._choose(n, modes[chosen[n]][0], modes[chosen[n]][2][n], best[n], open_cells) for n in order]

    def _modes(self, open_cells: NDArray[np.bool_]) -> tuple[NDArray[np.int64], list[Mode]]:
        """The output colour that most open cells of each layer's colour have, and what each mode would gain."""
        count = len(self.layers)
        table = np.bincount(self.codes[:, open_cells].ravel(), minlength=100 * count).reshape(count, 10, 10)
        totals, best = table.sum(axis=2), table.argmax(axis=2)
        right = np.take_along_axis(table, best[:, :, None], axis=2)[:, :, 0]
        pure = (right == totals) & (totals > 0)
        changed = pure & (best != np.arange(10))
        painting = pure & (best > 0)
        whole = (pure | (totals == 0))[:, 1:].all(axis=1)
        as_is = whole & ~changed[:, 1:].any(axis=1)
        gain = np.where(painting, totals, 0).sum(axis=1)
        return best, [
            (AS_IS, np.where(as_is, totals[:, 1:].sum(axis=1), 0), np.zeros_like(pure)),
            (RECOLOURED, np.where(whole, gain, 0), changed),
            (BY_TABLE, gain, painting),
        ]

    def _choose(
        self, n: int, mode: str, listed: NDArray[np.bool_], best: NDArray[np.int64], open_cells: NDArray[np.bool_]
    ) -> tuple[Choice, NDArray[np.bool_]]:
        colours = np.zeros(10, dtype=np.int64) if mode == BY_TABLE else np.arange(10)
        colours[listed] = best[listed]
        painted = open_cells & (colours[self.layers[n]] > 0)
        table = tuple((int(a), int(best[a])) for a in np.flatnonzero(listed))
        return Choice(n, mode, table), painted
