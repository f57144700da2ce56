"""Where figures go on a page: each is loaded by itself once it comes into sight, so that the page need not wait."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings

from trajectories.charts.base import Chart, trace_link
from trajectories.core.figures.records import Figure, Point
from trajectories.core.figures.specs import plotly_spec
from trajectories.core.figures.tables import exact, shown
from trajectories.selectors.blinding import Sight, hidden_among
from trajectories.selectors.insights.scopes import InsightScope


@dataclass(frozen=True, slots=True)
class FigureSlot:
    """A figure that is still to be loaded from `address`; `name` is unique on the page."""

    name: str
    title: str
    address: str


def figure_context(slot: FigureSlot, built: Figure) -> dict[str, Any]:
    """What the templates of a figure need: it, its drawing as JSON, and the cells of its table as texts."""
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
        "chart": slot,
        "figure": built,
        "address": slot.address,
        "csv": f"{slot.address}{'&' if '?' in slot.address else '?'}format=csv",
        "spec": None if built.missing else plotly_spec(built),
        "spec_id": f"spec-{slot.name}",
        "rows": rows,
    }


def slots(charts: Iterable[Chart], scope: InsightScope) -> list[FigureSlot]:
    """The slots of some figures of one scope."""
    return [FigureSlot(chart.name, chart.title, chart.address(scope)) for chart in charts]


def without_hidden_links(figure: Figure, sight: Sight) -> Figure:
    """The figure without links to single traces of which a queue hides from its reader what the figure tells.

    A bar of wrong samples that leads to one of them says that this one is wrong.
    """
    if not sight.is_blind:
        return figure
    pattern = re.compile(re.escape(trace_link(0)).replace("0", "([0-9]+)") + "$")
    links = {row.link for row in figure.rows} | {point.link for each in figure.series for point in each.points}
    traces = {link: int(found[1]) for link in links if (found := pattern.match(link))}
    hidden = hidden_among(traces.values(), sight)
    gone = {link for link, trace in traces.items() if trace in hidden}
    if not gone:
        return figure
    return replace(
        figure,
        rows=[replace(row, link="") if row.link in gone else row for row in figure.rows],
        series=[replace(each, points=[_without(point, gone) for point in each.points]) for each in figure.series],
    )


def _without(point: Point, gone: Collection[str]) -> Point:
    return replace(point, link="") if point.link in gone else point
