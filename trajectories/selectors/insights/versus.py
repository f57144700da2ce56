"""Run against run: what both score on the problems that they share, and how sure a difference is."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trajectories.core.consolidation.paired import Difference, Discordant, discordant, paired_bootstrap
from trajectories.core.consolidation.resampling import Estimate, mean_bands
from trajectories.core.faults import Fault
from trajectories.models import Problem, Run
from trajectories.selectors.blinding import Sight
from trajectories.selectors.insights.budgets import EVERY, BudgetScope, Pool, get_budget
from trajectories.selectors.insights.scopes import InsightScope


@dataclass(frozen=True, slots=True)
class SharedProblem:
    """A problem of both runs with the score of either, in [0, 1]."""

    key: int
    name: str
    first: float
    second: float


@dataclass(frozen=True, slots=True)
class Versus:
    """Two runs over the `shared` problems, for `undefined` of which a score is not defined; `hidden` problems are left
    out because a queue hides a verdict of them from the reader. `apart` and `counted` are None where nothing is left to
    compare, and then there are no `problems`, which are those that differ most first."""

    pools: tuple[Pool, Pool]
    shared: int
    undefined: int
    hidden: int
    bands: tuple[Estimate, Estimate] | None = None
    apart: Difference | None = None
    counted: Discordant | None = None
    problems: Sequence[SharedProblem] = ()


def compare_runs(runs: tuple[Run, Run], *, way: str, k: int, sight: Sight, unfinished: bool = False) -> Versus:
    """Two runs by a way of choosing of k samples, EVERY for all that each drew. Raises Fault, with the field, where
    they share no problem, or one of them cannot be looked at with k samples."""
    scope = InsightScope(runs=tuple(sorted(run.pk for run in runs)))
    found = get_budget(BudgetScope.seen(scope, sight, unfinished=unfinished))
    pools = {pool.key: pool for pool in found.pools("run")}
    _check(pools, runs, k)
    one, other = (pools[str(run.pk)] for run in runs)
    values = np.stack([one.estimate(way, k).values, other.estimate(way, k).values], axis=1)
    known = np.asarray(~np.isnan(values).any(axis=1))
    shared, undefined, hidden = len(values), int((~known).sum()), len(found.scope.without)
    if not known.any():
        return Versus((one, other), shared, undefined, hidden)
    values, problems = values[known], one.stored.problems[known].tolist()
    first, second = values[:, 0].tolist(), values[:, 1].tolist()
    bands = mean_bands(values.tolist(), [1] * len(values))
    names = dict(Problem.objects.filter(pk__in=problems).values_list("pk", "name"))
    rows = [
        SharedProblem(key, names.get(key, f"Problem {key}"), score, against)
        for key, score, against in zip(problems, first, second, strict=True)
    ]
    rows.sort(key=lambda row: (-abs(row.first - row.second), row.second - row.first, row.key))
    return Versus(
        (one, other),
        shared,
        undefined,
        hidden,
        bands=(bands[0], bands[1]),
        apart=paired_bootstrap(first, second),
        counted=discordant(first, second),
        problems=rows,
    )


def _check(pools: dict[str, Pool], runs: tuple[Run, Run], k: int) -> None:
    """Raise Fault where two runs cannot be compared."""
    if any(str(run.pk) not in pools for run in runs):
        raise Fault("These two runs share no problem on which both have a sample that counts.")
    adapting = [run.title for run in runs if pools[str(run.pk)].adapts]
    if k != EVERY and adapting:
        said = f"{adapting[0]} went by verdicts: found {k} samples, expected none, for all that it drew."
        raise Fault(said, field="k")
