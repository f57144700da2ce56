"""Which way of spending a budget is best for easy and for hard problems, by the stored samples of a scope."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trajectories.core.consolidation.optimal import Chosen, Option, bins_of, choose_by_bin, halves_of
from trajectories.core.consolidation.ways import Group, Value
from trajectories.core.consolidation.ways.base import Floats, Ints
from trajectories.selectors.insights.budgets import EVERY, BudgetReport, Pool

PROBE = 8
"""The first samples of a problem that predict how hard it is."""


@dataclass(frozen=True, slots=True)
class AtBudget:
    """What was chosen with `k` samples a problem."""

    k: int
    chosen: Chosen


@dataclass(frozen=True, slots=True)
class Optimal:
    """The table: a row for each budget. `sources` are the strategies whose samples could be chosen; `problems` those
    that all of them have; `least` and `most` bound the ease of the problems of each bin, in [0, 1]."""

    rows: Sequence[AtBudget]
    sources: Sequence[str]
    problems: int
    least: Sequence[float]
    most: Sequence[float]

    @property
    def saved(self) -> tuple[int, int] | None:
        """(k, k of one option for all): with how few samples the choice by bins reaches what one option for all scores
        with most; None where it does not with fewer."""
        last = self.rows[-1] if self.rows else None
        goal = last.chosen.single.mean if last else None
        if last is None or goal is None:
            return None
        reached = [row.k for row in self.rows if (row.chosen.optimal.mean or 0.0) >= goal]
        return (min(reached), last.k) if reached and min(reached) < last.k else None


def get_optimal(budget: BudgetReport, *, predicted: bool) -> Optimal | None:
    """The table of a scope; None where nothing was drawn without looking at verdicts.

    Problems are binned by the share of right samples (an oracle: it knows the references), or `predicted` by what their
    first PROBE samples show without them.
    """
    pools = budget.pools("strategy")
    drawn = [pool for pool in pools if not pool.adapts and pool.most]
    if not drawn:
        return None
    base = max(drawn, key=lambda pool: pool.most)
    keys = base.stored.problems
    ease = predicted_ease(base) if predicted else base.stored.correct / np.maximum(base.stored.sizes, 1)
    bins, halves = bins_of(ease, keys), halves_of(keys)
    rows = []
    k = 1
    while k <= base.most:
        chosen = choose_by_bin(_options(pools, keys, k), bins, halves)
        if chosen is not None:
            rows.append(AtBudget(k, chosen))
        k *= 2
    places = [bins == place for place in range(int(bins.max(initial=-1)) + 1)]
    return Optimal(
        rows=rows,
        sources=[pool.title for pool in pools],
        problems=len(keys),
        least=[float(ease[mine].min()) if mine.any() else 0.0 for mine in places],
        most=[float(ease[mine].max()) if mine.any() else 0.0 for mine in places],
    )


def predicted_ease(pool: Pool) -> Floats:
    """How easy each problem looks by its first samples: the share of programs that reproduce every training pair, or
    where no program ran the share of samples that give the commonest answer."""
    stored = pool.stored
    fits, answers = stored.values[Value.FITS], stored.answers[Group.MEANING].keys
    ease = np.zeros(len(stored.problems))
    for place, (begin, end) in enumerate(zip(stored.starts[:-1].tolist(), stored.starts[1:].tolist(), strict=True)):
        first = slice(begin, min(end, begin + PROBE))
        ran = fits[first][~np.isnan(fits[first])]
        if len(ran):
            ease[place] = (ran >= 1.0).mean()
        else:
            given = answers[first][answers[first] >= 0]
            ease[place] = np.bincount(given).max(initial=0) / max(1, first.stop - first.start)
    return ease


def _options(pools: Sequence[Pool], keys: Ints, k: int) -> list[Option]:
    """Every way of choosing among k samples of every strategy; of one that goes by verdicts all that it drew, where
    that is no more than k a problem. Ways with several guesses are left out: they answer an easier question."""
    options = []
    for pool in pools:
        size = EVERY if pool.adapts else k
        if (pool.price.samples if pool.adapts else k) > (k if pool.adapts else pool.most):
            continue
        for way in pool.defined():
            if way.guesses == 1:
                title = f"{way.title}, {pool.title}" if len(pools) > 1 else way.title
                values = np.full(len(keys), np.nan)
                values[np.searchsorted(keys, pool.stored.problems)] = pool.estimate(way.name, size).values
                options.append(Option(title, values))
    return options
