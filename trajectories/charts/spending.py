"""What a score costs: every run as a point, the best that can be had for a price as a staircase."""

from collections.abc import Sequence

from django.conf import settings

from trajectories.charts.base import Chart, counts_of, percent, run_link, traces_link
from trajectories.core.consolidation.frontier import frontier
from trajectories.core.figures.records import Axis, Column, Figure, Mark, Point, Row, Series, Unit, Value
from trajectories.core.figures.tables import shown
from trajectories.models import Run
from trajectories.selectors.insights.scopes import InsightScope
from trajectories.selectors.insights.sources import Source, list_sources
from trajectories.selectors.insights.tallies import get_tally

DEFINITION = (
    "Score: the mean over problems of the share of scored samples that are right (pass@1). Price: what all samples"
    " of a problem took, hinted and unscored ones too, on average. The staircase is the best score for a price; runs"
    " that are not finished are hollow and no part of it. A cost is known where the price of every sample is;"
    " without any, tokens are drawn, or seconds of the sampler where it uses none."
)
COLUMNS = [
    Column("Run"),
    Column("Problems", Unit.COUNT),
    Column("Samples a problem", Unit.NUMBER),
    Column("Score", Unit.SHARE),
    Column("Unscored samples", Unit.COUNT),
    Column("Tokens", Unit.COUNT),
    Column("Tokens a problem", Unit.COUNT),
    Column("Cost", Unit.MONEY),
    Column("Cost a problem", Unit.MONEY),
    Column("Seconds a problem", Unit.SECONDS),
]


def _price(source: Source, unit: Unit) -> float | None:
    """What a problem took, in the unit that is drawn; None where it is not known or nothing."""
    whole = {Unit.MONEY: source.cost, Unit.COUNT: source.tokens, Unit.SECONDS: source.seconds}[unit]
    return whole / source.problems if whole else None


def _unit(sources: Sequence[Source]) -> Unit:
    """The first unit in which something was spent."""
    for unit in (Unit.MONEY, Unit.COUNT):
        if any(_price(source, unit) for source in sources):
            return unit
    return Unit.SECONDS


TITLES = {Unit.MONEY: "Cost a problem", Unit.COUNT: "Tokens a problem", Unit.SECONDS: "Seconds a problem"}


def compared(scope: InsightScope) -> InsightScope:
    """What a single run is compared with: all runs of its problem set, or the run alone where it has none."""
    if scope.run is None:
        return scope
    problem_set = Run.objects.filter(pk=scope.run).values_list("problem_set", flat=True).first()
    return InsightScope(problem_set=problem_set) if problem_set else scope


def build_spending(scope: InsightScope) -> Figure:
    """Score against cost; a single run among the others of its problem set."""
    wider = compared(scope)
    sources = list_sources(wider)
    rows = [_row(source) for source in sources]
    counts = counts_of(get_tally(wider), wider)
    unit = _unit(sources)
    drawn = [(source, price) for source in sources if source.score is not None and (price := _price(source, unit))]
    if not drawn:
        missing = "No run of this selection has a score and a price yet."
        return Figure(SPENDING.title, DEFINITION, COLUMNS, rows, counts=counts, missing=missing)
    best = frontier([(price, source.score or 0.0) for source, price in drawn if source.is_finished])
    return Figure(
        title=SPENDING.title,
        definition=DEFINITION,
        columns=COLUMNS,
        rows=rows,
        series=_series(drawn, best, unit, scope),
        x=price_axis([price for _, price in drawn], unit),
        y=Axis("Score", Unit.SHARE, top=1.03),
        counts=counts,
        summary=f"{len(drawn)} runs; the best score is {percent(max(source.score or 0.0 for source, _ in drawn))}.",
    )


def _series(
    drawn: Sequence[tuple[Source, float]], best: Sequence[tuple[float, float]], unit: Unit, scope: InsightScope
) -> list[Series]:
    mine = [(source, price) for source, price in drawn if source.run and source.run.pk == scope.run]
    others = [pair for pair in drawn if pair not in mine]
    series = []
    if len(best) > 1:
        series.append(Series("Best for its price", Mark.STEPS, "muted", [Point(x, y) for x, y in best]))
    if others:
        name = "Other runs" if mine else "Runs"
        series.append(Series(name, Mark.POINTS, "4" if mine else "1", [_point(*each, unit) for each in others]))
    if mine:
        series.append(Series("This run", Mark.POINTS, "1", [_point(*each, unit) for each in mine]))
    return series


def _point(source: Source, price: float, unit: Unit) -> Point:
    words = [
        source.title,
        f"score {percent(source.score)} over {source.problems:,} problems",
        f"{shown(price, unit)}{' tokens' if unit is Unit.COUNT else ''} a problem",
        *([] if source.is_finished else ["not finished"]),
    ]
    link = run_link(source.run.pk) if source.run else _sampler_link(source)
    return Point(price, source.score, words, link, hollow=not source.is_finished)


def _sampler_link(source: Source) -> str:
    return traces_link(InsightScope(sampler=source.sampler.pk)) if source.sampler else ""


def _row(source: Source) -> Row:
    problems = source.problems
    values: list[Value] = [
        source.title if source.run else f"{source.title} (imported)",
        problems,
        source.samples / problems,
        source.score,
        source.unscored,
        source.tokens,
        source.tokens / problems,
        source.cost,
        None if source.cost is None else source.cost / problems,
        source.seconds / problems,
    ]
    return Row(values, run_link(source.run.pk) if source.run else _sampler_link(source))


def price_axis(prices: Sequence[float], unit: Unit) -> Axis:
    """A logarithmic axis with a tick at 1, 2 and 5 of every power of ten that the prices reach."""
    ticks = [
        step * 10.0**power
        for power in range(-9, 16)
        for step in (1, 2, 5)
        if min(prices) / 5 < step * 10.0**power < max(prices) * 5
    ]
    inner = [tick for tick in ticks if min(prices) / 2.5 <= tick <= max(prices) * 2.5] or ticks
    if len(inner) > 9:
        inner = [tick for tick in inner if f"{tick:e}".startswith("1.0")] or inner
    title = f"{TITLES[unit]}, {settings.CURRENCY}" if unit is Unit.MONEY else TITLES[unit]
    return Axis(title, unit, logarithmic=True, ticks=[(tick, f"{tick:,.10g}") for tick in inner])


SPENDING = Chart("score-cost", "Score against cost", build_spending)
