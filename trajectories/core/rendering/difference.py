"""What there is to draw where a prediction is held against the expected grid.

Wrong shape, ragged rows, wrong cells and "no grid at all" are four different things and look it. An all-black grid is
an answer like any other.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from trajectories.core.problems.grids import Grid
from trajectories.core.records import JSON
from trajectories.core.verifiers.grid_compare import GridComparison, GridMatch, compare_grid

Cell = tuple[int, int]
"""(row, column)."""


@dataclass(frozen=True, slots=True)
class GridDifference:
    """A drawing plan on the union of both grids, top left corners together.

    `rows` are the predicted cells (of unequal length where ragged, none where there is no grid); `height` and `width`
    are those of the union in cells. `badge` is the finding in a few words, `preview` the start of what is no grid.
    """

    match: GridMatch
    badge: str
    rows: Sequence[Sequence[int]]
    height: int
    width: int
    wrong: tuple[Cell, ...] = ()
    missing: tuple[Cell, ...] = ()
    extra: tuple[Cell, ...] = ()
    preview: str = ""
    near_miss: str = ""

    @property
    def summary(self) -> str:
        """The picture in words."""
        counted = ((len(self.wrong), "wrong"), (len(self.missing), "missing"), (len(self.extra), "extra"))
        parts = [f"{count} {word} cell{'' if count == 1 else 's'}" for count, word in counted if count]
        shown = [] if self.match is GridMatch.WRONG_CELLS else parts
        return f"Difference: {', '.join([self.badge, *shown])}"


def difference(predicted: JSON, expected: Grid) -> GridDifference:
    """Plan the drawing of any JSON value against the expected grid."""
    compared = compare_grid(predicted, expected)
    rows: list[list[int]] = compared.predicted or []
    found = {(y, x): colour for y, row in enumerate(rows) for x, colour in enumerate(row)}
    wanted = {(y, x): colour for y, row in enumerate(expected) for x, colour in enumerate(row)}
    is_drawn = compared.match is not GridMatch.NOT_A_GRID
    return GridDifference(
        match=compared.match,
        badge="no answer" if predicted is None else _badge(compared, expected),
        rows=rows,
        height=max(len(rows), len(expected)),
        width=max([len(expected[0]), *(len(row) for row in rows)]),
        wrong=tuple(cell for cell, colour in found.items() if cell in wanted and wanted[cell] != colour),
        missing=tuple(cell for cell in wanted if is_drawn and cell not in found),
        extra=tuple(cell for cell in found if cell not in wanted),
        preview=compared.preview,
        near_miss=compared.near_miss.text if compared.near_miss else "",
    )


def _badge(compared: GridComparison, expected: Grid) -> str:
    match, rows = compared.match, compared.predicted
    if match is GridMatch.RIGHT:
        return "right"
    if match is GridMatch.WRONG_CELLS:
        return f"{compared.cells_wrong} of {len(expected) * len(expected[0])} cells wrong"
    if match is GridMatch.WRONG_SHAPE:
        return f"{len(rows)}x{len(rows[0])} instead of {len(expected)}x{len(expected[0])}"
    if match is GridMatch.RAGGED:
        return f"ragged: rows of {min(map(len, rows))} to {max(map(len, rows))} cells"
    return "not a grid"
