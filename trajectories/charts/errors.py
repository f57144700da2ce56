"""Attempts: why some brought no sample, and how many end in a minute."""

from urllib.parse import urlencode

from django.urls import reverse

from trajectories.charts.base import Chart, counts_of, traces_link
from trajectories.core.figures.records import Axis, Column, Figure, Mark, Point, Row, Series, Unit
from trajectories.selectors.attempts import failure_word
from trajectories.selectors.insights.attempts import MOST_BINS, list_failed, list_pace
from trajectories.selectors.insights.scopes import InsightScope
from trajectories.selectors.insights.tallies import get_tally

FAILED_DEFINITION = (
    "Attempts that ended without a sample, by the kind of error. They are no samples and count in no rate. That"
    " nothing new was left to draw is no fault: a search has shown all that it found."
)
PACE_DEFINITION = (
    f"Attempts by the time at which they ended, in at most {MOST_BINS} stretches of equal length over the whole run,"
    " as a pace a minute. Stretches in which nothing ended are there too."
)


def _attempts_link(run: int, kind: str) -> str:
    return f"{reverse('attempt_list', args=[run])}?{urlencode({'kind': kind})}"


def build_errors(scope: InsightScope) -> Figure:
    """Failed attempts by kind of error."""
    found = list_failed(scope)
    columns = [Column("Kind"), Column("Attempts", Unit.COUNT), Column("For example")]
    counts = counts_of(get_tally(scope), scope)
    rows = [
        Row([failure_word(each.kind), each.attempts, each.message[:300]], _attempts_link(each.run, each.kind))
        for each in found
    ]
    if not found:
        return Figure(ERRORS.title, FAILED_DEFINITION, columns, counts=counts, missing="No attempt failed.")
    series = []
    for name, tone, wanted in (("Failed", "fail", False), ("Nothing new", "muted", True)):
        points = [
            Point(
                place,
                each.attempts,
                [failure_word(each.kind), f"{each.attempts:,} attempts; Enter lists those of the newest run"],
                _attempts_link(each.run, each.kind),
            )
            for place, each in enumerate(found)
            if each.is_nothing_new is wanted
        ]
        if points:
            series.append(Series(name, Mark.BARS, tone, points))
    return Figure(
        title=ERRORS.title,
        definition=FAILED_DEFINITION,
        columns=columns,
        rows=rows,
        series=series,
        x=Axis("", ticks=[(place, failure_word(each.kind)) for place, each in enumerate(found)]),
        y=Axis("Attempts", Unit.COUNT),
        counts=counts,
        summary=f"{sum(each.attempts for each in found):,} attempts brought no sample; most often:"
        f" {failure_word(found[0].kind)}.",
        stacked=True,
        sideways=True,
    )


def build_throughput(scope: InsightScope) -> Figure:
    """Attempts of one run that ended, a minute, over time."""
    columns = [Column("From"), Column("Seconds", Unit.COUNT), Column("Samples", Unit.COUNT)]
    columns += [Column("Failed", Unit.COUNT), Column("Samples a minute", Unit.NUMBER)]
    counts = counts_of(get_tally(scope), scope)
    pace = list_pace(scope.run) if scope.run is not None else []
    if not pace:
        missing = (
            "No attempt has ended yet." if scope.run is not None else "The pace is that of a single run: choose one."
        )
        return Figure(THROUGHPUT.title, PACE_DEFINITION, columns, counts=counts, missing=missing)
    rows = [
        Row([f"{each.start:%Y-%m-%d %H:%M:%S}", each.width, each.done, each.failed, 60 * each.done / each.width])
        for each in pace
    ]
    series = []
    for name, tone, counted in (("Samples", "1", "done"), ("Failed attempts", "fail", "failed")):
        if any(getattr(each, counted) for each in pace):
            points = [
                Point(
                    place,
                    60 * getattr(each, counted) / each.width,
                    [f"{each.start:%H:%M:%S}, {each.width:,} s", f"{getattr(each, counted):,} ended"],
                    traces_link(scope) if counted == "done" else _attempts_link(scope.run or 0, ""),
                )
                for place, each in enumerate(pace)
            ]
            series.append(Series(name, Mark.BARS, tone, points))
    step = max(1, -(-len(pace) // 8))
    done = sum(each.done for each in pace)
    return Figure(
        title=THROUGHPUT.title,
        definition=PACE_DEFINITION,
        columns=columns,
        rows=rows,
        series=series,
        x=Axis("Time", ticks=[(place, f"{each.start:%H:%M}") for place, each in enumerate(pace) if place % step == 0]),
        y=Axis("A minute", Unit.NUMBER),
        counts=counts,
        summary=f"{done:,} samples in {len(pace)} stretches of {pace[0].width:,} seconds.",
        stacked=True,
    )


ERRORS = Chart("errors", "Errors by kind", build_errors)
THROUGHPUT = Chart("throughput", "Throughput", build_throughput)
