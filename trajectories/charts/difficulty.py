"""Difficulty: what more samples bring on easy problems and on hard ones."""

from collections.abc import Sequence

from trajectories.charts.base import INDEPENDENT_WORDS, Chart, counts_of, percent, problem_link
from trajectories.core.consolidation.difficulty import QUINTILES, Halves, quintiles
from trajectories.core.figures.records import Axis, Column, Figure, Mark, Point, Row, Series, Unit
from trajectories.selectors.insights.samples import list_halves
from trajectories.selectors.insights.scopes import InsightScope
from trajectories.selectors.insights.tallies import get_tally

KS = (1, 2, 4, 8, 16, 32, 64)
DRAWN = 4
"""Values of k with bars of their own: 1, the largest, and two between."""

DEFINITION = (
    "Problems in fifths by pass@1 on one half of their samples, drawn by lot; the bars are pass@k on the other half,"
    " so that luck does not count twice. Problems that are equally hard on the border of two fifths count in both by"
    " their share."
    " Problems with a single scored sample are left out." + INDEPENDENT_WORDS
)


def build_difficulty(scope: InsightScope) -> Figure:
    """pass@k by quintile of difficulty."""
    halves = list_halves(scope)
    ks = [k for k in KS if k <= max((each.measured for each in halves), default=0)]
    columns = [Column("Fifth, easiest first", Unit.COUNT), Column("Problems", Unit.NUMBER)]
    columns += [Column("pass@1 that bins", Unit.SHARE), *(Column(f"pass@{k}", Unit.SHARE) for k in ks)]
    counts = counts_of(get_tally(scope), scope)
    found = quintiles(halves, ks)
    if not found or not ks:
        missing = f"Fifths need at least {QUINTILES} problems with two scored samples each."
        return Figure(DIFFICULTY.title, DEFINITION, columns, counts=counts, missing=missing)
    rows = [
        Row([each.rank, each.problems, each.share_binned, *each.values], problem_link(each.example)) for each in found
    ]
    series = [
        Series(
            f"pass@{k}",
            Mark.BARS,
            f"shade-{tone}",
            [
                Point(
                    x=each.rank,
                    y=each.values[ks.index(k)],
                    words=[
                        f"fifth {each.rank}: pass@{k} {percent(each.values[ks.index(k)])}",
                        f"{each.problems:,.3g} problems; Enter opens one",
                    ],
                    link=problem_link(each.example),
                )
                for each in found
            ],
        )
        for tone, k in enumerate(_drawn([k for k in ks if _reaches(halves, k)]), 1)
    ]
    named = {1: "1 easiest", QUINTILES: f"{QUINTILES} hardest"}
    return Figure(
        title=DIFFICULTY.title,
        definition=DEFINITION,
        columns=columns,
        rows=rows,
        series=series,
        x=Axis("Fifth of the problems", ticks=[(each.rank, named.get(each.rank, str(each.rank))) for each in found]),
        y=Axis("Problems solved", Unit.SHARE, top=1.03),
        counts=counts,
        summary=f"pass@1 is {percent(found[0].values[0])} on the easiest fifth, {percent(found[-1].values[0])} on the"
        f" hardest; pass@{ks[-1]} {percent(found[-1].values[-1])} there.",
    )


def _reaches(halves: Sequence[Halves], k: int) -> bool:
    """Whether at least half of the problems have k samples that are measured."""
    known = [each for each in halves if each.binned and each.measured]
    return 2 * sum(each.problems for each in known if each.measured >= k) >= sum(each.problems for each in known)


def _drawn(ks: list[int]) -> list[int]:
    """At most DRAWN of the values of k, evenly from the first to the last."""
    if len(ks) <= DRAWN:
        return ks
    return [ks[round(place * (len(ks) - 1) / (DRAWN - 1))] for place in range(DRAWN)]


DIFFICULTY = Chart("difficulty", "Difficulty by fifths", build_difficulty)
