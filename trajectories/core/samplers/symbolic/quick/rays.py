"""Quick forms of drawing lines, growing and smoothing, see `symbolic.quick`."""

from collections.abc import Mapping
from functools import lru_cache

from trajectories.core.samplers.symbolic.grid import lines
from trajectories.core.samplers.symbolic.quick.flat import (
    EMPTY_TO_ALL,
    EMPTY_TO_ONE,
    Flat,
    exchange,
    lay_over,
    rows_of,
)
from trajectories.core.samplers.symbolic.quick.turning import transpose

LINES_KEPT = 16384
"""Lines of cells whose continuation is remembered: the same come up again and again."""

Way = tuple[int, int]
CROSSING: Mapping[tuple[Way, ...], tuple[Way, ...]] = {
    ((0, -1), (0, 1)): ((0, 1), (0, -1)),
    ((-1, 0), (1, 0)): ((1, 0), (-1, 0)),
    ((-1, 0), (1, 0), (0, -1), (0, 1)): ((1, 0), (0, 1), (0, -1), (-1, 0)),
}
"""Several directions in the order in which their lines win where they meet: that of the cells they start from.
Of slanted ones that order hangs on how far off these are."""


def pad(width: int, flat: bytes, fill: bytes = b"\0") -> int:
    """The cells as one number, the first lowest, with a column beside them and a row above and below."""
    edge = fill * (width + 1)
    return int.from_bytes(edge + b"".join([row + fill for row in rows_of(width, flat)]) + edge, "little")


def unpad(number: int, width: int, size: int) -> bytes:
    """What `pad` came from, of so many cells."""
    across = width + 1
    found = number.to_bytes(size // width * across + 2 * across, "little")
    return b"".join([found[start : start + width] for start in range(across, len(found) - across, across)])


def _shifted(number: int, cells: int) -> int:
    return number << 8 * cells if cells >= 0 else number >> -8 * cells


def shoot(width: int, flat: bytes, directions: tuple[Way, ...]) -> Flat:
    """See lines.shoot."""
    order = directions if len(directions) == 1 else CROSSING.get(directions)
    if order is None:
        shown = lines.shoot([list(row) for row in rows_of(width, flat)], directions)
        return width, b"".join(map(bytes, shown))
    return width, _shoot(width, flat, flat, order)


def shoot_colour(width: int, flat: bytes, shooting: int, directions: tuple[Way, ...]) -> Flat:
    """See lines.shoot_colour."""
    return width, _shoot(width, flat, flat.translate(exchange(((shooting, shooting),), 0)), directions)


def _shoot(width: int, flat: bytes, starts: bytes, directions: tuple[Way, ...]) -> bytes:
    empty = pad(width, flat.translate(EMPTY_TO_ALL))
    first = pad(width, starts)
    found = flat
    for down, right in directions:
        drawn, free, steps = first, empty, down * (width + 1) + right
        # Lines grow to twice their length each time: a cell takes what is as far off as all cells between are free.
        for _ in range((max(width, len(flat) // width) - 1).bit_length()):
            drawn |= free & _shifted(drawn, steps)
            free &= _shifted(free, steps)
            steps *= 2
        found = lay_over(found, unpad(drawn, width, len(flat)))
    return found


def grow(width: int, flat: bytes, diagonal: bool) -> Flat:
    """See shapes.grow."""
    number, across = pad(width, flat), width + 1
    # In reading order of the cells that grow, the first of which wins.
    places = (-across - 1, -across, -across + 1, -1, 1, across - 1, across, across + 1)
    found = flat
    for place in places if diagonal else (-across, -1, 1, across):
        found = lay_over(found, unpad(_shifted(number, -place), width, len(flat)))
    return width, found


def smooth(width: int, flat: bytes) -> Flat:
    """See shapes.smooth."""
    across, best = width + 1, bytes(len(flat))
    for value in sorted(set(flat)):
        own = flat.translate(exchange(((value, 1),), 0))
        number = pad(width, own)
        wide = number + _shifted(number, 1) + _shifted(number, -1)
        near = unpad(wide + _shifted(wide, across) + _shifted(wide, -across), width, len(flat))
        # How often the colour is near, then whether it is the cell's own, then how small it is, as one number.
        best = bytes(map(max, best, [20 * n + 10 * o + 9 - value for n, o in zip(near, own)]))
    return width, best.translate(LAST_DIGITS)


LAST_DIGITS = bytes([9 - code % 10 for code in range(256)])


def connect_rows(width: int, flat: bytes) -> Flat:
    """See lines.connect_rows."""
    return width, b"".join([connect_row(row) for row in rows_of(width, flat)])


@lru_cache(maxsize=LINES_KEPT)
def connect_row(row: bytes) -> bytes:
    """One row of it."""
    line, last = bytearray(row), -1
    for place, cell in enumerate(row):
        if cell:
            if last >= 0 and row[last] == cell:
                line[last:place] = row[last : last + 1] * (place - last)
            last = place
    return bytes(line)


def connect_columns(width: int, flat: bytes) -> Flat:
    """See lines.connect_columns."""
    return transpose(*connect_rows(*transpose(width, flat)))


def connect_lines(width: int, flat: bytes) -> Flat:
    """See lines.connect_lines."""
    return width, lay_over(connect_columns(width, flat)[1], connect_rows(width, flat)[1])


def fill_rows(width: int, flat: bytes) -> Flat:
    """See lines.fill_rows."""
    return width, b"".join([fill_row(row) for row in rows_of(width, flat)])


@lru_cache(maxsize=LINES_KEPT)
def fill_row(row: bytes) -> bytes:
    """One row of it."""
    filled = row.replace(b"\0", b"")
    return filled[:1] * len(row) if filled and filled.count(filled[:1]) == len(filled) else row


def fill_columns(width: int, flat: bytes) -> Flat:
    """See lines.fill_columns."""
    return transpose(*fill_rows(*transpose(width, flat)))


def mark_between_in_rows(width: int, flat: bytes) -> Flat:
    """See lines.mark_between_in_rows."""
    return width, b"".join([mark_between(row) for row in rows_of(width, flat)])


@lru_cache(maxsize=LINES_KEPT)
def mark_between(row: bytes) -> bytes:
    """One row of it."""
    kept = row.rstrip(b"\0")
    inside = kept.lstrip(b"\0").translate(EMPTY_TO_ONE)
    return inside.rjust(len(kept), b"\0").ljust(len(row), b"\0")


def mark_between_in_columns(width: int, flat: bytes) -> Flat:
    """See lines.mark_between_in_columns."""
    return transpose(*mark_between_in_rows(*transpose(width, flat)))


def extend_rows(width: int, flat: bytes) -> Flat:
    """See lines.extend_rows."""
    return width, b"".join([extend_row(row) for row in rows_of(width, flat)])


@lru_cache(maxsize=LINES_KEPT)
def extend_row(row: bytes) -> bytes:
    """One row of it."""
    start = row.rstrip(b"\0")
    end = len(start)
    period = next((step for step in range(1, end) if start[step:] == start[:-step]), end)
    return (row[:period] * (len(row) // period + 1))[: len(row)] if period else row


def extend_columns(width: int, flat: bytes) -> Flat:
    """See lines.extend_columns."""
    return transpose(*extend_rows(*transpose(width, flat)))
