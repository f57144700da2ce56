"""Choosing among objects (or sections) by comparing them."""

from trajectories.core.samplers.symbolic.values import Piece, Property, Rows, Value


def pick_most(pieces: list[Piece], measure: Property) -> Rows | None:
    """Take the object with the highest measure as the new grid; the first of several."""
    return max(pieces, key=measure)[2] if pieces else None


def pick_least(pieces: list[Piece], measure: Property) -> Rows | None:
    """Take the object with the lowest measure as the new grid; the first of several."""
    return min(pieces, key=measure)[2] if pieces else None


def keep_most(pieces: list[Piece], measure: Property) -> list[Piece]:
    """Keep the objects with the highest measure."""
    top = max(measure(piece) for piece in pieces)
    return [piece for piece in pieces if measure(piece) == top]


def keep_least(pieces: list[Piece], measure: Property) -> list[Piece]:
    """Keep the objects with the lowest measure."""
    low = min(measure(piece) for piece in pieces)
    return [piece for piece in pieces if measure(piece) == low]


def drop_most(pieces: list[Piece], measure: Property) -> list[Piece] | None:
    """Remove the objects with the highest measure."""
    top = max(measure(piece) for piece in pieces)
    return [piece for piece in pieces if measure(piece) != top] or None


def drop_least(pieces: list[Piece], measure: Property) -> list[Piece] | None:
    """Remove the objects with the lowest measure."""
    low = min(measure(piece) for piece in pieces)
    return [piece for piece in pieces if measure(piece) != low] or None


def keep_equal(pieces: list[Piece], measure: Property, value: Value) -> list[Piece] | None:
    """Keep the objects whose measure has the given value."""
    return [piece for piece in pieces if measure(piece) == value] or None


def keep_odd(pieces: list[Piece], measure: Property) -> list[Piece] | None:
    """Keep the objects whose measure no other object shares."""
    values = [measure(piece) for piece in pieces]
    return [piece for piece, value in zip(pieces, values) if values.count(value) == 1] or None


def keep_common(pieces: list[Piece], measure: Property) -> list[Piece] | None:
    """Keep the objects whose measure is shared by the most objects."""
    values = [measure(piece) for piece in pieces]
    top = max(values.count(value) for value in values)
    return None if top == 1 else [piece for piece, value in zip(pieces, values) if values.count(value) == top]


def pick_odd(pieces: list[Piece], measure: Property) -> Rows | None:
    """Take the one object whose measure no other shares as the new grid."""
    kept = keep_odd(pieces, measure)
    return kept[0][2] if kept and len(pieces) > 1 else None


def pick_common(pieces: list[Piece], measure: Property) -> Rows | None:
    """Take the first object whose measure most objects share as the new grid."""
    kept = keep_common(pieces, measure)
    return kept[0][2] if kept else None


def pick_only(pieces: list[Piece]) -> Rows | None:
    """Take the only object that is left as the new grid."""
    return pieces[0][2] if len(pieces) == 1 else None


def sort_pieces(pieces: list[Piece], measure: Property) -> list[Piece]:
    """Order the objects from the lowest to the highest measure."""
    return sorted(pieces, key=measure)


def touching_edge(pieces: list[Piece], original: Rows) -> list[Piece] | None:
    """Keep the objects that touch the edge of the input."""
    height, width = len(original), len(original[0])
    return [
        (top, left, rows)
        for top, left, rows in pieces
        if top == 0 or left == 0 or top + len(rows) == height or left + len(rows[0]) == width
    ] or None


def off_edge(pieces: list[Piece], original: Rows) -> list[Piece] | None:
    """Keep the objects that do not touch the edge of the input."""
    height, width = len(original), len(original[0])
    return [
        (top, left, rows)
        for top, left, rows in pieces
        if top > 0 and left > 0 and top + len(rows) < height and left + len(rows[0]) < width
    ] or None
