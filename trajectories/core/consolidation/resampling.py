"""Bands around means over problems: what another draw of as many problems might have given."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1_000
LEVEL = 0.95
_CELLS = 4_000_000
"""Counts held at once while resampling."""
_KEPT_CELLS = 1_000_000
"""Counts of a set of resamples that is kept for the next estimate over the same problems: 8 MB."""
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over `problems`. `low` and `high` bound its band; None where there are fewer than two problems.

    `mean` is None where it is not defined for any problem.
    """

    mean: float | None
    low: float | None
    high: float | None
    problems: int


def mean_bands(
    values: Sequence[Sequence[float | None]] | Floats,
    problems: Sequence[int],
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> list[Estimate]:
    """The mean over problems of each column, with the band that holds LEVEL of the means of resampled problems.

    A row of `values` stands for as many `problems` with the same values; None is a value that is not defined for them,
    and takes no part in the mean. Problems are drawn with replacement (percentile bootstrap, Efron & Tibshirani 1993,
    chapter 13) by a generator of its own with `seed`: the same numbers give the same band.
    """
    if not len(values):
        return []
    # None becomes nan.
    table = np.array(values, dtype=np.float64)
    counts = np.asarray(problems, dtype=np.int64)
    defined = ~np.isnan(table)
    filled = np.where(defined, table, 0.0)
    means = _draw_means(filled, defined, counts, seed, resamples)
    tail = 100 * (1 - LEVEL) / 2
    bounds = np.percentile(means, [tail, 100 - tail], axis=0) if defined.all() else None
    estimates = []
    for column in range(table.shape[1]):
        there = int(counts[defined[:, column]].sum())
        if not there:
            estimates.append(Estimate(None, None, None, 0))
            continue
        mean = float((counts * filled[:, column]).sum() / there)
        drawn = means[:, column][~np.isnan(means[:, column])]
        if there < 2 or not len(drawn):
            estimates.append(Estimate(mean, None, None, there))
            continue
        between = np.percentile(drawn, [tail, 100 - tail]) if bounds is None else bounds[:, column]
        low, high = (float(each) for each in between)
        estimates.append(Estimate(mean, min(low, mean), max(high, mean), there))
    return estimates


def _draw_means(filled: Floats, defined: Flags, counts: Ints, seed: int, resamples: int) -> Floats:
    """The mean of each column in each resample; nan where no problem with a value was drawn."""
    weights, is_whole = defined.astype(np.float64), bool(defined.all())
    parts = []
    for drawn in _resampled(counts, seed, resamples):
        there = counts.sum() if is_whole else drawn @ weights
        with np.errstate(invalid="ignore", divide="ignore"):
            parts.append((drawn @ filled) / there)
    return np.concatenate(parts)


def _resampled(counts: Ints, seed: int, resamples: int) -> Iterator[Floats]:
    """How often each row is in each resample, as many resamples at a time as CELLS allow (resamples, rows)."""
    if resamples * len(counts) <= _KEPT_CELLS:
        yield _kept(counts.tobytes(), seed, resamples)
        return
    generator = np.random.default_rng(seed)
    at_once = max(1, _CELLS // len(counts))
    for start in range(0, resamples, at_once):
        yield _drawn(counts, generator, min(at_once, resamples - start))


@lru_cache(maxsize=2)
def _kept(counts: bytes, seed: int, resamples: int) -> Floats:
    """All resamples of these problems, the same for every column and number of samples."""
    return _drawn(np.frombuffer(counts, np.int64), np.random.default_rng(seed), resamples)


def _drawn(counts: Ints, generator: np.random.Generator, resamples: int) -> Floats:
    # As floating-point numbers, which are exact here: whole numbers are multiplied one by one.
    total = int(counts.sum())
    return generator.multinomial(total, counts / total, size=resamples).astype(np.float64)
