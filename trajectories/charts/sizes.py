"""How long samples are and what they take, by what became of them."""

import math

from trajectories.charts.base import Chart, counts_of, trace_link
from trajectories.core.figures.records import Axis, Column, Figure, Mark, Point, Row, Series, Unit
from trajectories.core.figures.tables import shown
from trajectories.selectors.insights.scopes import InsightScope
from trajectories.selectors.insights.spreads import PER_DOUBLING, Bin, Fate, Measure, list_bins
from trajectories.selectors.insights.tallies import get_tally

TONES = {Fate.RIGHT: "pass", Fate.WRONG: "fail", Fate.UNFINISHED: "warn", Fate.OTHER: "muted"}
UNITS = {Measure.TOKENS: Unit.COUNT, Measure.COST: Unit.MONEY, Measure.SECONDS: Unit.SECONDS}
AXES = {Measure.TOKENS: "Output tokens", Measure.COST: "Cost of a sample", Measure.SECONDS: "Time of a sample"}
MOST_TICKS = 9


def build_lengths(scope: InsightScope) -> Figure:
    """Samples by output tokens, or by time where no sample has any."""
    return _spread(scope, LENGTHS, Measure.TOKENS)


def build_costs(scope: InsightScope) -> Figure:
    """Samples by cost, or by time where no sample has one."""
    return _spread(scope, COSTS, Measure.COST)


def _spread(scope: InsightScope, chart: Chart, measure: Measure) -> Figure:
    bins = list_bins(scope, measure)
    if not any(each.low for each in bins):
        measure = Measure.SECONDS
        bins = list_bins(scope, measure)
    unit, counts = UNITS[measure], counts_of(get_tally(scope), scope)
    definition = (
        f"Samples by {AXES[measure].lower()}, in bins that double every {PER_DOUBLING}, stacked by what became of"
        f" them.{_why(chart, measure)} Samples that were shown the answer are left out."
    )
    columns = [
        Column("From", unit),
        Column("Below", unit),
        *(Column(fate.value.capitalize(), Unit.COUNT) for fate in Fate),
    ]
    places = sorted({(each.low, each.high) for each in bins})
    if not any(low for low, _ in places):
        missing = "No sample of this selection has a size yet."
        return Figure(chart.title, definition, columns, counts=counts, missing=missing)
    by_place = {(each.low, each.fate): each for each in bins}
    rows = [
        Row([low, high, *(found.samples if (found := by_place.get((low, fate))) else 0 for fate in Fate)])
        for low, high in places
    ]
    total = sum(each.samples for each in bins)
    return Figure(
        title=chart.title,
        definition=definition,
        columns=columns,
        rows=rows,
        series=[_series(bins, fate, unit) for fate in Fate if any(each.fate is fate for each in bins)],
        x=_axis(places, measure, unit),
        y=Axis("Samples", Unit.COUNT),
        counts=counts,
        summary=f"{total:,} samples; half of them are below {shown(_middle(bins), unit)}.",
        stacked=True,
    )


def _why(chart: Chart, measure: Measure) -> str:
    if measure is not Measure.SECONDS:
        return ""
    return f" The {'tokens' if chart is LENGTHS else 'prices'} of these samples are not known, so their time is drawn."


def _place(low: float) -> float:
    """Where a bin stands: by doublings, evenly; what has no size stands one step before 1."""
    return math.log2(low) if low else -1.0


def _series(bins: list[Bin], fate: Fate, unit: Unit) -> Series:
    points = [
        Point(
            _place(each.low),
            each.samples,
            [f"{each.samples:,} {fate.value}", f"{shown(each.low, unit)} to {shown(each.high, unit)}; Enter opens one"],
            trace_link(each.example),
        )
        for each in bins
        if each.fate is fate
    ]
    return Series(fate.value.capitalize(), Mark.BARS, TONES[fate], points)


def _axis(places: list[tuple[float, float]], measure: Measure, unit: Unit) -> Axis:
    """A tick at some of the bins, each with the size at which it begins."""
    step = max(1, -(-len(places) // MOST_TICKS))
    ticks = [(_place(low), "none" if not low else shown(_rounded(low), unit)) for low, _ in places[::step]]
    return Axis(f"{AXES[measure]}, logarithmic", unit, ticks=ticks)


def _rounded(size: float) -> float:
    return float(f"{size:.2g}")


def _middle(bins: list[Bin]) -> float:
    """The upper end of the bin that holds the median."""
    left = sum(each.samples for each in bins) / 2
    for each in sorted(bins, key=lambda each: each.low):
        left -= each.samples
        if left <= 0:
            return each.high
    return 0.0


LENGTHS = Chart("lengths", "Length of samples", build_lengths)
COSTS = Chart("costs", "Cost of samples", build_costs)
