"""Cutting a part out of a grid."""

from trajectories.core.samplers.symbolic.values import Rows


def crop(grid: Rows, top: int, left: int, height: int, width: int) -> Rows:
    """Cut out the rectangle with the given corner and size."""
    return [row[left : left + width] for row in grid[top : top + height]]


def find_box(grid: Rows, colour: int | None = None) -> tuple[int, int, int, int] | None:
    """(top, left, height, width) of the non-empty cells, or of the cells of one colour; None without any."""
    rows = [i for i, row in enumerate(grid) if (any(row) if colour is None else colour in row)]
    if not rows:
        return None
    columns = [j for j, column in enumerate(zip(*grid)) if (any(column) if colour is None else colour in column)]
    return rows[0], columns[0], rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1


def crop_content(grid: Rows) -> Rows | None:
    """Cut out the smallest rectangle that holds all non-empty cells."""
    box = find_box(grid)
    return box and crop(grid, *box)


def crop_colour(grid: Rows, colour: int) -> Rows | None:
    """Cut out the smallest rectangle that holds all cells of one colour."""
    box = find_box(grid, colour)
    return box and crop(grid, *box)


def crop_inside_colour(grid: Rows, colour: int) -> Rows | None:
    """Cut out what lies one cell inside the smallest rectangle that holds all cells of one colour."""
    box = find_box(grid, colour)
    if box is None or box[2] < 3 or box[3] < 3:
        return None
    return crop(grid, box[0] + 1, box[1] + 1, box[2] - 2, box[3] - 2)


def crop_at_colour_of(grid: Rows, original: Rows, colour: int) -> Rows | None:
    """Cut out the rectangle in which the original input has one colour."""
    if len(grid) != len(original) or len(grid[0]) != len(original[0]):
        return None
    box = find_box(original, colour)
    return box and crop(grid, *box)


def trim_edge(grid: Rows) -> Rows | None:
    """Cut one cell off every side."""
    if len(grid) < 3 or len(grid[0]) < 3:
        return None
    return [row[1:-1] for row in grid[1:-1]]


def left_half(grid: Rows) -> Rows | None:
    """Keep the left half (without a middle column)."""
    return [row[: len(row) // 2] for row in grid] if len(grid[0]) > 1 else None


def right_half(grid: Rows) -> Rows | None:
    """Keep the right half (without a middle column)."""
    return [row[-(len(row) // 2) :] for row in grid] if len(grid[0]) > 1 else None


def top_half(grid: Rows) -> Rows | None:
    """Keep the upper half (without a middle row)."""
    return grid[: len(grid) // 2] or None


def bottom_half(grid: Rows) -> Rows | None:
    """Keep the lower half (without a middle row)."""
    return grid[-(len(grid) // 2) :] if len(grid) > 1 else None


def left_part(grid: Rows) -> Rows | None:
    """Keep the left square of a wide grid, or the upper square of a tall one."""
    side = min(len(grid), len(grid[0]))
    return None if len(grid) == len(grid[0]) else [row[:side] for row in grid[:side]]


def right_part(grid: Rows) -> Rows | None:
    """Keep the right square of a wide grid, or the lower square of a tall one."""
    side = min(len(grid), len(grid[0]))
    return None if len(grid) == len(grid[0]) else [row[-side:] for row in grid[-side:]]


def corner(grid: Rows, height: int, width: int, bottom: bool, right: bool) -> Rows | None:
    """Keep a corner of the given size."""
    if len(grid) < height or len(grid[0]) < width:
        return None
    rows = grid[-height:] if bottom else grid[:height]
    return [row[-width:] if right else row[:width] for row in rows]


def first_row(grid: Rows) -> Rows:
    """Keep the first row only."""
    return [grid[0]]


def first_column(grid: Rows) -> Rows:
    """Keep the first column only."""
    return [[row[0]] for row in grid]


def crop_solid_rectangle(grid: Rows) -> Rows | None:
    """Cut out the largest wholly empty rectangle."""
    best: tuple[int, int, int, int, int] | None = None
    heights = [0] * len(grid[0])
    for i, row in enumerate(grid):
        heights = [0 if cell else h + 1 for cell, h in zip(row, heights)]
        for j in range(len(row)):
            low = heights[j]
            for k in range(j, len(row)):
                low = min(low, heights[k])
                if not low:
                    break
                area = low * (k - j + 1)
                if best is None or area > best[0]:
                    best = (area, i - low + 1, j, low, k - j + 1)
    return crop(grid, *best[1:]) if best else None
