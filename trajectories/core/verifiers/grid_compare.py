"""Comparing a predicted grid with the expected one. A verdict is this plain comparison and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from trajectories.core.problems.grids import COLOURS, MAX_SIDE, Grid, GridError, grid_shape, grid_to_lists, parse_grid
from trajectories.core.records import JSON
from trajectories.core.verifiers.near_miss import NearMiss, count_wrong_cells, explain_near_miss

PREVIEW_CHARACTERS = 300


class GridMatch(StrEnum):
    """How a prediction relates to the expected grid."""

    RIGHT = "right"
    WRONG_CELLS = "wrong_cells"
    WRONG_SHAPE = "wrong_shape"
    RAGGED = "ragged"  # rows of colours, of unequal lengths
    NOT_A_GRID = "not_a_grid"


@dataclass(frozen=True, slots=True)
class GridComparison:
    """Outcome of one comparison. `cells_wrong` is known only where the shapes agree."""

    match: GridMatch
    message: str
    predicted: JSON = None
    preview: str = ""
    cells_wrong: int | None = None
    near_miss: NearMiss | None = None


def compare_grid(predicted: JSON, expected: Grid) -> GridComparison:
    """Compare any JSON value with the expected grid."""
    try:
        grid = parse_grid(predicted, "prediction")
    except GridError as fault:
        if _is_ragged(predicted):
            return GridComparison(GridMatch.RAGGED, str(fault), predicted=[list(row) for row in predicted])
        return GridComparison(GridMatch.NOT_A_GRID, str(fault), preview=preview_value(predicted))
    lists = grid_to_lists(grid)
    if grid == expected:
        return GridComparison(GridMatch.RIGHT, "right", predicted=lists, cells_wrong=0)
    near_miss = explain_near_miss(grid, expected)
    if grid_shape(grid) != grid_shape(expected):
        found, wanted = (f"{rows} by {columns}" for rows, columns in (grid_shape(grid), grid_shape(expected)))
        message = f"the grid is {found}, expected {wanted}"
        return GridComparison(GridMatch.WRONG_SHAPE, message, predicted=lists, near_miss=near_miss)
    wrong = count_wrong_cells(grid, expected)
    rows, columns = grid_shape(expected)
    message = f"{wrong} of {rows * columns} cells wrong"
    return GridComparison(GridMatch.WRONG_CELLS, message, predicted=lists, cells_wrong=wrong, near_miss=near_miss)


def grid_or_none(value: JSON) -> JSON:
    """The value as lists of rows where it is a grid, else None."""
    try:
        return grid_to_lists(parse_grid(value))
    except GridError:
        return None


def preview_value(value: JSON) -> str:
    """The start of any value as text, for people, whatever its size or depth."""
    if isinstance(value, str):
        return _storable(repr(value[:PREVIEW_CHARACTERS]))
    if isinstance(value, list | tuple):
        return f"[{_preview_items(value)}]"
    if isinstance(value, Mapping):
        return f"{{{_preview_items(value)}}}"
    if isinstance(value, int) and value.bit_length() > 200:
        return "an integer of more than 60 digits"
    return _storable(repr(value)[:PREVIEW_CHARACTERS])


def _preview_items(items: list[JSON] | tuple[JSON, ...] | Mapping[str, JSON]) -> str:
    shown = []
    for item in list(items)[:8]:
        nested = isinstance(item, list | tuple | Mapping)
        shown.append(f"{type(item).__name__} of {len(item)}" if nested else preview_value(item)[:30])
    return ", ".join(shown) + (", ..." if len(items) > len(shown) else "")


def _storable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


def _is_ragged(value: JSON) -> bool:
    """Rows of colours within the size of an ARC grid, but not all of one length."""
    if not isinstance(value, list | tuple) or not 1 <= len(value) <= MAX_SIDE:
        return False
    return all(
        isinstance(row, list | tuple)
        and len(row) <= MAX_SIDE
        and all(type(cell) is int and 0 <= cell < COLOURS for cell in row)
        for row in value
    )
