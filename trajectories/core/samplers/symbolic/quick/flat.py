"""Grids as bytes: the cells in reading order, one byte each, and what all quick operations make of them."""

from functools import lru_cache

Flat = tuple[int, bytes]
"""The width of a grid, and its cells in reading order."""

FlatPiece = tuple[int, int, Flat]
"""A piece: the row and column of its top left corner, and its cells."""

SIDE = 30
EMPTY_TO_ONE = bytes([1, *[0] * 255])
FILLED_TO_ONE = bytes([0, *[1] * 255])
FILLED_TO_ALL = bytes([0, *[255] * 255])
EMPTY_TO_ALL = bytes([255, *[0] * 255])
DIGITS = bytes([48, *[49] * 255])
BITS = bytes([code & 1 for code in range(256)])


def rows_of(width: int, flat: bytes) -> list[bytes]:
    """The rows of a grid."""
    return [flat[start : start + width] for start in range(0, len(flat), width)]


def columns_of(width: int, flat: bytes) -> list[bytes]:
    """The columns of a grid."""
    return [flat[start::width] for start in range(width)]


def both(first: bytes, second: bytes) -> bytes:
    """Bits that both have."""
    return (int.from_bytes(first, "little") & int.from_bytes(second, "little")).to_bytes(len(first), "little")


def either(first: bytes, second: bytes) -> bytes:
    """Bits that one or both have."""
    return (int.from_bytes(first, "little") | int.from_bytes(second, "little")).to_bytes(len(first), "little")


def lay_over(top: bytes, bottom: bytes) -> bytes:
    """The upper cells, and the lower ones where those are empty."""
    return either(top, both(bottom, top.translate(EMPTY_TO_ALL)))


@lru_cache(maxsize=4096)
def exchange(pairs: tuple[tuple[int, int], ...], other: int | None = None) -> bytes:
    """The table of `bytes.translate` that exchanges some colours, and all others for `other` where that is given."""
    table = list(range(256)) if other is None else [other] * 256
    for before, after in pairs:
        table[before] = after
    return bytes(table)


def bits_of(cells: bytes) -> int:
    """Cells of 0 and 1 as bits, the first one highest."""
    return int(cells.translate(DIGITS), 2)


def cells_of(bits: int, size: int) -> bytes:
    """Bits as cells of 0 and 1."""
    return format(bits, f"0{size}b").encode().translate(BITS)


def padded_bits(width: int, marked: bytes) -> tuple[int, int, int]:
    """Cells of 0 and not 0 as bits with an empty column and rows around; the width of these rows, and all bits."""
    across = width + 1
    padded = bytes(across) + b"".join([row + b"\0" for row in rows_of(width, marked)]) + bytes(across)
    return bits_of(padded), across, len(padded)


def unpadded(bits: int, width: int, size: int) -> bytes:
    """What `padded_bits` came from, as 0 and 1."""
    across, found = width + 1, cells_of(bits, size)
    return b"".join([found[start : start + width] for start in range(across, size - across, across)])


def find_box(width: int, marked: bytes) -> tuple[int, int, int, int] | None:
    """(top, left, height, width) of the cells that are not 0; None without any."""
    start, end = len(marked) - len(marked.lstrip(b"\0")), len(marked.rstrip(b"\0"))
    if start >= end:
        return None
    top, bottom = start // width, (end - 1) // width
    turned = b"".join(columns_of(width, marked))
    height = len(marked) // width
    left = (len(turned) - len(turned.lstrip(b"\0"))) // height
    right = (len(turned.rstrip(b"\0")) - 1) // height
    return top, left, bottom - top + 1, right - left + 1


def crop(width: int, flat: bytes, box: tuple[int, int, int, int]) -> Flat:
    """See cropping.crop."""
    top, left, height, across = box
    return across, b"".join([flat[r * width + left : r * width + left + across] for r in range(top, top + height)])
