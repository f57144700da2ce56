"""ARC grids: rectangles of 1..30 by 1..30 cells with colours 0..9 (Chollet 2019, arXiv 1911.01547)."""

from typing import Any

MAX_SIDE = 30
COLOURS = 10
_INTEGERS = {int}

Grid = tuple[tuple[int, ...], ...]


class GridError(ValueError):
    """A value is no ARC grid. The message says where, what was found and what was expected."""


def parse_grid(value: Any, where: str = "grid") -> Grid:
    """Turn nested lists into a grid, or raise GridError naming the JSON path of the first fault."""
    if not isinstance(value, list | tuple):
        raise GridError(f"{where}: found {_describe(value)}, expected a list of rows")
    if not 1 <= len(value) <= MAX_SIDE:
        raise GridError(f"{where}: found {len(value)} rows, expected 1 to {MAX_SIDE}")
    rows = tuple(_parse_row(row, f"{where}[{index}]") for index, row in enumerate(value))
    for index, row in enumerate(rows):
        if len(row) != len(rows[0]):
            raise GridError(f"{where}[{index}]: found {len(row)} cells, expected {len(rows[0])} as in row 0")
    return rows


def _parse_row(row: Any, where: str) -> tuple[int, ...]:
    if type(row) is list and 0 < len(row) <= MAX_SIDE and set(map(type, row)) == _INTEGERS:
        colours = set(row)
        if min(colours) >= 0 and max(colours) < COLOURS:
            return tuple(row)
    if not isinstance(row, list | tuple):
        raise GridError(f"{where}: found {_describe(row)}, expected a list of colours")
    if not 1 <= len(row) <= MAX_SIDE:
        raise GridError(f"{where}: found {len(row)} cells, expected 1 to {MAX_SIDE}")
    for index, cell in enumerate(row):
        if type(cell) is not int or not 0 <= cell < COLOURS:
            raise GridError(f"{where}[{index}]: found {_describe(cell)}, expected a colour from 0 to 9")
    return tuple(row)


def _describe(value: Any) -> str:
    """Name a value briefly: never more than a line, whatever it is."""
    if value is None or isinstance(value, bool | int | float):
        return repr(value)[:40]
    if isinstance(value, str):
        return f"the text {value[:40]!r}"
    return f"a {type(value).__name__}"


def grid_to_lists(grid: Grid) -> list[list[int]]:
    """The JSON form of a grid."""
    return [list(row) for row in grid]


def grid_shape(grid: Grid) -> tuple[int, int]:
    """(rows, columns)."""
    return len(grid), len(grid[0])


def describe_grid(grid: Grid) -> str:
    """One line for people and screen readers: '9 by 9 grid, 3 colours'."""
    rows, columns = grid_shape(grid)
    colours = len({cell for row in grid for cell in row})
    return f"{rows} by {columns} grid, {colours} colour{'' if colours == 1 else 's'}"
