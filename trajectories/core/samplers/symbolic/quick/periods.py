"""Quick forms of operations on pictures that repeat, see `symbolic.quick`."""

from functools import lru_cache

from trajectories.core.samplers.symbolic.quick.flat import (
    EMPTY_TO_ALL,
    SIDE,
    Flat,
    both,
    crop,
    either,
    exchange,
    rows_of,
)
from trajectories.core.samplers.symbolic.quick.turning import transpose


def find_period(width: int, flat: bytes, hidden: int) -> tuple[int, int] | None:
    """See periodic.find_period."""
    height = len(flat) // width
    rows = rows_of(width, flat)
    # Rows twice as wide as the grid: what is shifted by less than its width meets nothing of another row.
    pad = bytes(width)
    seen = exchange(((hidden, 0),) if hidden >= 0 else (), 255)
    number = int.from_bytes(b"".join([row + pad for row in rows]), "little")
    shown = int.from_bytes(b"".join([row.translate(seen) + pad for row in rows]), "little")

    def agrees(shift: int) -> bool:
        return not (number ^ number >> shift) & shown & shown >> shift

    acrosses = [a for a in range(1, width + 1) if a == width or agrees(8 * a)]
    downs = [d for d in range(1, height + 1) if d == height or agrees(16 * width * d)]
    whole = hidden not in flat if hidden >= 0 else True
    sizes = sorted((d * a, d, a) for d in downs for a in acrosses if 2 <= d * a <= len(flat) // 2)
    for _, down, across in sizes:
        if whole or _repeats(rows, hidden, down, across):
            return down, across
    return None


def _repeats(rows: list[bytes], hidden: int, down: int, across: int) -> bool:
    """Whether no two visible cells contradict one another."""
    for first in range(down):
        together = rows[first::down]
        for place in range(across):
            colours = set(b"".join([row[place::across] for row in together]))
            colours.discard(hidden)
            if len(colours) > 1:
                return False
    return True


def smallest_period(width: int, flat: bytes) -> Flat | None:
    """See periodic.smallest_period."""
    period = find_period(width, flat, -1)
    return period and crop(width, flat, (0, 0, *period))


def continue_pattern(width: int, flat: bytes, height: int, across: int) -> Flat | None:
    """See periodic.continue_pattern."""
    down, right = find_period(width, flat, -1) or (len(flat) // width, width)
    if height > SIDE or across > SIDE:
        return None
    rows = [(row[:right] * (across // right + 1))[:across] for row in rows_of(width, flat)[:down]]
    return across, b"".join([rows[i % down] for i in range(height)])


def repair_pattern(width: int, flat: bytes, hidden: int) -> Flat | None:
    """See periodic.repair_pattern."""
    if hidden not in flat:
        return None
    period = find_period(width, flat, hidden)
    if period is None:
        return None
    down, right = period
    rows = rows_of(width, flat)
    found = [bytearray(row) for row in rows]
    for first in range(down):
        for place in range(right):
            cells = b"".join([row[place::right] for row in rows[first::down]])
            if hidden in cells:
                shown = next((value for value in cells if value != hidden), hidden)
                for row in found[first::down]:
                    row[place::right] = row[place::right].replace(bytes([hidden]), bytes([shown]))
    return width, b"".join(found)


def repair_rows(width: int, flat: bytes, hidden: int) -> Flat | None:
    """See periodic.repair_rows."""
    found = b"".join([_repair_row(row, hidden) for row in rows_of(width, flat)])
    return None if found == flat else (width, found)


def repair_columns(width: int, flat: bytes, hidden: int) -> Flat | None:
    """See periodic.repair_columns."""
    turned = repair_rows(*transpose(width, flat), hidden)
    return turned and transpose(*turned)


@lru_cache(maxsize=16384)
def _repair_row(row: bytes, hidden: int) -> bytes:
    for period in range(1, len(row)):
        shown = [row[start::period].replace(bytes([hidden]), b"") for start in range(period)]
        if all(not cells or cells.count(cells[:1]) == len(cells) for cells in shown):
            block = b"".join([cells[:1] or bytes([hidden]) for cells in shown])
            return (block * (len(row) // period + 1))[: len(row)]
    return row


def repair_symmetry(width: int, flat: bytes, hidden: int) -> Flat | None:
    """See symmetry.repair_symmetry."""
    if hidden not in flat:
        return None
    height = len(flat) // width
    across = _fill_from_mirror(width, flat, hidden)
    found = transpose(height, _fill_from_mirror(height, transpose(width, across)[1], hidden))[1]
    if hidden in found and width == height:
        keep = exchange(((hidden, 255),), 0)
        mask = found.translate(keep)
        found = either(both(transpose(width, found)[1], mask), both(found, mask.translate(EMPTY_TO_ALL)))
    return None if found == flat else (width, found)


def _fill_from_mirror(width: int, flat: bytes, hidden: int) -> bytes:
    """See symmetry.fill_from_mirror."""
    total = _find_mirror_sum(width, flat, hidden)
    if total is None or hidden not in flat:
        return flat
    rows = []
    for row in rows_of(width, flat):
        line = bytearray(row)
        place = row.find(hidden)
        while place >= 0:
            if 0 <= total - place < width:
                line[place] = row[total - place]
            place = row.find(hidden, place + 1)
        rows.append(bytes(line))
    return b"".join(rows)


def _find_mirror_sum(width: int, flat: bytes, hidden: int) -> int | None:
    """See symmetry.find_mirror_sum."""
    blank, rows = bytes(width), rows_of(width, flat)
    seen = exchange(((hidden, 0),), 255)
    # Rows twice as wide as the grid: what is shifted by less than its width meets nothing of another row.
    number = int.from_bytes(b"".join([row + blank for row in rows]), "little")
    shown = int.from_bytes(b"".join([row.translate(seen) + blank for row in rows]), "little")
    turned = int.from_bytes(b"".join([row[::-1] + blank for row in rows]), "little")
    turned_shown = int.from_bytes(b"".join([row[::-1].translate(seen) + blank for row in rows]), "little")
    best: int | None = None
    for total in range(width // 2, 2 * width - 2 - width // 2 + 1):
        pairs = (total + 1) // 2 - max(0, total - width + 1)
        if pairs * 4 < width:
            continue
        shift = 8 * (total - width + 1)
        if shift >= 0:
            apart = (number ^ turned << shift) & shown & turned_shown << shift
        else:
            apart = (number ^ turned >> -shift) & shown & turned_shown >> -shift
        if not apart and (best is None or abs(total - width + 1) < abs(best - width + 1)):
            best = total
    return best
