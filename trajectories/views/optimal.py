"""Compute-optimal choice: which way of spending a budget is best for easy and for hard problems."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from trajectories.charts.base import percent
from trajectories.core.consolidation.optimal import BINS
from trajectories.core.consolidation.resampling import Estimate
from trajectories.forms.insights import ORACLE, OptimalForm
from trajectories.selectors.blinding import sight_of
from trajectories.selectors.insights.budgets import BudgetScope, get_budget
from trajectories.selectors.insights.optimal import PROBE, Optimal, get_optimal
from trajectories.views.insights import view_figures


@require_safe
@view_figures
def optimal(request: HttpRequest) -> HttpResponse:
    """The table of the best way by difficulty and budget, chosen and measured on different problems."""
    form = OptimalForm(request.GET)
    if not form.is_valid():
        context = {"chart": {"title": "Compute-optimal"}, "form": form}
        return render(request, "trajectories/insights/refused.html", context, status=422)
    scope = BudgetScope.seen(form.scope(), sight_of(request.user))
    is_predicted = form.cleaned_data["bins"] != ORACLE
    found = get_optimal(get_budget(scope), predicted=is_predicted)
    context = {
        "form": form,
        "runs": form.run_choices(),
        "found": found,
        "is_predicted": is_predicted,
        "probe": PROBE,
        "hidden": len(scope.without),
        "rows": _rows(found) if found else [],
        "bins": _bins(found) if found else [],
    }
    return render(request, "trajectories/insights/optimal.html", context)


def _bins(found: Optimal) -> list[dict[str, Any]]:
    """A heading for each bin, the easiest first."""
    words = {0: "Easiest", BINS - 1: "Hardest"}
    return [
        {"title": words.get(place, f"Bin {place + 1}"), "least": percent(low), "most": percent(high)}
        for place, (low, high) in enumerate(zip(found.least, found.most, strict=True))
    ]


def _rows(found: Optimal) -> list[dict[str, Any]]:
    return [
        {
            "k": row.k,
            "optimal": _shown(row.chosen.optimal),
            "single": _shown(row.chosen.single),
            "single_titles": " or ".join(row.chosen.single_titles),
            "left_out": row.chosen.left_out,
            "cells": [
                {"titles": " or ".join(cell.chosen), "score": None if cell.score is None else percent(cell.score)}
                for cell in row.chosen.cells[: len(found.least)]
            ],
        }
        for row in found.rows
    ]


def _shown(estimate: Estimate) -> dict[str, str]:
    """A mean and its band as percent."""
    band = "" if estimate.low is None or estimate.high is None else f"{percent(estimate.low)}–{percent(estimate.high)}"
    return {"mean": "–" if estimate.mean is None else percent(estimate.mean), "band": band}
