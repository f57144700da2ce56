"""Repeating, mirroring, enlarging and shrinking whole grids."""

from trajectories.core.samplers.symbolic.values import Rows


def tile(grid: Rows, down: int, across: int) -> Rows | None:
    """Repeat the grid `down` times downwards and `across` times sideways."""
    if len(grid) * down > 30 or len(grid[0]) * across > 30:
        return None
    return [row * across for row in grid * down]


def tile_mirrored(grid: Rows, down: int, across: int) -> Rows | None:
    """Repeat the grid, mirroring every second copy so that neighbours meet like reflections."""
    if len(grid) * down > 30 or len(grid[0]) * across > 30:
        return None
    wide = [[cell for i in range(across) for cell in (row[::-1] if i % 2 else row)] for row in grid]
    return [row for i in range(down) for row in (wide[::-1] if i % 2 else wide)]


def tile_flipped_rows(grid: Rows, down: int, across: int) -> Rows | None:
    """Repeat the grid, mirroring every second band of copies from left to right."""
    if len(grid) * down > 30 or len(grid[0]) * across > 30:
        return None
    plain = [row * across for row in grid]
    flipped = [row[::-1] * across for row in grid]
    return [row for i in range(down) for row in (flipped if i % 2 else plain)]


def mirror_right(grid: Rows) -> Rows | None:
    """Put the left-right mirror image on the right."""
    return None if len(grid[0]) > 15 else [row + row[::-1] for row in grid]


def mirror_left(grid: Rows) -> Rows | None:
    """Put the left-right mirror image on the left."""
    return None if len(grid[0]) > 15 else [row[::-1] + row for row in grid]


def mirror_down(grid: Rows) -> Rows | None:
    """Put the upside-down image below."""
    return None if len(grid) > 15 else grid + grid[::-1]


def mirror_up(grid: Rows) -> Rows | None:
    """Put the upside-down image above."""
    return None if len(grid) > 15 else grid[::-1] + grid


def spin_four(grid: Rows) -> Rows | None:
    """Lay out the grid and its quarter turns in a square: original, right turn, left turn, half turn."""
    if len(grid) != len(grid[0]) or len(grid) > 15:
        return None
    right = [list(column) for column in zip(*grid[::-1])]
    left = [list(column) for column in zip(*grid)][::-1]
    half = [row[::-1] for row in grid[::-1]]
    return [a + b for a, b in zip(grid, right)] + [a + b for a, b in zip(left, half)]


def scale_up(grid: Rows, down: int, across: int) -> Rows | None:
    """Enlarge every cell to a block of `down` by `across` cells."""
    if len(grid) * down > 30 or len(grid[0]) * across > 30:
        return None
    return [[cell for cell in row for _ in range(across)] for row in grid for _ in range(down)]


def scale_down(grid: Rows, down: int, across: int) -> Rows | None:
    """Shrink every block of `down` by `across` cells to its first cell."""
    if len(grid) % down or len(grid[0]) % across:
        return None
    return [row[::across] for row in grid[::down]]


def scale_by_colours(grid: Rows) -> Rows | None:
    """Enlarge every cell by the number of different non-empty colours."""
    factor = len({cell for row in grid for cell in row if cell})
    if factor < 2:
        return None
    return scale_up(grid, factor, factor)


def scale_by_cells(grid: Rows) -> Rows | None:
    """Enlarge every cell by the number of non-empty cells."""
    factor = sum(1 for row in grid for cell in row if cell)
    if factor < 2:
        return None
    return scale_up(grid, factor, factor)


def tile_by_colours(grid: Rows) -> Rows | None:
    """Repeat the grid in a square, as many times a side as it has non-empty colours."""
    factor = len({cell for row in grid for cell in row if cell})
    return None if factor < 2 else tile(grid, factor, factor)


def shrink_to_grain(grid: Rows) -> Rows | None:
    """Shrink the blocks the grid is made of to cells: their size is the largest step at which all changes lie."""

    def common_divisor(a: int, b: int) -> int:
        return a if b == 0 else common_divisor(b, a % b)

    down, across = len(grid), len(grid[0])
    for i in range(1, len(grid)):
        if grid[i] != grid[i - 1]:
            down = common_divisor(down, i)
    for j in range(1, len(grid[0])):
        if any(row[j] != row[j - 1] for row in grid):
            across = common_divisor(across, j)
    return None if down * across == 1 else [row[::across] for row in grid[::down]]


def merge_repeats(grid: Rows) -> Rows:
    """Keep one of each run of equal neighbouring rows and columns."""
    rows = [row for i, row in enumerate(grid) if i == 0 or row != grid[i - 1]]
    columns = [list(column) for column in zip(*rows)]
    columns = [column for i, column in enumerate(columns) if i == 0 or column != columns[i - 1]]
    return [list(row) for row in zip(*columns)]


def drop_blank_lines(grid: Rows) -> Rows | None:
    """Remove rows and columns that are wholly empty."""
    rows = [row for row in grid if any(row)]
    columns = [column for column in zip(*rows) if any(column)]
    return [list(row) for row in zip(*columns)] or None


def drop_plain_lines(grid: Rows) -> Rows | None:
    """Remove rows and columns that have one colour only."""
    rows = [row for row in grid if len(set(row)) > 1]
    columns = [column for column in zip(*grid) if len(set(column)) > 1]
    if not rows or not columns:
        return None
    keep = [j for j, column in enumerate(zip(*grid)) if len(set(column)) > 1]
    return [[row[j] for j in keep] for row in rows]


def place_copies(pattern: Rows, copy: Rows) -> Rows | None:
    """Replace every non-empty cell by the input: empty cells become blank blocks."""
    if len(pattern) * len(copy) > 30 or len(pattern[0]) * len(copy[0]) > 30:
        return None
    return [[value if cell else 0 for cell in line for value in row] for line in pattern for row in copy]


def place_copies_of_self(grid: Rows) -> Rows | None:
    """Replace every non-empty cell by the whole grid: empty cells become blank blocks."""
    return place_copies(grid, grid)


def place_copies_coloured(pattern: Rows, copy: Rows) -> Rows | None:
    """Replace every cell by the input's shape: painted in that cell's colour."""
    if len(pattern) * len(copy) > 30 or len(pattern[0]) * len(copy[0]) > 30:
        return None
    return [[cell if value else 0 for cell in line for value in row] for line in pattern for row in copy]


def place_self_coloured(grid: Rows) -> Rows | None:
    """Replace every cell by the grid's shape in that cell's colour."""
    return place_copies_coloured(grid, grid)


def surround_with_mirror(grid: Rows) -> Rows | None:
    """Widen the grid on every side by its own reflection."""
    if len(grid) > 10 or len(grid[0]) > 10:
        return None
    wide = [row[::-1] + row + row[::-1] for row in grid]
    return wide[::-1] + wide + wide[::-1]


def frame_with_edges(grid: Rows) -> Rows | None:
    """Widen the grid by one cell on each side, repeating its edge cells; corners stay empty."""
    if len(grid) > 28 or len(grid[0]) > 28:
        return None
    middle = [[row[0], *row, row[-1]] for row in grid]
    return [[0, *grid[0], 0], *middle, [0, *grid[-1], 0]]


def add_border(grid: Rows) -> Rows | None:
    """Widen the grid by one empty cell on each side."""
    if len(grid) > 28 or len(grid[0]) > 28:
        return None
    blank = [0] * (len(grid[0]) + 2)
    return [blank, *[[0, *row, 0] for row in grid], blank]


def fit_canvas(grid: Rows, height: int, width: int) -> Rows:
    """Put the grid at the top left of a canvas of the given size; what does not fit is cut off."""
    rows = [(row + [0] * width)[:width] for row in grid[:height]]
    return rows + [[0] * width for _ in range(height - len(rows))]


def tile_like_original(grid: Rows, original: Rows) -> Rows:
    """Repeat the grid over a canvas of the input's size."""
    return [[grid[i % len(grid)][j % len(grid[0])] for j in range(len(row))] for i, row in enumerate(original)]


def scale_like_original(grid: Rows, original: Rows) -> Rows | None:
    """Enlarge every cell so that the grid has the input's size; that must be a multiple of its own."""
    if len(original) % len(grid) or len(original[0]) % len(grid[0]):
        return None
    down, across = len(original) // len(grid), len(original[0]) // len(grid[0])
    return [[grid[i // down][j // across] for j in range(len(row))] for i, row in enumerate(original)]


def double_height(grid: Rows) -> Rows | None:
    """Add as many empty rows below as the grid has."""
    return None if len(grid) > 15 else grid + [[0] * len(row) for row in grid]


def double_width(grid: Rows) -> Rows | None:
    """Add as many empty columns on the right as the grid has."""
    return None if len(grid[0]) > 15 else [row + [0] * len(row) for row in grid]
