"""Drawing lines from cells and between them."""

from trajectories.core.samplers.symbolic.values import Rows


def shoot(grid: Rows, directions: tuple[tuple[int, int], ...]) -> Rows:
    """Draw a line from every non-empty cell in each direction, over empty cells, until something is in the way."""
    height, width = len(grid), len(grid[0])
    result = [row[:] for row in grid]
    for i, row in enumerate(grid):
        for j, cell in enumerate(row):
            if cell:
                for down, right in directions:
                    a, b = i + down, j + right
                    while 0 <= a < height and 0 <= b < width and grid[a][b] == 0:
                        result[a][b] = result[a][b] or cell
                        a, b = a + down, b + right
    return result


def shoot_colour(grid: Rows, colour: int, directions: tuple[tuple[int, int], ...]) -> Rows:
    """Draw a line from every cell of one colour in each direction until something is in the way."""
    height, width = len(grid), len(grid[0])
    result = [row[:] for row in grid]
    for i, row in enumerate(grid):
        for j, cell in enumerate(row):
            if cell == colour:
                for down, right in directions:
                    a, b = i + down, j + right
                    while 0 <= a < height and 0 <= b < width and grid[a][b] == 0:
                        result[a][b] = cell
                        a, b = a + down, b + right
    return result


def connect_rows(grid: Rows) -> Rows:
    """Join equal colours in each row: neighbours of the same colour get a line of it over empty cells."""
    result = []
    for row in grid:
        line = row[:]
        last = -1
        for j, cell in enumerate(row):
            if cell:
                if last >= 0 and row[last] == cell:
                    line[last:j] = [cell] * (j - last)
                last = j
        result.append(line)
    return result


def connect_columns(grid: Rows) -> Rows:
    """Join equal colours in each column: neighbours of the same colour get a line of it over empty cells."""
    turned = connect_rows([list(column) for column in zip(*grid)])
    return [list(row) for row in zip(*turned)]


def connect_lines(grid: Rows) -> Rows:
    """Join neighbouring cells of the same colour in rows and in columns; lines down go over lines across."""
    across = connect_rows(grid)
    down = connect_columns(grid)
    return [[b or a for a, b in zip(left, right)] for left, right in zip(across, down)]


def mark_between_in_rows(grid: Rows) -> Rows:
    """Mark with 1 the empty cells between two non-empty ones in a row."""
    result = []
    for row in grid:
        filled = [j for j, cell in enumerate(row) if cell]
        first, last = (filled[0], filled[-1]) if filled else (0, 0)
        result.append([1 if cell == 0 and first < j < last else 0 for j, cell in enumerate(row)])
    return result


def mark_between_in_columns(grid: Rows) -> Rows:
    """Mark with 1 the empty cells between two non-empty ones in a column."""
    turned = mark_between_in_rows([list(column) for column in zip(*grid)])
    return [list(row) for row in zip(*turned)]


def connect_diagonals(grid: Rows) -> Rows:
    """Join equal colours on diagonals: by a line of that colour over empty cells."""
    height, width = len(grid), len(grid[0])
    result = [row[:] for row in grid]
    for i, row in enumerate(grid):
        for j, cell in enumerate(row):
            if not cell:
                continue
            for right in (-1, 1):
                path = []
                a, b = i + 1, j + right
                while a < height and 0 <= b < width and grid[a][b] == 0:
                    path.append((a, b))
                    a, b = a + 1, b + right
                if a < height and 0 <= b < width and grid[a][b] == cell:
                    for y, x in path:
                        result[y][x] = cell
    return result


def fill_rows(grid: Rows) -> Rows | None:
    """Fill every row that has exactly one colour with that colour."""
    result = []
    for row in grid:
        colours = {cell for cell in row if cell}
        result.append([colours.pop()] * len(row) if len(colours) == 1 else row[:])
    return result


def fill_columns(grid: Rows) -> Rows:
    """Fill every column that has exactly one colour with that colour."""
    lines = []
    for column in zip(*grid):
        colours = {cell for cell in column if cell}
        lines.append([colours.pop()] * len(column) if len(colours) == 1 else list(column))
    return [list(row) for row in zip(*lines)]


def row_period(row: list[int], end: int) -> int:
    """The smallest step after which the first `end` cells of a row repeat; `end` where they do not."""
    for period in range(1, end):
        if all(row[j] == row[j - period] for j in range(period, end)):
            return period
    return end


def extend_rows(grid: Rows) -> Rows:
    """Continue what each row repeats: the shortest repeating beginning goes on to the end of the row."""
    result = []
    for row in grid:
        end = max((j for j, cell in enumerate(row) if cell), default=-1) + 1
        period = row_period(row, end)
        result.append([row[j % period] for j in range(len(row))] if period else row[:])
    return result


def extend_columns(grid: Rows) -> Rows:
    """Continue what each column repeats: the shortest repeating beginning goes on to the bottom."""
    turned = extend_rows([list(column) for column in zip(*grid)])
    return [list(row) for row in zip(*turned)]


def repeat_down(grid: Rows) -> Rows | None:
    """Repeat the non-empty block of rows at the top down to the bottom of the grid."""
    rows = [i for i, row in enumerate(grid) if any(row)]
    if not rows:
        return None
    block = grid[rows[0] : rows[-1] + 1]
    return [grid[i] if i < rows[0] else block[(i - rows[0]) % len(block)] for i in range(len(grid))]


def repeat_up(grid: Rows) -> Rows | None:
    """Repeat the non-empty block of rows at the bottom up to the top of the grid."""
    result = repeat_down(grid[::-1])
    return result and result[::-1]


def stairs(grid: Rows) -> Rows | None:
    """Build stairs from a single row: below it, each row has one more cell of its colour."""
    if len(grid) != 1:
        return None
    row = grid[0]
    filled = len(row) - row.count(0)
    steps = len(row) // 2
    if not filled or not steps or steps > 30:
        return None
    return [([row[0]] * (filled + i) + [0] * len(row))[: len(row)] for i in range(steps)]
