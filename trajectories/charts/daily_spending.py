"""What was paid to models by the day, told apart by sampler, person or kind of job."""

from collections.abc import Sequence
from datetime import date

from django.conf import settings

from trajectories.core.figures.records import Axis, Column, Count, Figure, Mark, Point, Row, Series, Unit
from trajectories.core.figures.tables import shown
from trajectories.selectors.spending import GROUPS, Spend, Spending

TITLE = "Spent by day"
DEFINITION = (
    "What samples, failed attempts, model judges and generation took of language models, on the day (UTC) on which it"
    " was charged. Answers that were recalled cost nothing. Calls without a known price add tokens but no cost. Where"
    " nothing has a price, tokens are drawn. Before daily spending was kept, what failed attempts took is on the day on"
    " which their run ended."
)
DRAWN = 7
"""Groups with a colour of their own; the others are one bar. The table has them all."""
TICKS = 8


def build_daily_spending(found: Spending, group: str) -> Figure:
    """Stacked bars, one a day."""
    has_cost = found.total.cost > 0
    columns = [Column("Day"), Column(GROUPS[group]), Column("Spent", Unit.MONEY), Column("Tokens", Unit.COUNT)]
    columns += [Column("Calls", Unit.COUNT), Column("Calls without a price", Unit.COUNT)]
    rows = [
        Row([day.isoformat(), found.groups[key], float(each.cost), each.tokens, each.calls, each.unpriced])
        for day in reversed(found.days)
        for key in found.groups
        if (each := found.cells.get((day, key))) is not None
    ]
    if not rows:
        return Figure(TITLE, DEFINITION, columns, missing="No model was paid, and none was asked, in these days.")
    return Figure(
        title=TITLE,
        definition=DEFINITION,
        columns=columns,
        rows=rows,
        series=_series(found, has_cost=has_cost),
        x=Axis("Day, UTC", ticks=_ticks(found.days)),
        y=Axis(f"Spent, {settings.CURRENCY}", Unit.MONEY) if has_cost else Axis("Tokens", Unit.COUNT),
        counts=[Count("calls", found.total.calls), Count("calls without a price", found.total.unpriced)],
        summary=f"{shown(float(found.total.cost), Unit.MONEY, settings.CURRENCY)} in {len(found.days)} days.",
        stacked=True,
    )


def _series(found: Spending, *, has_cost: bool) -> list[Series]:
    keys = list(found.groups)
    # A colour of its own for the last one, where it would be the only one among the others.
    own = keys if len(keys) <= DRAWN + 1 else keys[:DRAWN]
    named: list[tuple[str, tuple[str, ...]]] = [(found.groups[key], (key,)) for key in own]
    if others := tuple(keys[len(own) :]):
        named.append((f"{len(others)} others", others))
    series = []
    for place, (title, members) in enumerate(named):
        points = []
        for x, day in enumerate(found.days):
            each = sum((found.cells.get((day, key), Spend()) for key in members), Spend())
            amount = float(each.cost) if has_cost else float(each.tokens)
            words = [day.isoformat(), _words(each)]
            points.append(Point(x, amount, words))
        series.append(Series(title, Mark.BARS, str(place + 1), points))
    return series


def _words(each: Spend) -> str:
    return f"{shown(float(each.cost), Unit.MONEY, settings.CURRENCY)}, {each.tokens:,} tokens, {each.calls:,} calls"


def _ticks(days: Sequence[date]) -> list[tuple[float, str]]:
    step = max(1, -(-len(days) // TICKS))
    return [(float(x), f"{days[x].day} {days[x]:%b}") for x in range(len(days) - 1, -1, -step)][::-1]
