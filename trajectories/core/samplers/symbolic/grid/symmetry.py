"""Flips, turns and completion of symmetric pictures."""

from trajectories.core.samplers.symbolic.values import Rows


def flip_rows(grid: Rows) -> Rows:
    """Turn the grid upside down."""
    return grid[::-1]


def flip_columns(grid: Rows) -> Rows:
    """Mirror the grid from left to right."""
    return [row[::-1] for row in grid]


def transpose(grid: Rows) -> Rows:
    """Swap rows and columns."""
    return [list(column) for column in zip(*grid)]


def flip_antidiagonal(grid: Rows) -> Rows:
    """Mirror the grid in the diagonal from bottom left to top right."""
    return [list(column) for column in zip(*grid[::-1])][::-1]


def rotate_right(grid: Rows) -> Rows:
    """Turn the grid a quarter to the right."""
    return [list(column) for column in zip(*grid[::-1])]


def rotate_left(grid: Rows) -> Rows:
    """Turn the grid a quarter to the left."""
    return [list(column) for column in zip(*grid)][::-1]


def rotate_half(grid: Rows) -> Rows:
    """Turn the grid by half a turn."""
    return [row[::-1] for row in grid[::-1]]


def lay_over(top: Rows, bottom: Rows) -> Rows | None:
    """Lay one grid on another of the same size: empty cells of the upper one let the lower one show."""
    if len(top) != len(bottom) or len(top[0]) != len(bottom[0]):
        return None
    return [[a or b for a, b in zip(upper, lower)] for upper, lower in zip(top, bottom)]


def complete_left_right(grid: Rows) -> Rows | None:
    """Fill empty cells with their mirror image from the other side."""
    return lay_over(grid, flip_columns(grid))


def complete_top_bottom(grid: Rows) -> Rows | None:
    """Fill empty cells with their mirror image from above or below."""
    return lay_over(grid, flip_rows(grid))


def complete_diagonal(grid: Rows) -> Rows | None:
    """Fill empty cells with their mirror image in the main diagonal."""
    return lay_over(grid, transpose(grid))


def complete_four_fold(grid: Rows) -> Rows | None:
    """Fill empty cells from the left-right and the top-bottom mirror image."""
    across = lay_over(grid, flip_columns(grid))
    return across and lay_over(across, flip_rows(across))


def complete_rotation(grid: Rows) -> Rows | None:
    """Fill empty cells from the picture turned by a quarter, a half and three quarters."""
    if len(grid) != len(grid[0]):
        return None
    result = grid
    turned = grid
    for _ in range(3):
        turned = rotate_right(turned)
        result = [[a or b for a, b in zip(upper, lower)] for upper, lower in zip(result, turned)]
    return result


def find_mirror_sum(grid: Rows, hidden: int) -> int | None:
    """Find s such that column j mirrors column s - j wherever neither cell is hidden; None without such an axis."""
    width = len(grid[0])
    best: int | None = None
    for total in range(width // 2, 2 * width - 2 - width // 2 + 1):
        pairs = [(j, total - j) for j in range(width) if j < total - j < width]
        if len(pairs) * 4 < width:
            continue
        agree = all(row[a] == row[b] or row[a] == hidden or row[b] == hidden for a, b in pairs for row in grid)
        if agree and (best is None or abs(total - width + 1) < abs(best - width + 1)):
            best = total
    return best


def fill_from_mirror(grid: Rows, hidden: int) -> Rows:
    """Replace hidden cells by their mirror image across the vertical axis that the visible cells agree on."""
    total = find_mirror_sum(grid, hidden)
    if total is None:
        return grid
    width = len(grid[0])
    return [
        [row[total - j] if cell == hidden and 0 <= total - j < width else cell for j, cell in enumerate(row)]
        for row in grid
    ]


def repair_symmetry(grid: Rows, hidden: int) -> Rows | None:
    """Replace the hidden colour by what the picture's mirror axes (left-right, up-down, diagonal) demand."""
    if not any(hidden in row for row in grid):
        return None
    result = fill_from_mirror(grid, hidden)
    result = transpose(fill_from_mirror(transpose(result), hidden))
    if any(hidden in row for row in result) and len(grid) == len(grid[0]):
        flipped = transpose(result)
        result = [[b if a == hidden else a for a, b in zip(upper, lower)] for upper, lower in zip(result, flipped)]
    return None if result == grid else result
