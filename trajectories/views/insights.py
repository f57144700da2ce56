"""Figures: the page of insights, and every figure as a page, a fragment, a file of its table and what is drawn."""

from dataclasses import replace
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from trajectories.charts import CHARTS, INSIGHTS
from trajectories.core.figures.tables import csv_lines
from trajectories.forms.insights import InsightForm
from trajectories.selectors.blinding import sight_of
from trajectories.selectors.insights.scopes import InsightScope
from trajectories.selectors.insights.sources import is_live
from trajectories.views.fragments import wants_fragment
from trajectories.views.permissions import needs
from trajectories.views.shown.figures import FigureSlot, figure_context, slots, without_hidden_links

view_figures = needs("trajectories.view_run", "trajectories.view_trace")


@require_safe
@view_figures
def insights(request: HttpRequest) -> HttpResponse:
    """All figures of a selection, which is in the address."""
    form = InsightForm(request.GET)
    valid = form.is_valid()
    scope = form.scope() if valid else InsightScope()
    context: dict[str, Any] = {
        "form": form,
        "slots": slots(INSIGHTS, scope) if valid else (),
        "runs": form.run_choices(),
        "is_empty": scope == InsightScope(),
    }
    return render(request, "trajectories/insights/index.html", context, status=200 if valid else 422)


@require_safe
@view_figures
@vary_on_headers("HX-Request")
def figure(request: HttpRequest, name: str) -> HttpResponseBase:
    """One figure: a page with its table, the fragment that pages load, or with `format=csv` the table as a file."""
    if name not in CHARTS:
        raise Http404(f"no figure {name[:40]!r}")
    chart, form = CHARTS[name], InsightForm(request.GET)
    if not form.is_valid():
        context = {"chart": chart, "form": form}
        return render(request, "trajectories/insights/refused.html", context, status=422)
    scope = form.scope()
    built = without_hidden_links(replace(chart.build(scope), about=form.about()), sight_of(request.user))
    if request.GET.get("format") == "csv":
        headers = {"Content-Disposition": f'attachment; filename="{chart.name}.csv"'}
        return StreamingHttpResponse(csv_lines(built), content_type="text/csv; charset=utf-8", headers=headers)
    template = "_figure" if wants_fragment(request) else "figure"
    context = figure_context(FigureSlot(chart.name, chart.title, chart.address(scope)), built) | {
        "scope": scope,
        "is_live": scope.run is not None and is_live(scope.run),
    }
    return render(request, f"trajectories/insights/{template}.html", context)
