"""Filling, outlining, growing and cleaning shapes."""

from trajectories.core.samplers.symbolic.values import Rows

SIDES = ((-1, 0), (1, 0), (0, -1), (0, 1))
CORNERS = ((-1, -1), (-1, 1), (1, -1), (1, 1))


def reach_from_edge(grid: Rows, diagonal: bool) -> set[tuple[int, int]]:
    """The empty cells that can be reached from outside over empty cells."""
    height, width = len(grid), len(grid[0])
    steps = SIDES + CORNERS if diagonal else SIDES
    stack = [(i, j) for i in range(height) for j in (0, width - 1) if grid[i][j] == 0]
    stack += [(i, j) for i in (0, height - 1) for j in range(width) if grid[i][j] == 0]
    seen = set(stack)
    while stack:
        i, j = stack.pop()
        for di, dj in steps:
            a, b = i + di, j + dj
            if 0 <= a < height and 0 <= b < width and grid[a][b] == 0 and (a, b) not in seen:
                seen.add((a, b))
                stack.append((a, b))
    return seen


def mark_holes(grid: Rows, diagonal: bool = False) -> Rows:
    """Mark with 1 the empty cells that shapes enclose, and empty everything else."""
    outside = reach_from_edge(grid, diagonal)
    return [
        [1 if cell == 0 and (i, j) not in outside else 0 for j, cell in enumerate(row)] for i, row in enumerate(grid)
    ]


def fill_holes_alike(grid: Rows) -> Rows:
    """Fill holes with their shape's colour: that of the first non-empty cell on the left."""
    outside = reach_from_edge(grid, False)
    result = []
    for i, row in enumerate(grid):
        line: list[int] = []
        for j, cell in enumerate(row):
            line.append(line[-1] if cell == 0 and j and (i, j) not in outside else cell)
        result.append(line)
    return result


def outside_only(grid: Rows) -> Rows:
    """Mark with 1 the empty cells that are connected to the edge of the grid."""
    outside = reach_from_edge(grid, False)
    return [[1 if (i, j) in outside else 0 for j in range(len(row))] for i, row in enumerate(grid)]


def mark_around(grid: Rows, diagonal: bool) -> Rows:
    """Mark with 1 the empty cells next to a non-empty one (also at corners, if diagonal)."""
    height, width = len(grid), len(grid[0])
    result = [[0] * width for _ in range(height)]
    steps = SIDES + CORNERS if diagonal else SIDES
    for i, row in enumerate(grid):
        for j, cell in enumerate(row):
            if cell:
                for di, dj in steps:
                    a, b = i + di, j + dj
                    if 0 <= a < height and 0 <= b < width and grid[a][b] == 0:
                        result[a][b] = 1
    return result


def mark_corners(grid: Rows) -> Rows:
    """Mark with 1 the empty cells that touch a non-empty one only at a corner."""
    near = mark_around(grid, False)
    wide = mark_around(grid, True)
    return [[b if not a else 0 for a, b in zip(upper, lower)] for upper, lower in zip(near, wide)]


def grow(grid: Rows, diagonal: bool) -> Rows:
    """Grow every shape by one cell in its own colour (also over corners, if diagonal)."""
    height, width = len(grid), len(grid[0])
    result = [row[:] for row in grid]
    steps = SIDES + CORNERS if diagonal else SIDES
    for i, row in enumerate(grid):
        for j, cell in enumerate(row):
            if cell:
                for di, dj in steps:
                    a, b = i + di, j + dj
                    if 0 <= a < height and 0 <= b < width and result[a][b] == 0:
                        result[a][b] = cell
    return result


def keep_border(grid: Rows, diagonal: bool) -> Rows:
    """Keep the outline of shapes: cells next to an empty cell or to the edge of the grid."""
    height, width = len(grid), len(grid[0])
    steps = SIDES + CORNERS if diagonal else SIDES
    result = [[0] * width for _ in range(height)]
    for i, row in enumerate(grid):
        for j, cell in enumerate(row):
            if cell and any(
                not (0 <= i + a < height and 0 <= j + b < width) or grid[i + a][j + b] == 0 for a, b in steps
            ):
                result[i][j] = cell
    return result


def keep_core(grid: Rows, diagonal: bool) -> Rows:
    """Keep the inside of shapes: cells that touch neither an empty cell nor the edge of the grid."""
    border = keep_border(grid, diagonal)
    return [[0 if b else a for a, b in zip(upper, lower)] for upper, lower in zip(grid, border)]


def remove_specks(grid: Rows) -> Rows:
    """Empty every cell that has no neighbour of the same colour, corners included."""
    height, width = len(grid), len(grid[0])
    return [
        [
            cell
            if any(
                0 <= i + a < height and 0 <= j + b < width and grid[i + a][j + b] == cell for a, b in SIDES + CORNERS
            )
            else 0
            for j, cell in enumerate(row)
        ]
        for i, row in enumerate(grid)
    ]


def smooth(grid: Rows) -> Rows:
    """Give every cell the most frequent colour of the 3 by 3 square around it."""
    height, width = len(grid), len(grid[0])
    result = []
    for i in range(height):
        line = []
        for j in range(width):
            near = [cell for row in grid[max(0, i - 1) : i + 2] for cell in row[max(0, j - 1) : j + 2]]
            line.append(max(near, key=lambda colour: (near.count(colour), colour == grid[i][j], -colour)))
        result.append(line)
    return result


def keep_squares(grid: Rows) -> Rows:
    """Keep the cells that belong to a 2 by 2 block of one colour."""
    result = [[0] * len(row) for row in grid]
    for i in range(len(grid) - 1):
        for j in range(len(grid[0]) - 1):
            cell = grid[i][j]
            if cell and cell == grid[i][j + 1] == grid[i + 1][j] == grid[i + 1][j + 1]:
                result[i][j] = result[i][j + 1] = result[i + 1][j] = result[i + 1][j + 1] = cell
    return result


def keep_single_neighbour(grid: Rows) -> Rows:
    """Keep the tips of lines: non-empty cells with exactly one non-empty side neighbour."""
    height, width = len(grid), len(grid[0])
    return [
        [
            cell
            if cell
            and sum(1 for a, b in SIDES if 0 <= i + a < height and 0 <= j + b < width and grid[i + a][j + b]) == 1
            else 0
            for j, cell in enumerate(row)
        ]
        for i, row in enumerate(grid)
    ]


def frame_edge(grid: Rows) -> Rows:
    """Mark the outermost cells of the grid with 1."""
    inner = [1] + [0] * (len(grid[0]) - 2) + [1] if len(grid[0]) > 1 else [1]
    return [[1] * len(grid[0]) if i in (0, len(grid) - 1) else inner[:] for i in range(len(grid))]


def mark_plain_rows(grid: Rows) -> Rows:
    """Mark with 1 every row whose cells all have the same colour."""
    return [[1 if len(set(row)) == 1 else 0] * len(row) for row in grid]


def mark_plain_columns(grid: Rows) -> Rows:
    """Mark with 1 every column whose cells all have the same colour."""
    line = [1 if len(set(column)) == 1 else 0 for column in zip(*grid)]
    return [line[:] for _ in grid]


def full_canvas(grid: Rows) -> Rows:
    """Fill a canvas of the same size with 1."""
    return [[1] * len(row) for row in grid]


def chequer(grid: Rows) -> Rows:
    """Mark every second cell with 1 like the dark squares of a chequerboard."""
    return [[1 if (i + j) % 2 == 0 else 0 for j in range(len(row))] for i, row in enumerate(grid)]


def odd_columns(grid: Rows) -> Rows:
    """Keep every second column, starting with the first."""
    return [[0 if j % 2 else cell for j, cell in enumerate(row)] for row in grid]


def odd_rows(grid: Rows) -> Rows:
    """Keep every second row, starting with the first."""
    return [[0] * len(row) if i % 2 else row for i, row in enumerate(grid)]


def main_diagonal(grid: Rows) -> Rows:
    """Mark with 1 the diagonal from the top left corner."""
    return [[1 if i == j else 0 for j in range(len(row))] for i, row in enumerate(grid)]


def other_diagonal(grid: Rows) -> Rows:
    """Mark with 1 the diagonal from the top right corner."""
    return [[1 if i == len(row) - 1 - j else 0 for j in range(len(row))] for i, row in enumerate(grid)]
