"""Quick forms of marking empty rectangles and plain lines, see `symbolic.quick`."""

from functools import lru_cache

from trajectories.core.samplers.symbolic.quick.flat import (
    EMPTY_TO_ONE,
    Flat,
    both,
    columns_of,
    padded_bits,
    rows_of,
    unpadded,
)


def _corners(bits: int, across: int, height: int, wide: int) -> int:
    """The top left corners of the rectangles of a size that are 1 throughout."""
    line = bits
    for place in range(1, wide):
        line &= bits << place
    found = line
    for row in range(1, height):
        found &= line << row * across
    return found


def _filled(corners: int, across: int, height: int, wide: int) -> int:
    """The cells of the rectangles with these corners."""
    line = corners
    for place in range(1, wide):
        line |= corners >> place
    found = line
    for row in range(1, height):
        found |= line >> row * across
    return found


def mark_empty_blocks(width: int, flat: bytes, height: int, wide: int) -> Flat | None:
    """See blocks.mark_empty_blocks."""
    bits, across, size = padded_bits(width, flat.translate(EMPTY_TO_ONE))
    corners = _corners(bits, across, height, wide)
    return (width, unpadded(_filled(corners, across, height, wide), width, size)) if corners else None


def mark_separate_blocks(width: int, flat: bytes, height: int, wide: int) -> Flat | None:
    """See blocks.mark_separate_blocks."""
    bits, across, size = padded_bits(width, flat.translate(EMPTY_TO_ONE))
    corners, taken = _corners(bits, across, height, wide), 0
    if not corners:
        return None
    overlaps, middle = _overlaps(across, height, wide)
    while corners:
        first = corners.bit_length() - 1  # the first in reading order is the highest bit
        taken |= 1 << first
        corners &= ~(overlaps << first >> middle)
    return width, unpadded(_filled(taken, across, height, wide), width, size)


@lru_cache(maxsize=1024)
def _overlaps(across: int, height: int, wide: int) -> tuple[int, int]:
    """The corners of rectangles that overlap one, as bits, and which of the bits is its own."""
    middle = height * across + wide
    places = {row * across + place for row in range(1 - height, height) for place in range(1 - wide, wide)}
    return sum(1 << middle - place for place in places), middle


def is_plain(line: bytes) -> bool:
    """Whether a line has one colour."""
    return line.count(line[:1]) == len(line)


def keep_lines(width: int, flat: bytes) -> Flat:
    """See blocks.keep_lines."""
    mask = bytes([255 * is_plain(column) for column in columns_of(width, flat)])
    return width, b"".join([row if is_plain(row) else both(row, mask) for row in rows_of(width, flat)])


def remove_lines(width: int, flat: bytes) -> Flat:
    """See blocks.remove_lines."""
    mask = bytes([255 - 255 * is_plain(column) for column in columns_of(width, flat)])
    blank = bytes(width)
    return width, b"".join([blank if is_plain(row) else both(row, mask) for row in rows_of(width, flat)])


def odd_columns(width: int, flat: bytes) -> Flat:
    """See shapes.odd_columns."""
    return width, both(flat, (b"\xff\0" * width)[:width] * (len(flat) // width))


def odd_rows(width: int, flat: bytes) -> Flat:
    """See shapes.odd_rows."""
    return width, both(flat, ((b"\xff" * width + bytes(width)) * (len(flat) // width))[: len(flat)])


def unify_rows(width: int, flat: bytes) -> Flat:
    """See gravity.unify_rows."""
    return width, b"".join([_commonest(row) * width for row in rows_of(width, flat)])


def unify_columns(width: int, flat: bytes) -> Flat:
    """See gravity.unify_columns."""
    return width, b"".join([_commonest(column) for column in columns_of(width, flat)]) * (len(flat) // width)


@lru_cache(maxsize=16384)
def _commonest(line: bytes) -> bytes:
    return bytes([max(set(line), key=lambda cell: (line.count(cell), -cell))])
