"""Figures: the page of insights, and every figure as a page, a fragment, a file of its table and what is drawn."""

from dataclasses import replace
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from trajectories.charts import CHARTS, INSIGHTS
from trajectories.charts.base import Chart
from trajectories.core.figures.records import Figure
from trajectories.core.figures.specs import plotly_spec
from trajectories.core.figures.tables import csv_lines, exact, shown
from trajectories.forms.insights import InsightForm
from trajectories.selectors.blinding import sight_of
from trajectories.selectors.insights.scopes import InsightScope
from trajectories.selectors.insights.sources import is_live
from trajectories.views.fragments import wants_fragment
from trajectories.views.permissions import needs
from trajectories.views.shown.figures import slots, without_hidden_links

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
    return render(request, f"trajectories/insights/{template}.html", _shown(chart, scope, built))


def _shown(chart: Chart, scope: InsightScope, built: Figure) -> dict[str, Any]:
    """What the templates of a figure need: it, its drawing as JSON, and the cells of its table as texts."""
    address = chart.address(scope)
    rows = [
        {
            "link": row.link,
            "cells": [
                {"text": shown(value, column.unit, settings.CURRENCY), "value": exact(value), "unit": column.unit}
                for value, column in zip(row.values, built.columns, strict=True)
            ],
        }
        for row in built.rows
    ]
    return {
        "chart": chart,
        "figure": built,
        "address": address,
        "csv": f"{address}{'&' if '?' in address else '?'}format=csv",
        "spec": None if built.missing else plotly_spec(built),
        "spec_id": f"spec-{chart.name}",
        "rows": rows,
        "scope": scope,
        "is_live": scope.run is not None and is_live(scope.run),
    }
