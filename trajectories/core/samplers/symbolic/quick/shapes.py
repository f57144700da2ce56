"""Quick forms of operations on shapes and holes, on bits, see `symbolic.quick`."""

from functools import lru_cache

from trajectories.core.samplers.symbolic.quick.flat import (
    EMPTY_TO_ALL,
    EMPTY_TO_ONE,
    FILLED_TO_ALL,
    FILLED_TO_ONE,
    Flat,
    bits_of,
    both,
    either,
    exchange,
    padded_bits,
    unpadded,
)


@lru_cache(maxsize=1024)
def rim(height: int, width: int) -> int:
    """The bits around a grid, see `padded_bits`."""
    row = bytes(width) + b"\1"
    return bits_of(b"\1" * (width + 1) + row * height + b"\1" * (width + 1))


def outside(width: int, flat: bytes, diagonal: bool) -> bytes:
    """1 where shapes.reach_from_edge comes."""
    around = rim(len(flat) // width, width)
    filled, across, size = padded_bits(width, flat.translate(FILLED_TO_ONE))
    empty = filled ^ ((1 << size) - 1)
    reached, before = around, 0
    while reached != before:
        before = reached
        reached = (reached | _around(reached, across, diagonal)) & empty
    return unpadded(reached, width, size)


def mark_holes(width: int, flat: bytes, diagonal: bool = False) -> Flat:
    """See shapes.mark_holes."""
    return width, both(flat.translate(EMPTY_TO_ONE), outside(width, flat, diagonal).translate(EMPTY_TO_ONE))


def outside_only(width: int, flat: bytes) -> Flat:
    """See shapes.outside_only."""
    return width, outside(width, flat, False)


def fill_holes_alike(width: int, flat: bytes) -> Flat:
    """See shapes.fill_holes_alike."""
    found = bytearray(flat)
    holes = mark_holes(width, flat)[1]
    place = holes.find(1)
    while place >= 0:
        # Reading order: what is on the left of a hole is filled already; at an edge there is none.
        found[place] = found[place - 1]
        place = holes.find(1, place + 1)
    return width, bytes(found)


def _around(bits: int, across: int, diagonal: bool) -> int:
    wide = bits << 1 | bits >> 1
    upright = (bits | wide) if diagonal else bits
    return wide | upright << across | upright >> across


def mark_around(width: int, flat: bytes, diagonal: bool) -> Flat:
    """See shapes.mark_around."""
    bits, across, size = padded_bits(width, flat)
    near = unpadded(_around(bits, across, diagonal) & ~bits & ((1 << size) - 1), width, size)
    return width, near


def mark_corners(width: int, flat: bytes) -> Flat:
    """See shapes.mark_corners."""
    bits, across, size = padded_bits(width, flat)
    near = _around(bits, across, True) & ~_around(bits, across, False) & ~bits & ((1 << size) - 1)
    return width, unpadded(near, width, size)


def _core(width: int, flat: bytes, diagonal: bool) -> bytes:
    bits, across, size = padded_bits(width, flat)
    core = bits & bits << 1 & bits >> 1
    upright = core if diagonal else bits
    return unpadded(core & upright << across & upright >> across, width, size)


def keep_core(width: int, flat: bytes, diagonal: bool) -> Flat:
    """See shapes.keep_core."""
    return width, both(flat, _core(width, flat, diagonal).translate(FILLED_TO_ALL))


def keep_border(width: int, flat: bytes, diagonal: bool) -> Flat:
    """See shapes.keep_border."""
    return width, both(flat, _core(width, flat, diagonal).translate(EMPTY_TO_ALL))


def remove_specks(width: int, flat: bytes) -> Flat:
    """See shapes.remove_specks."""
    found = bytes(len(flat))
    for value in set(flat) - {0}:
        own = flat.translate(exchange(((value, 1),), 0))
        bits, across, size = padded_bits(width, own)
        kept = unpadded(bits & _around(bits, across, True), width, size)
        found = either(found, kept.translate(exchange(((1, value),), 0)))
    return width, found
