"""Compute-optimal choice (Snell et al. 2024, section 3.2): the best way for problems of each difficulty and budget.

Problems are put into bins by how hard they are, and into two halves by lot. In each half and bin the way is chosen that
scores best there; it is measured on the other half, so that no way is praised by the problems that chose it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trajectories.core.consolidation.resampling import Estimate, mean_bands
from trajectories.core.consolidation.ways.base import Floats, Ints
from trajectories.core.identity import derive_seed

BINS = 5


@dataclass(frozen=True, slots=True, eq=False)
class Option:
    """A way of spending a budget: its score on each problem in [0, 1], nan where it is not defined."""

    title: str
    values: Floats


@dataclass(frozen=True, slots=True)
class Cell:
    """One bin at one budget: what was chosen there, by either half, and what that scores on the other half. `problems`
    is how many are in it; no score where there is none."""

    chosen: tuple[str, ...]
    score: float | None
    problems: int


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a choice by bins scores on problems that did not choose, beside the choice of one option for all of them.

    `left_out` problems have too few samples, or lack a value that some option needs.
    """

    cells: tuple[Cell, ...]
    optimal: Estimate
    single: Estimate
    single_titles: tuple[str, ...]
    left_out: int


def bins_of(ease: Floats, keys: Ints) -> Ints:
    """The bin of each problem, 0 the easiest: equally many in each, equal ones put in order by lot."""
    lots = np.array([derive_seed(key, "bin") % 2**31 for key in keys.tolist()], dtype=np.int64)
    order = np.lexsort((lots, -ease))
    bins = np.empty(len(ease), dtype=np.int64)
    bins[order] = np.arange(len(ease)) * BINS // max(1, len(ease))
    return bins


def halves_of(keys: Ints) -> Ints:
    """The half of each problem, 0 or 1, by lot."""
    return np.array([derive_seed(key, "half") % 2 for key in keys.tolist()], dtype=np.int64)


def choose_by_bin(options: Sequence[Option], bins: Ints, halves: Ints) -> Chosen | None:
    """Choose in each half and measure in the other; None where no problem has a value of every option.

    An option that is defined for no problem is no option. A bin that is empty in one half is chosen for there by the
    whole half.
    """
    there = [each for each in options if not np.isnan(each.values).all()]
    if not there:
        return None
    table = np.stack([each.values for each in there])
    known = ~np.isnan(table).any(axis=0)
    if not known.any():
        return None
    table, bins, halves = table[:, known], bins[known], halves[known]
    scores, singles = np.zeros(len(bins)), np.zeros(len(bins))
    chosen: list[list[int]] = [[] for _ in range(BINS)]
    alone: list[int] = []
    for half in (0, 1):
        learnt, measured = halves != half, halves == half
        if not learnt.any():
            learnt = measured
        if not measured.any():
            continue
        overall = int(table[:, learnt].mean(axis=1).argmax())
        alone.append(overall)
        singles[measured] = table[overall, measured]
        for place in range(BINS):
            mine, theirs = measured & (bins == place), learnt & (bins == place)
            if mine.any():
                best = int(table[:, theirs].mean(axis=1).argmax()) if theirs.any() else overall
                chosen[place].append(best)
                scores[mine] = table[best, mine]
    optimal, single = mean_bands(np.stack([scores, singles], axis=1).tolist(), [1] * len(scores))
    cells = tuple(
        Cell(
            tuple(dict.fromkeys(there[each].title for each in chosen[place])),
            float(scores[bins == place].mean()) if (bins == place).any() else None,
            int((bins == place).sum()),
        )
        for place in range(BINS)
    )
    titles = tuple(dict.fromkeys(there[each].title for each in alone))
    return Chosen(cells, optimal, single, titles, int((~known).sum()))
