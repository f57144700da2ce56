"""What each verifier said."""

from trajectories.charts.base import Chart, counts_of, trace_link
from trajectories.core.figures.records import Axis, Column, Figure, Mark, Point, Row, Series, Unit
from trajectories.core.records import Outcome
from trajectories.selectors.insights.scopes import InsightScope
from trajectories.selectors.insights.tallies import get_tally
from trajectories.selectors.insights.verdicts import list_verdicts

OUTCOMES = {
    Outcome.PASS: ("Pass", "pass"),
    Outcome.FAIL: ("Fail", "fail"),
    Outcome.UNSCORED: ("Unscored", "muted"),
    Outcome.ERROR: ("Error", "warn"),
}
"""(word, tone) by outcome, in the order in which they are stacked."""

DEFINITION = (
    "The newest verdict of each verifier on each sample. Only programs are counted here: model judges have pages of"
    " their own. An error is a verifier that could not finish, and unscored a sample on which it had nothing to go"
    " by; neither is a fail."
)


def build_verdicts(scope: InsightScope) -> Figure:
    """Samples by verifier and outcome."""
    found = {(each.verifier, each.outcome): each for each in list_verdicts(scope)}
    verifiers = sorted({verifier for verifier, _ in found})
    columns = [Column("Verifier"), *(Column(word, Unit.COUNT) for word, _ in OUTCOMES.values())]
    columns += [Column("Pass rate", Unit.SHARE)]
    counts = counts_of(get_tally(scope), scope)
    if not verifiers:
        missing = "No sample of this selection has a verdict yet."
        return Figure(VERDICTS.title, DEFINITION, columns, counts=counts, missing=missing)
    rows, series = [], []
    for verifier in verifiers:
        numbers = {outcome: _count(found.get((verifier, outcome))) for outcome in OUTCOMES}
        scored = numbers[Outcome.PASS] + numbers[Outcome.FAIL]
        rows.append(Row([verifier, *numbers.values(), numbers[Outcome.PASS] / scored if scored else None]))
    for outcome, (word, tone) in OUTCOMES.items():
        points = [
            Point(
                place,
                each.samples,
                [verifier, f"{word.lower()}: {each.samples:,} samples; Enter opens the newest"],
                trace_link(each.example),
            )
            for place, verifier in enumerate(verifiers)
            if (each := found.get((verifier, outcome)))
        ]
        if points:
            series.append(Series(word, Mark.BARS, tone, points))
    return Figure(
        title=VERDICTS.title,
        definition=DEFINITION,
        columns=columns,
        rows=rows,
        series=series,
        x=Axis("", ticks=list(enumerate(verifiers))),
        y=Axis("Samples", Unit.COUNT),
        counts=counts,
        summary=f"Verdicts of {len(verifiers)} verifiers.",
        stacked=True,
        sideways=True,
    )


def _count(found: object) -> int:
    return getattr(found, "samples", 0)


VERDICTS = Chart("verifiers", "Outcomes by verifier", build_verdicts)
