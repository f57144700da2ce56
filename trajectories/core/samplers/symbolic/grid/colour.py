"""Keeping, removing and exchanging colours."""

from trajectories.core.samplers.symbolic.grid.symmetry import lay_over
from trajectories.core.samplers.symbolic.values import Rows


def keep_colour(grid: Rows, colour: int) -> Rows:
    """Keep the cells of one colour and empty all others."""
    return [[cell if cell == colour else 0 for cell in row] for row in grid]


def remove_colour(grid: Rows, colour: int) -> Rows:
    """Empty the cells of one colour."""
    return [[0 if cell == colour else cell for cell in row] for row in grid]


def recolour(grid: Rows, mapping: dict[int, int]) -> Rows:
    """Exchange colours by a table; colours not in the table stay."""
    return [[mapping.get(cell, cell) for cell in row] for row in grid]


def paint_all(grid: Rows, colour: int) -> Rows:
    """Give every non-empty cell the same colour."""
    return [[colour if cell else 0 for cell in row] for row in grid]


def invert(grid: Rows) -> Rows | None:
    """Exchange empty cells and cells of the one colour the grid has."""
    colours = {cell for row in grid for cell in row if cell}
    if len(colours) != 1:
        return None
    colour = colours.pop()
    return [[0 if cell else colour for cell in row] for row in grid]


def mark_empty(grid: Rows) -> Rows:
    """Mark every empty cell with 1 and empty the others."""
    return [[0 if cell else 1 for cell in row] for row in grid]


def swap_two_colours(grid: Rows) -> Rows | None:
    """Exchange the two non-empty colours of the grid."""
    colours = sorted({cell for row in grid for cell in row if cell})
    if len(colours) != 2:
        return None
    first, second = colours
    return recolour(grid, {first: second, second: first})


def colours_by_count(grid: Rows) -> list[int]:
    """The non-empty colours from most to least frequent; ties by colour."""
    counts: dict[int, int] = {}
    for row in grid:
        for cell in row:
            if cell:
                counts[cell] = counts.get(cell, 0) + 1
    return sorted(counts, key=lambda colour: (-counts[colour], colour))


def first_colour(cells: list[int] | tuple[int, ...]) -> int:
    """The first non-empty colour of a line, 0 without any."""
    for cell in cells:
        if cell:
            return cell
    return 0


def keep_commonest(grid: Rows) -> Rows | None:
    """Keep only the most frequent non-empty colour."""
    colours = colours_by_count(grid)
    return keep_colour(grid, colours[0]) if len(colours) > 1 else None


def keep_rarest(grid: Rows) -> Rows | None:
    """Keep only the least frequent non-empty colour."""
    colours = colours_by_count(grid)
    return keep_colour(grid, colours[-1]) if len(colours) > 1 else None


def remove_commonest(grid: Rows) -> Rows | None:
    """Empty the most frequent non-empty colour."""
    colours = colours_by_count(grid)
    return remove_colour(grid, colours[0]) if len(colours) > 1 else None


def remove_rarest(grid: Rows) -> Rows | None:
    """Empty the least frequent non-empty colour."""
    colours = colours_by_count(grid)
    return remove_colour(grid, colours[-1]) if len(colours) > 1 else None


def paint_all_commonest(grid: Rows) -> Rows | None:
    """Give every non-empty cell the most frequent non-empty colour."""
    colours = colours_by_count(grid)
    return paint_all(grid, colours[0]) if len(colours) > 1 else None


def paint_all_rarest(grid: Rows) -> Rows | None:
    """Give every non-empty cell the least frequent non-empty colour."""
    colours = colours_by_count(grid)
    return paint_all(grid, colours[-1]) if len(colours) > 1 else None


def canvas_of_commonest(grid: Rows) -> Rows | None:
    """Fill the whole grid with the most frequent non-empty colour."""
    colours = colours_by_count(grid)
    return [[colours[0]] * len(row) for row in grid] if colours else None


def canvas_of_rarest(grid: Rows) -> Rows | None:
    """Fill the whole grid with the least frequent non-empty colour."""
    colours = colours_by_count(grid)
    return [[colours[-1]] * len(row) for row in grid] if colours else None


def swap_empty_with_commonest(grid: Rows) -> Rows | None:
    """Exchange empty cells and the most frequent non-empty colour."""
    colours = colours_by_count(grid)
    return recolour(grid, {0: colours[0], colours[0]: 0}) if colours else None


def colour_column(grid: Rows) -> Rows | None:
    """List the non-empty colours from most to least frequent in one column."""
    return [[colour] for colour in colours_by_count(grid)] or None


def colour_bars(grid: Rows) -> Rows | None:
    """Draw a bar for each non-empty colour: as tall as it has cells, the most frequent first."""
    colours = colours_by_count(grid)
    counts = [sum(row.count(colour) for row in grid) for colour in colours]
    if not colours or max(counts) > 30:
        return None
    return [[c if i < n else 0 for c, n in zip(colours, counts)] for i in range(max(counts))]


def sort_cells(grid: Rows) -> Rows | None:
    """Write all non-empty cells in one row, most frequent colour first."""
    cells = [c for colour in colours_by_count(grid) for row in grid for c in row if c == colour]
    return [cells] if 0 < len(cells) <= 30 else None


def count_cells_row(grid: Rows) -> Rows | None:
    """Draw one cell in a row for each non-empty cell, in the most frequent colour."""
    colours = colours_by_count(grid)
    count = sum(1 for row in grid for cell in row if cell)
    return [[colours[0]] * count] if 0 < count <= 30 else None


def where_original(grid: Rows, original: Rows) -> Rows | None:
    """Show the original input wherever this grid is not empty."""
    if len(grid) != len(original) or len(grid[0]) != len(original[0]):
        return None
    return [[b if a else 0 for a, b in zip(upper, lower)] for upper, lower in zip(grid, original)]


def where_original_empty(grid: Rows, original: Rows) -> Rows | None:
    """Keep only the cells that are empty in the original input."""
    if len(grid) != len(original) or len(grid[0]) != len(original[0]):
        return None
    return [[0 if b else a for a, b in zip(upper, lower)] for upper, lower in zip(grid, original)]


def where_changed(grid: Rows, original: Rows) -> Rows | None:
    """Show the original input wherever this grid differs from it."""
    if len(grid) != len(original) or len(grid[0]) != len(original[0]):
        return None
    return [[b if a != b else 0 for a, b in zip(upper, lower)] for upper, lower in zip(grid, original)]


def over_original(grid: Rows, original: Rows) -> Rows | None:
    """Lay the grid over the original input: its empty cells let the input show."""
    return lay_over(grid, original)
