"""Run against run: how they differ over the problems that both have, how sure that is, and which problems make it."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import numpy as np
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from trajectories.charts.base import counts_of, percent
from trajectories.core.consolidation.paired import DECIDED, Difference, Discordant, discordant, paired_bootstrap
from trajectories.core.consolidation.resampling import mean_bands
from trajectories.core.figures.records import Count
from trajectories.forms.versus import VersusForm
from trajectories.models import Problem, Run
from trajectories.selectors.blinding import sight_of
from trajectories.selectors.insights.budgets import EVERY, BudgetScope, Pool, get_budget, way_title
from trajectories.selectors.insights.scopes import InsightScope
from trajectories.selectors.insights.tallies import get_tally
from trajectories.views.insights import view_figures

LISTED = 100


@dataclass(frozen=True, slots=True)
class ComparedRun:
    """One of the two runs: its score over the shared problems with its band, and what became of all its samples."""

    run: Run
    score: str
    band: str
    samples: int
    counts: list[Count]

    @property
    def tokens(self) -> int:
        """Input and output tokens of all its samples."""
        return self.run.input_tokens + self.run.output_tokens


@dataclass(frozen=True, slots=True)
class Pair:
    """A shared problem with the score of either run, in [0, 1]."""

    key: int
    name: str
    first: float
    second: float

    @property
    def change(self) -> float:
        """What the first has over the second."""
        return self.first - self.second

    @property
    def word(self) -> str:
        """Who wins it, in a word."""
        won, lost = self.change > DECIDED, self.change < -DECIDED
        return "first" if won else "second" if lost else "both" if self.first > DECIDED else "neither"

    @property
    def scores(self) -> tuple[str, str]:
        """Both scores as people read them."""
        return percent(self.first), percent(self.second)


@require_safe
@view_figures
def versus(request: HttpRequest) -> HttpResponse:
    """Two runs by their shared problems; the choice of them where one is missing."""
    form = VersusForm(request.GET)
    context: dict[str, Any] = {"form": form}
    if not form.is_valid():
        return render(request, "trajectories/versus/detail.html", context, status=422)
    data = form.cleaned_data
    if not data["a"] or not data["b"]:
        return render(request, "trajectories/versus/detail.html", context)
    way, k = data["way"] or "majority", data["k"] or EVERY
    runs = (data["a"], data["b"])
    scope = InsightScope(runs=tuple(sorted(run.pk for run in runs)))
    found = get_budget(BudgetScope.seen(scope, sight_of(request.user), unfinished=bool(data["unfinished"])))
    pools = {pool.key: pool for pool in found.pools("run")}
    context |= {"way": way_title(way), "k": k, "hidden": len(found.scope.without)}
    fault = _fault(pools, runs, k)
    if fault:
        return render(request, "trajectories/versus/detail.html", context | {"fault": fault}, status=422)
    one, other = (pools[str(run.pk)] for run in runs)
    values = np.stack([one.estimate(way, k).values, other.estimate(way, k).values], axis=1)
    known = np.asarray(~np.isnan(values).any(axis=1))
    context |= {"undefined": int((~known).sum()), "shared": len(values)}
    if known.any():
        context |= _compared(request, runs, (one, other), values[known], one.stored.problems[known])
        context["query"] = urlencode([(name, value) for name, value in request.GET.items() if name != "page"])
    return render(request, "trajectories/versus/detail.html", context)


def _fault(pools: dict[str, Pool], runs: tuple[Run, Run], k: int) -> str:
    """Why two runs cannot be compared; "" where they can."""
    if any(str(run.pk) not in pools for run in runs):
        return "These two runs share no problem on which both have a sample that counts."
    adapting = [run.title for run in runs if pools[str(run.pk)].adapts]
    if k != EVERY and adapting:
        return f"{adapting[0]} went by verdicts: found {k} samples, expected none, for all that it drew."
    return ""


def _compared(
    request: HttpRequest, runs: tuple[Run, Run], pools: tuple[Pool, Pool], values: np.ndarray, problems: np.ndarray
) -> dict[str, Any]:
    """What two runs come to, over the problems for which both are defined."""
    first, second = values[:, 0].tolist(), values[:, 1].tolist()
    apart: Difference = paired_bootstrap(first, second)
    counted: Discordant = discordant(first, second)
    bands = mean_bands(values.tolist(), [1] * len(values))
    names = dict(Problem.objects.filter(pk__in=problems.tolist()).values_list("pk", "name"))
    pairs = [
        Pair(key, names.get(key, f"Problem {key}"), one, other)
        for key, one, other in zip(problems.tolist(), first, second, strict=True)
    ]
    pairs.sort(key=lambda pair: (-abs(pair.change), -pair.change, pair.key))
    sides = [
        ComparedRun(
            run=run,
            score=percent(band.mean),
            band="" if band.low is None else f"{percent(band.low)} to {percent(band.high)}",
            samples=int(pool.stored.sizes.sum()),
            counts=list(counts_of(get_tally(InsightScope(runs=(run.pk,))), InsightScope(runs=(run.pk,)))),
        )
        for run, pool, band in zip(runs, pools, bands, strict=True)
    ]
    return {
        "sides": sides,
        "apart": apart,
        "difference": f"{100 * apart.mean:+.1f} points",
        "sure": _sure(apart),
        "counted": counted,
        "mcnemar": _p_words(counted.p),
        "page": Paginator(pairs, LISTED).get_page(request.GET.get("page")),
        "total": len(pairs),
    }


def _sure(apart: Difference) -> str:
    """How sure a difference is, as people read it; "" where nothing tells."""
    if apart.low is None or apart.high is None or apart.p is None:
        return ""
    return f"95% band {100 * apart.low:+.1f} to {100 * apart.high:+.1f}, p {_p_words(apart.p)};"


def _p_words(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"
