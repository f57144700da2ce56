"""Letting cells fall, and sorting or shifting lines."""

from trajectories.core.samplers.symbolic.values import Rows


def fall_right(grid: Rows) -> Rows:
    """Move all non-empty cells to the right end of their row."""
    return [[0] * row.count(0) + [cell for cell in row if cell] for row in grid]


def fall_left(grid: Rows) -> Rows:
    """Move all non-empty cells to the left end of their row."""
    return [[cell for cell in row if cell] + [0] * row.count(0) for row in grid]


def fall_down(grid: Rows) -> Rows:
    """Move all non-empty cells to the bottom of their column."""
    columns = [[0] * column.count(0) + [cell for cell in column if cell] for column in zip(*grid)]
    return [list(row) for row in zip(*columns)]


def fall_up(grid: Rows) -> Rows:
    """Move all non-empty cells to the top of their column."""
    columns = [[cell for cell in column if cell] + [0] * column.count(0) for column in zip(*grid)]
    return [list(row) for row in zip(*columns)]


def sort_rows(grid: Rows) -> Rows:
    """Order the rows by how many non-empty cells they have, fewest first."""
    return sorted(grid, key=lambda row: len(row) - row.count(0))


def sort_columns(grid: Rows) -> Rows:
    """Order the columns by how many non-empty cells they have, fewest first."""
    columns = sorted(zip(*grid), key=lambda column: len(column) - column.count(0))
    return [list(row) for row in zip(*columns)]


def unify_rows(grid: Rows) -> Rows:
    """Give every row the colour that most of its cells have."""
    return [[max(row, key=lambda cell: (row.count(cell), -cell))] * len(row) for row in grid]


def unify_columns(grid: Rows) -> Rows:
    """Give every column the colour that most of its cells have."""
    line = [max(column, key=lambda cell: (column.count(cell), -cell)) for column in zip(*grid)]
    return [line[:] for _ in grid]


def roll_down(grid: Rows) -> Rows:
    """Shift all rows one down; the last row comes back at the top."""
    return grid[-1:] + grid[:-1]


def roll_right(grid: Rows) -> Rows:
    """Shift all columns one to the right; the last column comes back on the left."""
    return [row[-1:] + row[:-1] for row in grid]


def shift(grid: Rows, down: int, right: int) -> Rows:
    """Move the picture; cells pushed over the edge are lost and empty ones come in."""
    height, width = len(grid), len(grid[0])
    return [
        [grid[i - down][j - right] if 0 <= i - down < height and 0 <= j - right < width else 0 for j in range(width)]
        for i in range(height)
    ]
