"""All cells of a task's canvases as bit sets: one bit per cell of every training pair and test input."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from trajectories.core.problems.grids import COLOURS, Grid
from trajectories.core.samplers.symbolic.candidates import SearchBudget
from trajectories.core.samplers.symbolic.pixel.expressions import LARGEST, OFFSET, Flat, HelperCall, Scope

__all__ = ["LARGEST", "Region", "Table"]


@dataclass(frozen=True, slots=True)
class Region:
    """One input: its variables, and the window of the base map whose cells the output shows."""

    scope: Scope
    window: tuple[int, int, int, int]
    output: Grid | None

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns) of the window."""
        top, left, bottom, right = self.window
        return bottom - top + 1, right - left + 1


class Table:
    """Columns (one byte per cell) and bit sets over the cells of all regions, training pairs first."""

    def __init__(self, regions: Sequence[Region], budget: SearchBudget) -> None:
        self.regions = tuple(regions)
        self.budget = budget
        self._columns: dict[str, bytes] = {}
        counts = [shape[0] * shape[1] for shape in (region.shape for region in regions)]
        self.cells = sum(counts)
        self.everywhere = (1 << self.cells) - 1
        self.masks = _masks(counts)
        known = [mask for mask, region in zip(self.masks, regions, strict=True) if region.output is not None]
        self.pair_masks = tuple(known)
        self.training = sum(known)
        outputs = bytearray()
        for region, count in zip(regions, counts, strict=True):
            rows = region.output or ()
            outputs += bytes(value + OFFSET for row in rows for value in row) or bytes(count)
        self.outputs = bytes(outputs)
        """The column of what the outputs show, 0 on the cells of test inputs."""
        self.output_bits = tuple(self.bits(self.outputs, value) & self.training for value in range(COLOURS))

    def column(self, expression: HelperCall | str) -> bytes:
        """A map's values (or one number's) at all cells, shifted by two; numbers above 250 count as 250."""
        text = expression if isinstance(expression, str) else expression.text
        found = self._columns.get(text)
        if found is None:
            found = b"".join([_cut(region, region.scope.flat(expression)) for region in self.regions])
            self._columns[text] = found
            self.budget.spend(self.cells)
        return found

    def bits(self, column: bytes, value: int) -> int:
        """The cells where a column has the value."""
        return int(column.translate(_equal(value)), 2)

    def bits_from(self, column: bytes, value: int) -> int:
        """The cells where a column has at least the value."""
        return int(column.translate(_at_least(value)), 2)

    def same(self, first: bytes, second: bytes) -> int:
        """The cells where two columns agree on a colour."""
        one, two = np.frombuffer(first, dtype=np.uint8), np.frombuffer(second, dtype=np.uint8)
        alike = (one == two) & (one >= OFFSET) & (one < OFFSET + COLOURS)
        return int.from_bytes(np.packbits(alike).tobytes(), "big") >> (-self.cells % 8)

    def grids(self, colours: Sequence[int]) -> tuple[Grid, ...]:
        """Grids of all regions from ten disjoint bit sets, one for each colour."""
        flat = bytearray(self.cells)
        for colour, bits in enumerate(colours):
            if colour and bits:
                text = format(bits, f"0{self.cells}b")
                position = text.find("1")
                while position >= 0:
                    flat[position] = colour
                    position = text.find("1", position + 1)
        return tuple(self._cut_grids(flat))

    def _cut_grids(self, flat: bytearray) -> Iterable[Grid]:
        start = 0
        for region in self.regions:
            rows, columns = region.shape
            yield tuple(tuple(flat[start + r * columns : start + (r + 1) * columns]) for r in range(rows))
            start += rows * columns


def _masks(counts: Sequence[int]) -> tuple[int, ...]:
    """Bits of each region's cells. The first cell is the highest bit, as in binary text."""
    masks = []
    left = sum(counts)
    for count in counts:
        left -= count
        masks.append(((1 << count) - 1) << left)
    return tuple(masks)


def _cut(region: Region, flat: Flat) -> bytes:
    """The cells of a region's window."""
    rows, columns = region.shape
    width, cells = flat
    if not width:
        return cells * (rows * columns)
    if columns == width and rows * width == len(cells):
        return cells
    top, left, _, _ = region.window
    return b"".join([cells[r * width + left : r * width + left + columns] for r in range(top, top + rows)])


@cache
def _equal(value: int) -> bytes:
    return bytes(49 if code == value + OFFSET else 48 for code in range(256))


@cache
def _at_least(value: int) -> bytes:
    return bytes(49 if code >= value + OFFSET else 48 for code in range(256))
