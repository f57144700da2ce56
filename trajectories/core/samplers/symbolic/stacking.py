"""Greedy stacking: layers are added while they cover new output cells and are never wrong where they newly paint."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Cells = NDArray[np.bool_]
Mode = tuple[str, Counts, Cells]
"""A mode's name, the cells it gains by look (0 where it would be wrong), and the colours its table lists by look."""

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
    """Layers of one task as arrays. `flats`: one row of bytes per layer, all training outputs' cells in a row.

    Layers that look alike on the training pairs are counted once. What a stack leaves open is counted from what was
    open before it grew: by the cells that were painted, or those that are left, whichever are fewer.
    """

    def __init__(self, flats: Sequence[bytes], costs: Sequence[float], target: bytes) -> None:
        looks: dict[bytes, int] = {}
        self.look = np.array([looks.setdefault(flat, len(looks)) for flat in flats], dtype=np.int64)
        """The row of `layers` of each layer."""
        self.layers = np.frombuffer(b"".join(looks), dtype=np.uint8).reshape(len(looks), len(target))
        self.target = np.frombuffer(target, dtype=np.uint8)
        self.costs = np.asarray(costs)
        self.colours, numbers = np.unique(self.target, return_inverse=True)
        """The colours of the output, in the order of the first axis of all counts."""
        own = numbers[:, None] * (10 * len(looks)) + np.arange(len(looks))[None, :]
        self.codes = self.layers.T * np.int64(len(looks)) + own
        """For each cell and look: the output's colour, the look's and the look, as one number."""
        self._all = self._count(np.ones(len(target), dtype=bool))

    def best(self, starts: int) -> list[Stack]:
        """Greedy stacks from the `starts` most promising top layers, and from the most promising bottom ones."""
        open_cells = np.ones(len(self.target), dtype=bool)
        found = {}
        for choice, painted in self._rank(open_cells, self._all, starts):
            stack = self._grow([choice], open_cells & ~painted, self._without(self._all, open_cells, painted))
            found[stack.choices] = stack
        return sorted(found.values(), key=lambda stack: (stack.wrong, sum(self._price(c) for c in stack.choices)))

    def _grow(self, choices: list[Choice], open_cells: Cells, counts: Counts) -> Stack:
        while len(choices) < MAX_LAYERS and bool((open_cells & (self.target > 0)).any()):
            ranked = self._rank(open_cells, counts, 1)
            if not ranked:
                break
            choice, painted = ranked[0]
            choices.append(choice)
            counts = self._without(counts, open_cells, painted)
            open_cells = open_cells & ~painted
        return Stack(tuple(choices), int((open_cells & (self.target > 0)).sum()))

    def _price(self, choice: Choice) -> float:
        return float(self.costs[choice.index]) + LAYER + ENTRY * len(choice.table)

    def _count(self, cells: Cells) -> Counts:
        """By the output's colour and the look's, how many of the cells each look has."""
        shape = (len(self.colours), 10, len(self.layers))
        return np.bincount(self.codes[np.flatnonzero(cells)].ravel(), minlength=math.prod(shape)).reshape(shape)

    def _without(self, counts: Counts, open_cells: Cells, painted: Cells) -> Counts:
        """The counts of the open cells once some of them are painted."""
        left = open_cells & ~painted
        if int(painted.sum()) < int(left.sum()):
            return counts - self._count(painted)
        return self._count(left)

    def _rank(self, open_cells: Cells, counts: Counts, limit: int) -> list[tuple[Choice, Cells]]:
        """The best layers for the open cells, with the cells each newly paints."""
        wanted = int((open_cells & (self.target > 0)).sum())
        if not wanted:
            return []
        modes = self._modes(counts)
        values = np.stack(
            [
                np.where(
                    gain > 0,
                    gain / wanted - PRICE * (self.costs + LAYER + ENTRY * listed.sum(axis=0)[self.look]),
                    -np.inf,
                )
                for gain, listed in ((gain[self.look], listed) for _, gain, listed in modes)
            ]
        )
        chosen, value = values.argmax(axis=0), values.max(axis=0)
        order = [int(value.argmax())] if limit == 1 else np.argsort(-value, kind="stable")[:limit].tolist()
        return [
            self._choose(n, modes[chosen[n]][0], modes[chosen[n]][2][:, self.look[n]], counts, open_cells)
            for n in order
            if value[n] > -np.inf
        ]

    def _modes(self, counts: Counts) -> list[Mode]:
        """What each mode would gain with each look, and the colours it would exchange."""
        totals = counts.sum(axis=0)
        pure = (counts.max(axis=0) == totals) & (totals > 0)
        changed, painting = pure.copy(), pure
        for number, colour in enumerate(self.colours.tolist()):
            changed[colour] &= counts[number, colour] == 0
            if colour == 0:
                painting = pure & (counts[number] == 0)
        whole = (pure | (totals == 0))[1:].all(axis=0)
        as_is = whole & ~changed[1:].any(axis=0)
        gain = np.where(painting, totals, 0).sum(axis=0)
        return [
            (AS_IS, np.where(as_is, totals[1:].sum(axis=0), 0), np.zeros_like(pure)),
            (RECOLOURED, np.where(whole, gain, 0), changed),
            (BY_TABLE, gain, painting),
        ]

    def _choose(self, n: int, mode: str, listed: Cells, counts: Counts, open_cells: Cells) -> tuple[Choice, Cells]:
        # The output's colour that most open cells of each of the look's colours have.
        best = self.colours[counts[:, :, self.look[n]].argmax(axis=0)]
        colours = np.zeros(10, dtype=np.int64) if mode == BY_TABLE else np.arange(10)
        colours[listed] = best[listed]
        painted = open_cells & (colours[self.layers[self.look[n]]] > 0)
        table = tuple((int(a), int(best[a])) for a in np.flatnonzero(listed))
        return Choice(n, mode, table), painted
