"""Repairing and continuing pictures that repeat."""

from trajectories.core.samplers.symbolic.values import Rows


def find_period(grid: Rows, hidden: int) -> tuple[int, int] | None:
    """The smallest (down, across) steps after which the picture repeats wherever it is not hidden."""
    height, width = len(grid), len(grid[0])
    for area in range(2, height * width // 2 + 1):
        for down in range(1, min(area, height) + 1):
            across = area // down
            if down * across != area or across > width:
                continue
            seen: dict[tuple[int, int], int] = {}
            if all(
                cell == hidden or seen.setdefault((i % down, j % across), cell) == cell
                for i, row in enumerate(grid)
                for j, cell in enumerate(row)
            ):
                return down, across
    return None


def period_cells(grid: Rows, hidden: int, down: int, across: int) -> dict[tuple[int, int], int]:
    """The visible colour at each place of the repeating block."""
    return {(i % down, j % across): cell for i, row in enumerate(grid) for j, cell in enumerate(row) if cell != hidden}


def repair_pattern(grid: Rows, hidden: int) -> Rows | None:
    """Replace the hidden colour by what the repeating pattern demands."""
    if not any(hidden in row for row in grid):
        return None
    period = find_period(grid, hidden)
    if period is None:
        return None
    cells = period_cells(grid, hidden, *period)
    return [
        [cells.get((i % period[0], j % period[1]), hidden) if cell == hidden else cell for j, cell in enumerate(row)]
        for i, row in enumerate(grid)
    ]


def repair_rows(grid: Rows, hidden: int) -> Rows | None:
    """Replace the hidden colour row by row: each row repeats with its own shortest period."""
    result = []
    for row in grid:
        line = row
        for period in range(1, len(row)):
            seen: dict[int, int] = {}
            if all(cell == hidden or seen.setdefault(j % period, cell) == cell for j, cell in enumerate(row)):
                line = [seen.get(j % period, hidden) for j in range(len(row))]
                break
        result.append(line)
    return None if result == grid else result


def repair_columns(grid: Rows, hidden: int) -> Rows | None:
    """Replace the hidden colour column by column: each repeats with its own shortest period."""
    turned = repair_rows([list(column) for column in zip(*grid)], hidden)
    return turned and [list(row) for row in zip(*turned)]


def smallest_period(grid: Rows) -> Rows | None:
    """Cut out the smallest block whose repetition makes the whole grid."""
    period = find_period(grid, -1)
    return period and [row[: period[1]] for row in grid[: period[0]]]


def continue_pattern(grid: Rows, height: int, width: int) -> Rows | None:
    """Continue the repeating pattern over a canvas of the given size."""
    period = find_period(grid, -1) or (len(grid), len(grid[0]))
    if height > 30 or width > 30:
        return None
    return [[grid[i % period[0]][j % period[1]] for j in range(width)] for i in range(height)]


def fill_diagonals(grid: Rows) -> Rows | None:
    """Repeat the diagonals' colours: along lines from bottom left to top right over the whole grid."""
    for period in range(2, 8):
        seen: dict[int, int] = {}
        if all(
            seen.setdefault((i + j) % period, cell) == cell
            for i, row in enumerate(grid)
            for j, cell in enumerate(row)
            if cell
        ):
            if len(seen) < 2:
                return None
            return [[seen.get((i + j) % period, 0) for j in range(len(row))] for i, row in enumerate(grid)]
    return None
