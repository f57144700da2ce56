"""Quick forms of flips, turns, symmetries and falls, see `symbolic.quick`."""

from trajectories.core.samplers.symbolic.quick.flat import Flat, columns_of, lay_over, rows_of


def flip_rows(width: int, flat: bytes) -> Flat:
    """See symmetry.flip_rows."""
    return width, b"".join(rows_of(width, flat)[::-1])


def flip_columns(width: int, flat: bytes) -> Flat:
    """See symmetry.flip_columns."""
    return width, b"".join([row[::-1] for row in rows_of(width, flat)])


def transpose(width: int, flat: bytes) -> Flat:
    """See symmetry.transpose."""
    return len(flat) // width, b"".join(columns_of(width, flat))


def flip_antidiagonal(width: int, flat: bytes) -> Flat:
    """See symmetry.flip_antidiagonal."""
    return len(flat) // width, b"".join(columns_of(width, flat))[::-1]


def rotate_right(width: int, flat: bytes) -> Flat:
    """See symmetry.rotate_right."""
    return len(flat) // width, b"".join([column[::-1] for column in columns_of(width, flat)])


def rotate_left(width: int, flat: bytes) -> Flat:
    """See symmetry.rotate_left."""
    return len(flat) // width, b"".join(columns_of(width, flat)[::-1])


def rotate_half(width: int, flat: bytes) -> Flat:
    """See symmetry.rotate_half."""
    return width, flat[::-1]


def complete_left_right(width: int, flat: bytes) -> Flat:
    """See symmetry.complete_left_right."""
    return width, lay_over(flat, flip_columns(width, flat)[1])


def complete_top_bottom(width: int, flat: bytes) -> Flat:
    """See symmetry.complete_top_bottom."""
    return width, lay_over(flat, flip_rows(width, flat)[1])


def complete_diagonal(width: int, flat: bytes) -> Flat | None:
    """See symmetry.complete_diagonal."""
    return (width, lay_over(flat, transpose(width, flat)[1])) if width * width == len(flat) else None


def complete_four_fold(width: int, flat: bytes) -> Flat:
    """See symmetry.complete_four_fold."""
    across = complete_left_right(width, flat)[1]
    return complete_top_bottom(width, across)


def complete_rotation(width: int, flat: bytes) -> Flat | None:
    """See symmetry.complete_rotation."""
    if width * width != len(flat):
        return None
    found = turned = flat
    for _ in range(3):
        turned = rotate_right(width, turned)[1]
        found = lay_over(found, turned)
    return width, found


def fall_right(width: int, flat: bytes) -> Flat:
    """See gravity.fall_right."""
    return width, b"".join([row.replace(b"\0", b"").rjust(width, b"\0") for row in rows_of(width, flat)])


def fall_left(width: int, flat: bytes) -> Flat:
    """See gravity.fall_left."""
    return width, b"".join([row.replace(b"\0", b"").ljust(width, b"\0") for row in rows_of(width, flat)])


def fall_down(width: int, flat: bytes) -> Flat:
    """See gravity.fall_down."""
    return transpose(*fall_right(*transpose(width, flat)))


def fall_up(width: int, flat: bytes) -> Flat:
    """See gravity.fall_up."""
    return transpose(*fall_left(*transpose(width, flat)))


def roll_down(width: int, flat: bytes) -> Flat:
    """See gravity.roll_down."""
    return width, flat[-width:] + flat[:-width]


def roll_right(width: int, flat: bytes) -> Flat:
    """See gravity.roll_right."""
    return width, b"".join([row[-1:] + row[:-1] for row in rows_of(width, flat)])
