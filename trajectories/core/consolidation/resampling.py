"""Bands around means over problems: what another draw of as many problems might have given."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

RESAMPLES = 1_000
LEVEL = 0.95
_CELLS = 4_000_000
"""Counts held at once while resampling."""


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
    values: Sequence[Sequence[float | None]], problems: Sequence[int], *, seed: int = 0, resamples: int = RESAMPLES
) -> list[Estimate]:
    """The mean over problems of each column, with the band that holds LEVEL of the means of resampled problems.

    A row of `values` stands for as many `problems` with the same values; None is a value that is not defined for them,
    and takes no part in the mean. Problems are drawn with replacement (percentile bootstrap, Efron & Tibshirani 1993,
    chapter 13) by a generator of its own with `seed`: the same numbers give the same band.
    """
    if not values:
        return []
    table = np.array([[np.nan if value is None else value for value in row] for row in values], dtype=np.float64)
    counts = np.asarray(problems, dtype=np.int64)
    defined = ~np.isnan(table)
    filled = np.where(defined, table, 0.0)
    means = _draw_means(filled, defined, counts, np.random.default_rng(seed), resamples)
    tail = 100 * (1 - LEVEL) / 2
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
        low, high = (float(each) for each in np.percentile(drawn, [tail, 100 - tail]))
        estimates.append(Estimate(mean, min(low, mean), max(high, mean), there))
    return estimates


def _draw_means(
    filled: np.ndarray, defined: np.ndarray, counts: np.ndarray, generator: np.random.Generator, resamples: int
) -> np.ndarray:
    """The mean of each column in each resample; nan where no problem with a value was drawn."""
    total = int(counts.sum())
    shares = counts / total
    at_once = max(1, _CELLS // len(counts))
    parts = []
    for start in range(0, resamples, at_once):
        drawn = generator.multinomial(total, shares, size=min(at_once, resamples - start))
        with np.errstate(invalid="ignore", divide="ignore"):
            parts.append((drawn @ filled) / (drawn @ defined))
    return np.concatenate(parts)
