"""Cutting a grid into sections and laying sections on one another or side by side."""

from trajectories.core.samplers.symbolic.grid.colour import colours_by_count, first_colour
from trajectories.core.samplers.symbolic.values import Piece, Rows


def cut_equal(grid: Rows, down: int, across: int) -> list[Piece] | None:
    """Cut the grid into `down` by `across` sections of the same size."""
    height, width = len(grid) // down, len(grid[0]) // across
    if height * down != len(grid) or width * across != len(grid[0]):
        return None
    return [
        (i * height, j * width, [row[j * width : (j + 1) * width] for row in grid[i * height : (i + 1) * height]])
        for i in range(down)
        for j in range(across)
    ]


def spans_between(length: int, lines: list[int]) -> list[tuple[int, int]]:
    """The (start, end) of what lies between separating lines."""
    starts, ends = [0, *[line + 1 for line in lines]], [*lines, length]
    return [(start, end) for start, end in zip(starts, ends) if end > start]


def cut_at_lines(grid: Rows) -> list[Piece] | None:
    """Cut the grid at its dividing lines: rows and columns that have one colour from edge to edge."""
    for colour in colours_by_count(grid):
        rows = [i for i, row in enumerate(grid) if all(cell == colour for cell in row)]
        columns = [j for j, column in enumerate(zip(*grid)) if all(cell == colour for cell in column)]
        if rows or columns:
            down, across = spans_between(len(grid), rows), spans_between(len(grid[0]), columns)
            if 1 < len(down) * len(across) <= 100:
                return [(a, c, [row[c:d] for row in grid[a:b]]) for a, b in down for c, d in across]
    return None


def cut_at_blanks(grid: Rows) -> list[Piece] | None:
    """Cut the grid at rows and columns that are wholly empty."""
    rows = [i for i, row in enumerate(grid) if not any(row)]
    columns = [j for j, column in enumerate(zip(*grid)) if not any(column)]
    down, across = spans_between(len(grid), rows), spans_between(len(grid[0]), columns)
    if not 1 < len(down) * len(across) <= 100:
        return None
    return [(a, c, [row[c:d] for row in grid[a:b]]) for a, b in down for c, d in across]


def cut_rows(grid: Rows) -> list[Piece] | None:
    """Take every row as a section of its own."""
    return [(i, 0, [row]) for i, row in enumerate(grid)] if len(grid) > 1 else None


def cut_columns(grid: Rows) -> list[Piece] | None:
    """Take every column as a section of its own."""
    return [(0, j, [[cell] for cell in column]) for j, column in enumerate(zip(*grid))] if len(grid[0]) > 1 else None


def same_size(pieces: list[Piece]) -> bool:
    """Whether there are at least two sections, all of the same size."""
    shapes = {(len(rows), len(rows[0])) for _, _, rows in pieces}
    return len(pieces) > 1 and len(shapes) == 1


def overlay_first(pieces: list[Piece]) -> Rows | None:
    """Lay the sections on one another, the first on top; empty cells let the next one show."""
    if not same_size(pieces):
        return None
    return [[first_colour(cells) for cells in zip(*rows)] for rows in zip(*[p[2] for p in pieces])]


def overlay_last(pieces: list[Piece]) -> Rows | None:
    """Lay the sections on one another, the last on top; empty cells let the one below show."""
    return overlay_first(pieces[::-1])


def where_all(pieces: list[Piece]) -> Rows | None:
    """Keep the cells that are non-empty in all sections, in the first one's colours."""
    if not same_size(pieces):
        return None
    return [[cells[0] if all(cells) else 0 for cells in zip(*rows)] for rows in zip(*[p[2] for p in pieces])]


def where_none(pieces: list[Piece]) -> Rows | None:
    """Mark with 1 the cells that are empty in all sections."""
    if not same_size(pieces):
        return None
    return [[0 if any(cells) else 1 for cells in zip(*rows)] for rows in zip(*[p[2] for p in pieces])]


def where_one(pieces: list[Piece]) -> Rows | None:
    """Keep the cells that are non-empty in exactly one section."""
    if not same_size(pieces):
        return None
    return [
        [sum(cells) if sum(1 for c in cells if c) == 1 else 0 for cells in zip(*rows)]
        for rows in zip(*[p[2] for p in pieces])
    ]


def where_first_only(pieces: list[Piece]) -> Rows | None:
    """Keep the cells of the first section that are empty in all others."""
    if not same_size(pieces):
        return None
    return [[0 if any(cells[1:]) else cells[0] for cells in zip(*rows)] for rows in zip(*[p[2] for p in pieces])]


def where_last_only(pieces: list[Piece]) -> Rows | None:
    """Keep the cells of the last section that are empty in all others."""
    return where_first_only(pieces[::-1])


def where_equal(pieces: list[Piece]) -> Rows | None:
    """Keep the cells in which all sections have the same colour."""
    if not same_size(pieces):
        return None
    return [[cells[0] if len(set(cells)) == 1 else 0 for cells in zip(*rows)] for rows in zip(*[p[2] for p in pieces])]


def most_frequent_cells(pieces: list[Piece]) -> Rows | None:
    """Give each cell the colour that most sections have there."""
    if not same_size(pieces):
        return None
    return [
        [max(cells, key=lambda c: (cells.count(c), -c)) for cells in zip(*rows)]
        for rows in zip(*[p[2] for p in pieces])
    ]


def join_across(pieces: list[Piece]) -> Rows | None:
    """Put the sections side by side, the first on the left."""
    heights = {len(rows) for _, _, rows in pieces}
    if len(heights) != 1 or len(pieces) < 2 or sum(len(p[2][0]) for p in pieces) > 30:
        return None
    return [[cell for row in rows for cell in row] for rows in zip(*[p[2] for p in pieces])]


def join_down(pieces: list[Piece]) -> Rows | None:
    """Put the sections below one another, the first on top."""
    widths = {len(rows[0]) for _, _, rows in pieces}
    if len(widths) != 1 or len(pieces) < 2 or sum(len(p[2]) for p in pieces) > 30:
        return None
    return [row for piece in pieces for row in piece[2]]


def join_across_padded(pieces: list[Piece]) -> Rows | None:
    """Put the pieces side by side on one base line, the first on the left."""
    height = max((len(piece[2]) for piece in pieces), default=0)
    if len(pieces) < 2 or height > 30 or sum(len(piece[2][0]) for piece in pieces) > 30:
        return None
    padded = [[[0] * len(rows[0])] * (height - len(rows)) + rows for _, _, rows in pieces]
    return [[cell for row in rows for cell in row] for rows in zip(*padded)]


def join_down_padded(pieces: list[Piece]) -> Rows | None:
    """Put the pieces below one another, left edges in line, the first on top."""
    width = max((len(piece[2][0]) for piece in pieces), default=0)
    if len(pieces) < 2 or width > 30 or sum(len(piece[2]) for piece in pieces) > 30:
        return None
    return [row + [0] * (width - len(row)) for piece in pieces for row in piece[2]]


def one_cell_each(pieces: list[Piece]) -> Rows | None:
    """Shrink each section to one cell: its most frequent non-empty colour, in the same layout."""
    tops, lefts = sorted({p[0] for p in pieces}), sorted({p[1] for p in pieces})
    if not 1 < len(tops) * len(lefts) <= 900 or len(tops) > 30 or len(lefts) > 30:
        return None
    result = [[0] * len(lefts) for _ in tops]
    for top, left, rows in pieces:
        colours = colours_by_count(rows)
        result[tops.index(top)][lefts.index(left)] = colours[0] if colours else 0
    return result


def one_cell_each_full(pieces: list[Piece]) -> Rows | None:
    """Shrink each section to one cell: its colour if every cell of it has the same, else empty."""
    tops, lefts = sorted({p[0] for p in pieces}), sorted({p[1] for p in pieces})
    if not 1 < len(tops) * len(lefts) <= 900 or len(tops) > 30 or len(lefts) > 30:
        return None
    result = [[0] * len(lefts) for _ in tops]
    for top, left, rows in pieces:
        colours = {cell for row in rows for cell in row}
        result[tops.index(top)][lefts.index(left)] = colours.pop() if len(colours) == 1 else 0
    return result
