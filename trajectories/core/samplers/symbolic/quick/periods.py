"""Quick forms of operations on pictures that repeat, see `symbolic.quick`."""

from trajectories.core.samplers.symbolic.quick.flat import SIDE, Flat, crop, exchange, rows_of


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
