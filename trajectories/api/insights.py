"""Insights: the tables behind the figures, of everything or of a selection, and of what budgets buy."""

from dataclasses import replace
from typing import Annotated, Any

from django.http import Http404, HttpRequest
from ninja import Path, Query, Schema
from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from trajectories.api.auth import asking
from trajectories.api.doors import door
from trajectories.api.form_filling import checked
from trajectories.api.shapes import OneOf, RowId, Word
from trajectories.charts import CHARTS
from trajectories.charts.budgets import CURVES_TITLE, FRONTIER_TITLE, build_curves, build_frontier
from trajectories.core.figures.records import Figure
from trajectories.core.records import JSON
from trajectories.forms.budgets import CHOICES, BudgetForm
from trajectories.forms.insights import InsightForm
from trajectories.selectors.blinding import sight_of
from trajectories.selectors.insights.budgets import ANY, BY, get_budget
from trajectories.selectors.insights.prices import SAMPLES, UNITS

VIEW = ("trajectories.view_run", "trajectories.view_trace")
BUDGETS = {"curves": CURVES_TITLE, "frontier": FRONTIER_TITLE}
OptionalId = RowId | SkipJsonSchema[None]


class FigureRow(Schema):
    """A figure that there is."""

    name: str
    title: str


class Figures(Schema):
    """The figures of a selection, and those of budgets."""

    items: list[FigureRow]
    budgets: list[FigureRow]


class ColumnShown(Schema):
    """A column of a table. `unit` is text, count, number, share (from 0 to 1), money or seconds."""

    title: str
    unit: str


class CountShown(Schema):
    """How many there are of something that stands beside every rate."""

    title: str
    number: int


class FigureShown(Schema):
    """The table of a figure: one value of each row for each column. `definition` says how the numbers come about,
    `summary` what is seen, `about` what was chosen; `missing` says why there is nothing, "" where there is
    something."""

    name: str
    title: str
    about: str
    definition: str
    summary: str
    missing: str
    columns: list[ColumnShown]
    rows: list[list[str | float | None]]
    counts: list[CountShown]


class Chosen(Schema):
    """Which samples figures are about."""

    problem_set: Annotated[OptionalId, Field(description="Id of a set.")] = None
    sampler: OptionalId = None
    instruction: OptionalId = None
    run: Annotated[list[RowId], Field(max_length=50, description="Repeated: samples of these runs.")] = []


class BudgetChosen(Chosen):
    """Which samples are drawn from, by which ways an answer is chosen, and what a budget is counted in."""

    unit: Annotated[str, OneOf(UNITS)] = SAMPLES
    by: Annotated[str, OneOf(["", *BY]), Field(description="What the frontier compares.")] = ""
    way: Annotated[list[str], Field(max_length=len(CHOICES), description="Repeated; none for the usual.")] = []
    scorer: Annotated[Word, Field(description="Whose scores weigh samples.")] = ""
    unfinished: Annotated[bool, Field(description="Draw samples that were cut off or refused too.")] = False


@door("GET", "/insights", *VIEW, answers=Figures)
def list_figures(request: HttpRequest) -> Any:  # noqa: ARG001
    """The figures whose tables can be had."""
    return {
        "items": [{"name": chart.name, "title": chart.title} for chart in CHARTS.values()],
        "budgets": [{"name": name, "title": title} for name, title in BUDGETS.items()],
    }


@door("GET", "/insights/budgets/{name}", *VIEW, answers=FigureShown)
def get_budget_figure(
    request: HttpRequest,
    name: Annotated[str, OneOf(BUDGETS), Path(description="Score by budget, or price against score.")],
    chosen: Annotated[BudgetChosen, Query()],
) -> Any:
    """What a budget buys: the score of each way of choosing by samples, tokens, money or time; or of each run, strategy
    or sampler against its price."""
    form = checked(BudgetForm(_as_form(chosen), sight=sight_of(asking(request))))
    found = get_budget(form.budget_scope())
    if name == "curves":
        built = build_curves(found, form.ways, form.unit_name, _nowhere, max(found.whole.most, 1))
    else:
        way = next((way for way in form.ways if way != ANY), ANY)
        built = build_frontier(found, form.by_name, way, form.unit_name, _nowhere)
    return show_figure(name, replace(built, about=form.about()))


def _nowhere(way: str, k: int, pool: Any) -> str:  # noqa: ARG001 (its shape)
    """Points of a table lead nowhere."""
    return ""


def _as_form(chosen: Chosen) -> dict[str, Any]:
    return {name: value for name, value in chosen.model_dump().items() if value not in (None, "", False)}


@door("GET", "/insights/{name}", *VIEW, answers=FigureShown)
def get_figure(
    request: HttpRequest,  # noqa: ARG001
    name: Annotated[str, Path(pattern=r"^[a-z0-9_-]{1,60}$", description="As GET /insights lists it.")],
    chosen: Annotated[Chosen, Query()],
) -> Any:
    """The table of one figure, of everything or of what is chosen."""
    if name not in CHARTS:
        raise Http404(f"There is no figure {name}; expected one of {', '.join(CHARTS)}.")
    form = checked(InsightForm(_as_form(chosen)))
    return show_figure(name, replace(CHARTS[name].build(form.scope()), about=form.about()))


def show_figure(name: str, built: Figure) -> dict[str, JSON]:
    """A figure without its links: one to a single trace could tell what a queue hides of it."""
    same = ("title", "about", "definition", "summary", "missing")
    return {
        "name": name,
        **{each: getattr(built, each) for each in same},
        "columns": [{"title": column.title, "unit": str(column.unit)} for column in built.columns],
        "rows": [list[JSON](row.values) for row in built.rows],
        "counts": [{"title": count.title, "number": count.number} for count in built.counts],
    }
