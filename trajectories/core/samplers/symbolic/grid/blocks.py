"""Empty and filled rectangles, and colours that spread."""

from trajectories.core.samplers.symbolic.grid.colour import first_colour
from trajectories.core.samplers.symbolic.values import Rows


def mark_empty_blocks(grid: Rows, height: int, width: int) -> Rows | None:
    """Mark with 1 every cell that lies in a wholly empty rectangle of the given size."""
    result = [[0] * len(row) for row in grid]
    found = False
    for i in range(len(grid) - height + 1):
        for j in range(len(grid[0]) - width + 1):
            if not any(any(row[j : j + width]) for row in grid[i : i + height]):
                found = True
                for k in range(i, i + height):
                    result[k][j : j + width] = [1] * width
    return result if found else None


def mark_separate_blocks(grid: Rows, height: int, width: int) -> Rows | None:
    """Mark with 1, in reading order, wholly empty rectangles of the given size that do not overlap a marked one."""
    result = [[0] * len(row) for row in grid]
    taken = [row[:] for row in grid]
    for i in range(len(grid) - height + 1):
        for j in range(len(grid[0]) - width + 1):
            if not any(any(row[j : j + width]) for row in taken[i : i + height]):
                for k in range(i, i + height):
                    result[k][j : j + width] = taken[k][j : j + width] = [1] * width
    return result if any(any(row) for row in result) else None


def mark_largest_empty(grid: Rows) -> Rows | None:
    """Mark with 1 the largest wholly empty rectangle; of several as large, all of them."""
    boxes: list[tuple[int, int, int, int]] = []
    most = 0
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
                if area > most:
                    most, boxes = area, []
                if area == most:
                    boxes.append((i - low + 1, i + 1, j, k + 1))
    result = [[0] * len(row) for row in grid]
    for top, bottom, left, right in boxes:
        for i in range(top, bottom):
            result[i][left:right] = [1] * (right - left)
    return result if boxes else None


def spread(grid: Rows) -> Rows | None:
    """Let all colours grow over empty cells at the same speed until the grid is full; ties go to the smaller colour."""
    result = [row[:] for row in grid]
    if not any(any(row) for row in grid):
        return None
    height, width = len(grid), len(grid[0])
    edge = [(i, j) for i, row in enumerate(grid) for j, cell in enumerate(row) if cell]
    while edge:
        claims: dict[tuple[int, int], int] = {}
        for i, j in edge:
            for a, b in ((i - 1, j), (i + 1, j), (i, j - 1), (i, j + 1)):
                if 0 <= a < height and 0 <= b < width and result[a][b] == 0:
                    claims[a, b] = min(claims.get((a, b), 10), result[i][j])
        for (a, b), colour in claims.items():
            result[a][b] = colour
        edge = list(claims)
    return result


def flood_rooms(grid: Rows) -> Rows | None:
    """Let colours fill the empty room they stand in: up to walls of the most frequent colour."""
    height, width = len(grid), len(grid[0])
    counts: dict[int, int] = {}
    for row in grid:
        for cell in row:
            counts[cell] = counts.get(cell, 0) + 1
    wall = max((colour for colour in counts if colour), key=lambda colour: (counts[colour], -colour), default=0)
    result = [row[:] for row in grid]
    stack = [(i, j) for i, row in enumerate(grid) for j, cell in enumerate(row) if cell and cell != wall]
    while stack:
        i, j = stack.pop(0)
        for a, b in ((i - 1, j), (i + 1, j), (i, j - 1), (i, j + 1)):
            if 0 <= a < height and 0 <= b < width and result[a][b] == 0:
                result[a][b] = result[i][j]
                stack.append((a, b))
    return None if result == grid else result


def mirror_down_once(grid: Rows) -> Rows | None:
    """Put the upside-down image below without repeating the middle row."""
    return None if len(grid) > 15 or len(grid) < 2 else grid + grid[-2::-1]


def mirror_right_once(grid: Rows) -> Rows | None:
    """Put the left-right mirror image on the right without repeating the middle column."""
    return None if len(grid[0]) > 15 or len(grid[0]) < 2 else [row + row[-2::-1] for row in grid]


def keep_lines(grid: Rows) -> Rows:
    """Keep the rows and columns that have one non-empty colour from edge to edge."""
    full = [len(set(column)) == 1 for column in zip(*grid)]
    return [row if len(set(row)) == 1 else [cell if full[j] else 0 for j, cell in enumerate(row)] for row in grid]


def remove_lines(grid: Rows) -> Rows:
    """Empty the rows and columns that have one non-empty colour from edge to edge."""
    full = [len(set(column)) == 1 for column in zip(*grid)]
    return [
        [0] * len(row) if len(set(row)) == 1 else [0 if full[j] else cell for j, cell in enumerate(row)] for row in grid
    ]


def cross_rows_and_columns(grid: Rows) -> Rows:
    """Draw a full row and a full column through every non-empty cell; where colours meet, rows win."""
    columns = [first_colour(column) for column in zip(*grid)]
    result = []
    for row in grid:
        colour = first_colour(row)
        result.append([cell or colour or columns[j] for j, cell in enumerate(row)])
    return result
