"""Quick forms of operations from a grid to pieces, see `symbolic.quick`."""

from collections.abc import Sequence

from trajectories.core.samplers.symbolic.quick.flat import EMPTY_TO_ONE, FlatPiece, crop, exchange, find_box, rows_of
from trajectories.core.samplers.symbolic.quick.shapes import mark_holes
from trajectories.core.samplers.symbolic.values import Piece, Property, Value

MAX_PIECES = 120


def find_objects(width: int, flat: bytes, diagonal: bool, many: bool) -> list[FlatPiece] | None:
    """See segment.find_objects."""
    across = width + 1
    left = bytearray(bytes(across) + b"".join([row + b"\0" for row in rows_of(width, flat)]) + bytes(across + 1))
    corners = (-across - 1, -across + 1, across - 1, across + 1) if diagonal else ()
    steps = (-across, across, -1, 1, *corners)
    whole = bytes(left)
    found: list[FlatPiece] = []
    for start, value in enumerate(whole):
        if not left[start]:
            continue
        left[start] = 0
        places = [start]
        for place in places:
            for step in steps:
                near = left[place + step]
                if near and (many or near == value):
                    left[place + step] = 0
                    places.append(place + step)
        if len(found) == MAX_PIECES:
            return None
        found.append(_cut_piece(whole, across, places))
    return found or None


def _cut_piece(whole: bytes, across: int, places: list[int]) -> FlatPiece:
    """The cells at some places of a padded grid, others of their box empty."""
    if len(places) == 1:
        top, left = divmod(places[0], across)
        return top - 1, left, (1, whole[places[0] : places[0] + 1])
    columns = [place % across for place in places]
    top, left, wide = places[0] // across, min(columns), max(columns) - min(columns) + 1
    rows = bytearray((max(places) // across - top + 1) * wide)
    for place, column in zip(places, columns):
        rows[(place // across - top) * wide + column - left] = whole[place]
    return top - 1, left, (wide, bytes(rows))


def find_boxes(width: int, flat: bytes, diagonal: bool) -> list[FlatPiece] | None:
    """See segment.find_boxes."""
    pieces = find_objects(width, flat, diagonal, False)
    if pieces is None:
        return None
    boxes = [(top, left, len(cells) // wide, wide) for top, left, (wide, cells) in pieces]
    return [(box[0], box[1], crop(width, flat, box)) for box in boxes]


def find_holes(width: int, flat: bytes) -> list[FlatPiece] | None:
    """See segment.find_holes."""
    return find_objects(width, flat.translate(EMPTY_TO_ONE), False, False)


def find_enclosed(width: int, flat: bytes) -> list[FlatPiece] | None:
    """See segment.find_enclosed."""
    return find_objects(*mark_holes(width, flat), False, False)


def split_colours(width: int, flat: bytes) -> list[FlatPiece] | None:
    """See segment.split_colours."""
    pieces = []
    for value in dict.fromkeys(flat):
        own = flat.translate(exchange(((value, value),), 0))
        box = find_box(width, own) if value else None
        if box:
            pieces.append((box[0], box[1], crop(width, own, box)))
    return pieces or None


def cut_equal(width: int, flat: bytes, down: int, across: int) -> list[FlatPiece] | None:
    """See sections.cut_equal."""
    high, wide = len(flat) // width // down, width // across
    if high * down * width != len(flat) or wide * across != width:
        return None
    return [
        (i * high, j * wide, crop(width, flat, (i * high, j * wide, high, wide)))
        for i in range(down)
        for j in range(across)
    ]


def colour_by(
    pieces: Sequence[Piece], flats: Sequence[FlatPiece], measure: Property, colours: dict[Value, int], other: int
) -> list[FlatPiece]:
    """See draw.colour_by."""
    return [
        (top, left, (wide, cells.translate(exchange(((0, 0),), colours.get(measure(piece), other)))))
        for piece, (top, left, (wide, cells)) in zip(pieces, flats)
    ]
