"""Budgets: what a number of samples buys, its figures, and the problems behind every point of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from trajectories.charts.base import percent
from trajectories.charts.budgets import CURVES_TITLE, FRONTIER_TITLE, bought, build_curves, build_frontier
from trajectories.core.figures.records import Figure
from trajectories.core.figures.tables import csv_lines
from trajectories.forms.budgets import BudgetForm, steps_of
from trajectories.models import Problem
from trajectories.selectors.blinding import sight_of
from trajectories.selectors.insights.budgets import ANY, EVERY, BudgetReport, Pool, get_budget, way_title
from trajectories.selectors.insights.prices import MONEY, SECONDS, TOKENS, affordable, amount
from trajectories.views.fragments import wants_fragment
from trajectories.views.insights import view_figures
from trajectories.views.shown.figures import FigureSlot, figure_context

FIGURES = {"curves": CURVES_TITLE, "frontier": FRONTIER_TITLE}
LISTED = 100
WON, LOST = 1 - 1e-9, 1e-9


def _form(request: HttpRequest) -> BudgetForm:
    return BudgetForm(request.GET, sight=sight_of(request.user))


def _refused(request: HttpRequest, form: BudgetForm, fault: str = "") -> HttpResponse:
    context = {"chart": {"title": "BudgetReport"}, "form": form, "fault": fault}
    return render(request, "trajectories/budgets/refused.html", context, status=422)


def _samples(form: BudgetForm, pool: Pool) -> tuple[int, str]:
    """How many samples the budget of the address buys, and what is wrong with it; "" for nothing."""
    data, steps = form.cleaned_data, steps_of(pool)
    wanted = data["budget"]
    if wanted is None:
        step = data["step"]
        return steps[len(steps) // 2 if step is None else min(step, len(steps) - 1)], ""
    k = affordable(pool.price, form.unit_name, wanted)
    if k is None:
        return steps[0], f"Nothing is known of the {form.unit_name} that these samples took, so no budget can be in it."
    if not 1 <= k <= pool.most:
        most = amount(pool.price, form.unit_name, pool.most) or 0
        least = amount(pool.price, form.unit_name, 1) or 0
        found = f"Found a budget of {wanted:,.6g} {form.unit_name} a problem"
        return min(max(k, 1), max(pool.most, 1)), f"{found}, expected {least:,.6g} (one sample) to {most:,.6g} (all)."
    return k, ""


def _link(form: BudgetForm) -> Any:
    def link(way: str, k: int, pool: Pool) -> str:
        return reverse("budget_problems") + "?" + form.query(chosen=way, k=k, source=pool.key)

    return link


@require_safe
@view_figures
@vary_on_headers("HX-Request")
def budget(request: HttpRequest) -> HttpResponse:
    """What a budget buys by every way of choosing; a fragment is the table at one place of the slider."""
    form = _form(request)
    if not form.is_valid():
        return _refused(request, form)
    found = get_budget(form.budget_scope())
    pool = found.whole
    k, fault = _samples(form, pool)
    steps = steps_of(pool)
    context: dict[str, Any] = {
        "form": form,
        "pool": pool,
        "k": k,
        "fault": fault,
        "bought": bought(pool, k, _link(form)) if pool.most else (),
        "spent": {unit: amount(pool.price, unit, k) for unit in (TOKENS, MONEY, SECONDS)},
        "problems": len(pool.stored.problems),
        "hidden": len(found.scope.without),
    }
    if wants_fragment(request):
        return render(request, "trajectories/budgets/_now.html", context, status=422 if fault else 200)
    query = form.query()
    step = min(range(len(steps)), key=lambda place: abs(steps[place] - k))
    exact = form.cleaned_data["budget"]
    here = form.query(**({"step": step} if exact is None else {"budget": exact}))
    context |= {
        "runs": form.run_choices(),
        "step": step,
        "last_step": len(steps) - 1,
        "slots": [
            FigureSlot(f"budget-{name}", title, f"{reverse('budget_figure', args=[name])}?{here}")
            for name, title in FIGURES.items()
        ],
        "query": query,
        "ways": form.ways,
    }
    return render(request, "trajectories/budgets/index.html", context, status=422 if fault else 200)


@require_safe
@view_figures
@vary_on_headers("HX-Request")
def budget_figure(request: HttpRequest, name: str) -> HttpResponseBase:
    """A figure of a budget: a page with its table, a fragment, or with `format=csv` the table as a file."""
    if name not in FIGURES:
        raise Http404(f"no figure of a budget {name[:40]!r}")
    form = _form(request)
    if not form.is_valid():
        return _refused(request, form)
    built = _build(name, form, get_budget(form.budget_scope()))
    if request.GET.get("format") == "csv":
        headers = {"Content-Disposition": f'attachment; filename="budget-{name}.csv"'}
        return StreamingHttpResponse(csv_lines(built), content_type="text/csv; charset=utf-8", headers=headers)
    address = f"{reverse('budget_figure', args=[name])}?{form.query()}"
    context = figure_context(FigureSlot(f"budget-{name}", FIGURES[name], address), built) | {"query": form.query()}
    template = "trajectories/insights/_figure.html" if wants_fragment(request) else "trajectories/budgets/figure.html"
    return render(request, template, context)


def _build(name: str, form: BudgetForm, found: BudgetReport) -> Figure:
    if name == "curves":
        k, _ = _samples(form, found.whole)
        built = build_curves(found, form.ways, form.unit_name, _link(form), k)
    else:
        way = next((way for way in form.ways if way != ANY), ANY)
        built = build_frontier(found, form.by_name, way, form.unit_name, _link(form))
    return replace(built, about=form.about())


@dataclass(frozen=True, slots=True)
class ProblemScore:
    """A problem at one point of a figure: its score there in [0, 1], that by another way, and its samples."""

    key: int
    name: str
    value: float
    other: float | None
    samples: int
    right: int

    @property
    def word(self) -> str:
        """Whether it is won or lost; by lot or by the luck of the draw neither."""
        return "won" if self.value >= WON else "lost" if self.value <= LOST else percent(self.value)

    @property
    def other_word(self) -> str:
        """What the other way makes of it."""
        return "not defined" if self.other is None else replace(self, value=self.other, other=None).word

    @property
    def change_word(self) -> str:
        """The change with its sign."""
        return "–" if self.other is None or not self.change else f"{100 * self.change:+.1f}%"

    @property
    def change(self) -> float:
        """What it gains over the other way."""
        return 0.0 if self.other is None else self.value - self.other


@require_safe
@view_figures
def budget_problems(request: HttpRequest) -> HttpResponse:
    """The problems that a way wins and loses with k samples, and which it gains and loses against another way."""
    form = _form(request)
    if not form.is_valid():
        return _refused(request, form)
    data, found = form.cleaned_data, get_budget(form.budget_scope())
    pools = found.pools(form.by_name) if data["source"] else [found.whole]
    pool = next((pool for pool in pools if pool.key == data["source"]), None)
    if pool is None:
        return _refused(request, form, f"Found the source {data['source']!r}, which has no counted sample here.")
    way, k = data["chosen"] or "majority", data["k"] or (EVERY if pool.adapts else max(pool.most, 1))
    if pool.adapts and k != EVERY:
        return _refused(request, form, f"{pool.title} went by verdicts: found k={k}, expected 0 for all its samples.")
    rows = _outcomes(pool, way, k, data["against"])
    undefined = len(pool.stored.problems) - len(rows)
    page = Paginator(rows, LISTED).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "pool": pool,
        "way": way_title(way),
        "against": way_title(data["against"]) if data["against"] else "",
        "k": k,
        "page": page,
        "won": sum(row.value >= WON for row in rows),
        "lost": sum(row.value <= LOST for row in rows),
        "gained": sum(row.change > LOST for row in rows),
        "given": sum(row.change < -LOST for row in rows),
        "total": len(rows),
        "undefined": undefined,
        "hidden": len(found.scope.without),
        "query": form.query(chosen=way, k=k, source=data["source"], against=data["against"]),
        "back": form.query(),
        "chosen": way,
    }
    return render(request, "trajectories/budgets/problems.html", context)


def _outcomes(pool: Pool, way: str, k: int, against: str) -> Sequence[ProblemScore]:
    """The problems for which the way is defined, those that it loses first; against another way by what changes."""
    values = pool.estimate(way, k).values
    others = pool.estimate(against, k).values if against else np.full(len(values), np.nan)
    names = dict(Problem.objects.filter(pk__in=pool.stored.problems.tolist()).values_list("pk", "name"))
    rows = [
        ProblemScore(key, names.get(key, f"Problem {key}"), value, None if np.isnan(other) else other, size, right)
        for key, value, other, size, right in zip(
            pool.stored.problems.tolist(),
            values.tolist(),
            others.tolist(),
            pool.stored.sizes.tolist(),
            pool.stored.correct.tolist(),
            strict=True,
        )
        if not np.isnan(value)
    ]
    return sorted(rows, key=lambda row: (-abs(row.change), row.value, row.key))
