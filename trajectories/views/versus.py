"""Run against run: how they differ over the problems that both have, how sure that is, and which problems make it."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from trajectories.charts.base import counts_of, percent
from trajectories.core.consolidation.paired import DECIDED, Difference
from trajectories.core.faults import Fault
from trajectories.core.figures.records import Count
from trajectories.forms.versus import VersusForm
from trajectories.models import Run
from trajectories.selectors.blinding import sight_of
from trajectories.selectors.insights.budgets import EVERY, way_title
from trajectories.selectors.insights.scopes import InsightScope
from trajectories.selectors.insights.tallies import get_tally
from trajectories.selectors.insights.versus import SharedProblem, Versus, compare_runs
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

    problem: SharedProblem

    @property
    def key(self) -> int:
        """The id of the problem."""
        return self.problem.key

    @property
    def name(self) -> str:
        """The name of the problem."""
        return self.problem.name

    @property
    def change(self) -> float:
        """What the first has over the second."""
        return self.problem.first - self.problem.second

    @property
    def word(self) -> str:
        """Who wins it, in a word."""
        won, lost = self.change > DECIDED, self.change < -DECIDED
        return "first" if won else "second" if lost else "both" if self.problem.first > DECIDED else "neither"

    @property
    def scores(self) -> tuple[str, str]:
        """Both scores as people read them."""
        return percent(self.problem.first), percent(self.problem.second)


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
    context |= {"way": way_title(way), "k": k}
    try:
        found = compare_runs(runs, way=way, k=k, sight=sight_of(request.user), unfinished=bool(data["unfinished"]))
    except Fault as fault:
        context |= {"fault": str(fault)}
        return render(request, "trajectories/versus/detail.html", context, status=422)
    context |= {"hidden": found.hidden, "undefined": found.undefined, "shared": found.shared}
    if found.problems:
        context |= _compared(request, runs, found)
        context["query"] = urlencode([(name, value) for name, value in request.GET.items() if name != "page"])
    return render(request, "trajectories/versus/detail.html", context)


def _compared(request: HttpRequest, runs: tuple[Run, Run], found: Versus) -> dict[str, Any]:
    """What two runs come to, over the problems for which both are defined."""
    assert found.bands is not None
    assert found.apart is not None
    assert found.counted is not None
    pairs = [Pair(problem) for problem in found.problems]
    sides = [
        ComparedRun(
            run=run,
            score=percent(band.mean),
            band="" if band.low is None else f"{percent(band.low)} to {percent(band.high)}",
            samples=int(pool.stored.sizes.sum()),
            counts=list(counts_of(get_tally(InsightScope(runs=(run.pk,))), InsightScope(runs=(run.pk,)))),
        )
        for run, pool, band in zip(runs, found.pools, found.bands, strict=True)
    ]
    return {
        "sides": sides,
        "apart": found.apart,
        "difference": f"{100 * found.apart.mean:+.1f} points",
        "sure": _sure(found.apart),
        "counted": found.counted,
        "mcnemar": _p_words(found.counted.p),
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
