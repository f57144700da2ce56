"""Where an axis of counts has its ticks, and what they say: plotly.js writes 0.5 as "500m", and 2 billion as "2G"."""

import math
from collections.abc import Sequence

WANTED = 6
"""About so many ticks."""

_WORDS = ((1e9, "bn"), (1e6, "M"), (1e3, "k"))


def count_ticks(values: Sequence[float]) -> list[tuple[float, str]]:
    """(place, label) of ticks from 0, or from the least value below it, to beyond the largest; whole numbers only where
    all values are."""
    low, high = min(0.0, *values), max(0.0, *values)
    step = nice_step((high - low) / WANTED)
    if all(float(value).is_integer() for value in values):
        step = max(1.0, step)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [(place * step, short_count(place * step)) for place in range(first, last + 1)]


def nice_step(least: float) -> float:
    """The smallest of 1, 2 and 5 times a power of ten that is not below this; 1 for nothing."""
    if least <= 0 or not math.isfinite(least):
        return 1.0
    power = 10.0 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least * (1 - 1e-9))


def short_count(value: float) -> str:
    """A count in a few characters: 0.5, 40, 1.5k, 2M, 3bn."""
    for size, word in _WORDS:
        if abs(value) >= size:
            return f"{value / size:.4g}{word}"
    return f"{value:.4g}"
