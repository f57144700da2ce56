"""Finding objects: connected parts of a grid, by colour or across colours, with side or corner contact."""

from trajectories.core.samplers.symbolic.grid.cropping import crop, find_box
from trajectories.core.samplers.symbolic.grid.shapes import mark_holes
from trajectories.core.samplers.symbolic.values import Piece, Rows

MAX_PIECES = 120


def gather(grid: Rows, i: int, j: int, diagonal: bool, many: bool, seen: set[tuple[int, int]]) -> list[tuple[int, int]]:
    """The cells connected to (i, j): of the same colour, or of any non-empty colour when `many`."""
    height, width = len(grid), len(grid[0])
    colour = grid[i][j]
    stack = [(i, j)]
    seen.add((i, j))
    cells = []
    while stack:
        y, x = stack.pop()
        cells.append((y, x))
        near = [(y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)]
        if diagonal:
            near += [(y - 1, x - 1), (y - 1, x + 1), (y + 1, x - 1), (y + 1, x + 1)]
        for a, b in near:
            if 0 <= a < height and 0 <= b < width and (a, b) not in seen:
                cell = grid[a][b]
                if cell == colour or (many and cell):
                    seen.add((a, b))
                    stack.append((a, b))
    return cells


def cut_piece(grid: Rows, cells: list[tuple[int, int]]) -> Piece:
    """Cut the given cells out of the grid; the other cells of their bounding box are empty."""
    top, left = min(i for i, j in cells), min(j for i, j in cells)
    height, width = max(i for i, j in cells) - top + 1, max(j for i, j in cells) - left + 1
    rows = [[0] * width for _ in range(height)]
    for i, j in cells:
        rows[i - top][j - left] = grid[i][j]
    return top, left, rows


def find_objects(grid: Rows, diagonal: bool, many: bool) -> list[Piece] | None:
    """Find the connected objects in reading order: cells touch at sides (or corners), in one or many colours."""
    seen: set[tuple[int, int]] = set()
    pieces = []
    for i, row in enumerate(grid):
        for j, cell in enumerate(row):
            if cell and (i, j) not in seen:
                pieces.append(cut_piece(grid, gather(grid, i, j, diagonal, many, seen)))
                if len(pieces) > 120:
                    return None
    return pieces or None


def find_boxes(grid: Rows, diagonal: bool) -> list[Piece] | None:
    """Find objects of one colour and take everything in the bounding box of each."""
    pieces = find_objects(grid, diagonal, False)
    if pieces is None:
        return None
    return [(top, left, crop(grid, top, left, len(rows), len(rows[0]))) for top, left, rows in pieces]


def find_holes(grid: Rows) -> list[Piece] | None:
    """Find the connected empty regions, marked with 1."""
    marked = [[0 if cell else 1 for cell in row] for row in grid]
    return find_objects(marked, False, False)


def take_content(grid: Rows) -> list[Piece] | None:
    """Take all non-empty cells together as one object."""
    box = find_box(grid)
    return [(box[0], box[1], crop(grid, *box))] if box else None


def find_enclosed(grid: Rows) -> list[Piece] | None:
    """Find the empty regions that shapes enclose, marked with 1."""
    return find_objects(mark_holes(grid), False, False)


def split_colours(grid: Rows) -> list[Piece] | None:
    """Take each non-empty colour as one object: its cells, in the order in which the colours appear."""
    colours = list(dict.fromkeys(cell for row in grid for cell in row if cell))
    pieces = []
    for colour in colours:
        box = find_box(grid, colour)
        if box:
            rows = [[cell if cell == colour else 0 for cell in row] for row in crop(grid, *box)]
            pieces.append((box[0], box[1], rows))
    return pieces or None


def split_cells(grid: Rows) -> list[Piece] | None:
    """Take every non-empty cell as an object of its own."""
    pieces = [(i, j, [[cell]]) for i, row in enumerate(grid) for j, cell in enumerate(row) if cell]
    return pieces if 0 < len(pieces) <= 120 else None
