"""Quick forms of repeating, enlarging, shrinking and cropping, see `symbolic.quick`."""

from trajectories.core.samplers.symbolic.quick.flat import SIDE, Flat, columns_of, crop, exchange, find_box, rows_of
from trajectories.core.samplers.symbolic.quick.turning import flip_rows, transpose


def tile(width: int, flat: bytes, down: int, across: int) -> Flat | None:
    """See tiling.tile."""
    if len(flat) // width * down > SIDE or width * across > SIDE:
        return None
    return width * across, b"".join([row * across for row in rows_of(width, flat)]) * down


def scale_up(width: int, flat: bytes, down: int, across: int) -> Flat | None:
    """See tiling.scale_up."""
    height = len(flat) // width
    if height * down > SIDE or width * across > SIDE:
        return None
    wide = bytearray(len(flat) * across)
    for place in range(across):
        wide[place::across] = flat
    return width * across, b"".join([row * down for row in rows_of(width * across, bytes(wide))])


def scale_down(width: int, flat: bytes, down: int, across: int) -> Flat | None:
    """See tiling.scale_down."""
    rows = rows_of(width, flat)
    if len(rows) % down or width % across:
        return None
    return width // across, b"".join([row[::across] for row in rows[::down]])


def mirror_right(width: int, flat: bytes) -> Flat | None:
    """See tiling.mirror_right."""
    return (2 * width, b"".join([row + row[::-1] for row in rows_of(width, flat)])) if width <= SIDE // 2 else None


def mirror_left(width: int, flat: bytes) -> Flat | None:
    """See tiling.mirror_left."""
    return (2 * width, b"".join([row[::-1] + row for row in rows_of(width, flat)])) if width <= SIDE // 2 else None


def mirror_down(width: int, flat: bytes) -> Flat | None:
    """See tiling.mirror_down."""
    return (width, flat + flip_rows(width, flat)[1]) if len(flat) // width <= SIDE // 2 else None


def mirror_up(width: int, flat: bytes) -> Flat | None:
    """See tiling.mirror_up."""
    return (width, flip_rows(width, flat)[1] + flat) if len(flat) // width <= SIDE // 2 else None


def drop_blank_lines(width: int, flat: bytes) -> Flat | None:
    """See tiling.drop_blank_lines."""
    rows = b"".join([row for row in rows_of(width, flat) if row.strip(b"\0")])
    columns = [column for column in columns_of(width, rows) if column.strip(b"\0")]
    return transpose(len(columns[0]), b"".join(columns)) if columns else None


def merge_repeats(width: int, flat: bytes) -> Flat:
    """See tiling.merge_repeats."""
    lines_left = _without_repeats(columns_of(width, b"".join(_without_repeats(rows_of(width, flat)))))
    return transpose(len(lines_left[0]), b"".join(lines_left))


def _without_repeats(given: list[bytes]) -> list[bytes]:
    return [line for place, line in enumerate(given) if place == 0 or line != given[place - 1]]


def crop_content(width: int, flat: bytes) -> Flat | None:
    """See cropping.crop_content."""
    box = find_box(width, flat)
    return box and crop(width, flat, box)


def crop_colour(width: int, flat: bytes, wanted: int) -> Flat | None:
    """See cropping.crop_colour."""
    box = find_box(width, flat.translate(exchange(((wanted, 1),), 0)))
    return box and crop(width, flat, box)
