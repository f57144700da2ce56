"""Quick forms of operations that look at the original input as well, see `symbolic.quick`."""

from collections.abc import Sequence
from functools import lru_cache

from trajectories.core.samplers.symbolic.quick.flat import (
    EMPTY_TO_ALL,
    FILLED_TO_ALL,
    Flat,
    FlatPiece,
    both,
    crop,
    exchange,
    find_box,
    lay_over,
    rows_of,
)
from trajectories.core.samplers.symbolic.quick.tiling import scale_up


def _alike(width: int, flat: bytes, original: Flat) -> bool:
    return width == original[0] and len(flat) == len(original[1])


def where_original(width: int, flat: bytes, original: Flat) -> Flat | None:
    """See colour.where_original."""
    if not _alike(width, flat, original):
        return None
    return width, both(original[1], flat.translate(FILLED_TO_ALL))


def where_original_empty(width: int, flat: bytes, original: Flat) -> Flat | None:
    """See colour.where_original_empty."""
    return (width, both(flat, original[1].translate(EMPTY_TO_ALL))) if _alike(width, flat, original) else None


def where_changed(width: int, flat: bytes, original: Flat) -> Flat | None:
    """See colour.where_changed."""
    if not _alike(width, flat, original):
        return None
    apart = int.from_bytes(flat, "little") ^ int.from_bytes(original[1], "little")
    return width, both(original[1], apart.to_bytes(len(flat), "little").translate(FILLED_TO_ALL))


def over_original(width: int, flat: bytes, original: Flat) -> Flat | None:
    """See colour.over_original."""
    return (width, lay_over(flat, original[1])) if _alike(width, flat, original) else None


def crop_at_colour_of(width: int, flat: bytes, original: Flat, wanted: int) -> Flat | None:
    """See cropping.crop_at_colour_of."""
    box = _box_of(original, wanted) if _alike(width, flat, original) else None
    return box and crop(width, flat, box)


@lru_cache(maxsize=1024)
def _box_of(grid: Flat, wanted: int) -> tuple[int, int, int, int] | None:
    return find_box(grid[0], grid[1].translate(exchange(((wanted, 1),), 0)))


def tile_like_original(width: int, flat: bytes, original: Flat) -> Flat:
    """See tiling.tile_like_original."""
    across, height = original[0], len(original[1]) // original[0]
    rows = [(row * (across // width + 1))[:across] for row in rows_of(width, flat)]
    return across, b"".join((rows * (height // len(rows) + 1))[:height])


def scale_like_original(width: int, flat: bytes, original: Flat) -> Flat | None:
    """See tiling.scale_like_original."""
    height, across = len(flat) // width, original[0]
    high = len(original[1]) // across
    if high % height or across % width:
        return None
    return scale_up(width, flat, high // height, across // width)


def draw_on_blank(pieces: Sequence[FlatPiece], original: Flat) -> Flat:
    """See draw.draw_on_blank."""
    width, cells = original
    return width, _paint(width, bytes(len(cells)), pieces)


def draw_on_original(pieces: Sequence[FlatPiece], original: Flat) -> Flat:
    """See draw.draw_on_original."""
    width, cells = original
    return width, _paint(width, cells, pieces)


def erase_from_original(pieces: Sequence[FlatPiece], original: Flat) -> Flat:
    """See draw.erase_from_original."""
    width, cells = original
    gone = _paint(width, bytes(len(cells)), pieces)
    return width, both(cells, gone.translate(EMPTY_TO_ALL))


def _paint(width: int, canvas: bytes, pieces: Sequence[FlatPiece]) -> bytes:
    """The canvas with the pieces' cells that are not empty; what sticks out is lost."""
    result, height = bytearray(canvas), len(canvas) // width
    for top, left, (wide, cells) in pieces:
        inside = left >= 0 and left + wide <= width
        for row, start in enumerate(range(0, len(cells), wide), top):
            if not 0 <= row < height:
                continue
            line, place = cells[start : start + wide], row * width + left
            if inside and 0 not in line:
                result[place : place + wide] = line
                continue
            for column, cell in enumerate(line, left):
                if cell and 0 <= column < width:
                    result[row * width + column] = cell
    return bytes(result)
