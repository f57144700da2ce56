"""Changing objects, putting them on a canvas, and writing down what was counted."""

from trajectories.core.samplers.symbolic.object.properties import main_colour, turned_shape_of
from trajectories.core.samplers.symbolic.values import Change, Piece, Property, Rows, Value


def paint_pieces(canvas: Rows, pieces: list[Piece]) -> Rows:
    """A copy of the canvas with the non-empty cells of the pieces painted on; what sticks out is lost."""
    result = [row[:] for row in canvas]
    height, width = len(result), len(result[0])
    for top, left, rows in pieces:
        for i, row in enumerate(rows, top):
            for j, cell in enumerate(row, left):
                if cell and 0 <= i < height and 0 <= j < width:
                    result[i][j] = cell
    return result


def draw_on_blank(pieces: list[Piece], original: Rows) -> Rows:
    """Draw the objects at their places on an empty canvas of the input's size."""
    return paint_pieces([[0] * len(row) for row in original], pieces)


def draw_on_original(pieces: list[Piece], original: Rows) -> Rows:
    """Draw the objects at their places over the input."""
    return paint_pieces(original, pieces)


def erase_from_original(pieces: list[Piece], original: Rows) -> Rows:
    """Empty the objects' cells in the input."""
    result = [row[:] for row in original]
    height, width = len(result), len(result[0])
    for top, left, rows in pieces:
        for i, row in enumerate(rows, top):
            for j, cell in enumerate(row, left):
                if cell and 0 <= i < height and 0 <= j < width:
                    result[i][j] = 0
    return result


def draw_cropped(pieces: list[Piece]) -> Rows | None:
    """Draw the objects at their places on the smallest canvas that holds them."""
    if not pieces:
        return None
    top, left = min(p[0] for p in pieces), min(p[1] for p in pieces)
    height = max(p[0] + len(p[2]) for p in pieces) - top
    width = max(p[1] + len(p[2][0]) for p in pieces) - left
    if height > 30 or width > 30:
        return None
    return paint_pieces([[0] * width for _ in range(height)], [(p[0] - top, p[1] - left, p[2]) for p in pieces])


def change_each(pieces: list[Piece], change: Change, *details: Value) -> list[Piece] | None:
    """Apply the same change to every object where it stands; None if one cannot be changed so."""
    result = []
    for top, left, rows in pieces:
        changed = change(rows, *details)
        if changed is None:
            return None
        result.append((top, left, changed))
    return result


def fill_box(rows: Rows) -> Rows | None:
    """Fill the empty cells of the bounding box with 1 and empty the object itself."""
    return [[0 if cell else 1 for cell in row] for row in rows]


def number_by(pieces: list[Piece], measure: Property) -> list[Piece]:
    """Paint each object with its rank by the measure: 1 for the highest, 2 for the next, at most 9."""
    values = sorted({measure(piece) for piece in pieces}, reverse=True)
    return [
        (top, left, [[min(9, values.index(measure((top, left, rows))) + 1) if c else 0 for c in row] for row in rows])
        for top, left, rows in pieces
    ]


def colour_by(pieces: list[Piece], measure: Property, colours: dict[Value, int], other: int) -> list[Piece]:
    """Paint each object with the colour that belongs to its measure; objects of any other measure get the last one."""
    result = []
    for piece in pieces:
        top, left, rows = piece
        colour = colours.get(measure(piece), other)
        result.append((top, left, [[colour if c else 0 for c in row] for row in rows]))
    return result


def keep_by(pieces: list[Piece], measure: Property, kept: tuple[Value, ...]) -> list[Piece] | None:
    """Keep the objects whose measure is among the given values."""
    return [piece for piece in pieces if measure(piece) in kept] or None


def drop_by(pieces: list[Piece], measure: Property, dropped: tuple[Value, ...]) -> list[Piece] | None:
    """Remove the objects whose measure is among the given values."""
    return [piece for piece in pieces if measure(piece) not in dropped] or None


def answer_by(grid: Rows, measure: Property, answers: dict[Value, Value]) -> Rows | None:
    """Give the known output that belongs to a property of the whole grid."""
    answer = answers.get(measure((0, 0, grid)))
    return None if answer is None else [list(row) for row in answer]


def paint_alike(pieces: list[Piece]) -> list[Piece] | None:
    """Tell repeated shapes from single ones: 1 where another has the shape up to flips and turns, else 2."""
    shapes = [turned_shape_of(piece) for piece in pieces]
    return [
        (top, left, [[(1 if shapes.count(shape) > 1 else 2) if c else 0 for c in row] for row in rows])
        for (top, left, rows), shape in zip(pieces, shapes)
    ]


def count_in_row(pieces: list[Piece]) -> Rows | None:
    """Draw one cell in a row for each object, in the first object's colour."""
    return [[main_colour(pieces[0])] * len(pieces)] if 0 < len(pieces) <= 30 else None


def count_on_diagonal(pieces: list[Piece]) -> Rows | None:
    """Draw one cell on a diagonal for each object: in the first object's colour."""
    count = len(pieces)
    if not 0 < count <= 30:
        return None
    return [[main_colour(pieces[0]) if i == j else 0 for j in range(count)] for i in range(count)]


def colours_in_row(pieces: list[Piece]) -> Rows | None:
    """Write the objects' main colours in a row."""
    return [[main_colour(piece) for piece in pieces]] if 0 < len(pieces) <= 30 else None


def colours_in_column(pieces: list[Piece]) -> Rows | None:
    """Write the objects' main colours in a column."""
    return [[main_colour(piece)] for piece in pieces] if 0 < len(pieces) <= 30 else None


def count_into_canvas(pieces: list[Piece], height: int, width: int) -> Rows | None:
    """Fill as many cells of a small canvas, in reading order, as there are objects."""
    count = len(pieces)
    if count > height * width:
        return None
    colour = main_colour(pieces[0])
    return [[colour if i * width + j < count else 0 for j in range(width)] for i in range(height)]
