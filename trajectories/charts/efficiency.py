"""What was scored for what, as the announcement of o3 on ARC tables it, beside the rows of that announcement."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings

from trajectories.charts.base import Chart, counts_of, percent, run_link
from trajectories.charts.spending import price_axis
from trajectories.core.consolidation.published import CURRENCY, PUBLISHED, Published
from trajectories.core.consolidation.resampling import Estimate, mean_bands
from trajectories.core.consolidation.votes import ballot_credit
from trajectories.core.figures.records import Axis, Column, Figure, Mark, Point, Row, Series, Unit, Value
from trajectories.models import ProblemSet
from trajectories.selectors.insights.samples import Voted, list_voted_by_source
from trajectories.selectors.insights.scopes import InsightScope
from trajectories.selectors.insights.sources import Source, list_sources
from trajectories.selectors.insights.tallies import get_tally

DEFINITION = (
    "Each run, and each model whose samples were imported: the score of the commonest answer among all its scored"
    " samples of a problem (equal votes share), with the band of 1,000 resamplings of the problems; two answers: that"
    " one of the two commonest is right; one sample: pass@1. Tokens and cost are sums over all samples, also those that"
    " were cut off, refused or shown the answer; a cost is known where the price of every sample is. Time is that of"
    " the sampler, one sample after the other. Rows marked published are from the announcement of o3 on ARC-AGI-1"
    " (ARC Prize, December 2024): other tasks, their own way of choosing, cost a task in US dollars and the time of the"
    " clock. They are drawn where prices here are in US dollars too."
)
COLUMNS = [
    Column("Set"),
    Column("Sampled by"),
    Column("Tasks", Unit.COUNT),
    Column("Samples a task", Unit.NUMBER),
    *(Column(title, Unit.SHARE) for title in ("Score", "From", "To", "Two answers", "One sample")),
    Column("Unscored samples", Unit.COUNT),
    Column("Tokens", Unit.COUNT),
    Column("Total cost", Unit.MONEY),
    Column("Cost a task", Unit.MONEY),
    Column("Time a task", Unit.SECONDS),
]
TITLE = "Efficiency, beside o3 as published"


@dataclass(frozen=True, slots=True)
class Line:
    """A source with its scores by majority and by the two commonest answers."""

    source: Source
    problem_set: str
    score: Estimate
    two: Estimate

    @property
    def cost(self) -> float | None:
        """What a task cost."""
        return None if self.source.cost is None else self.source.cost / self.source.problems


def build_efficiency(scope: InsightScope) -> Figure:
    """The table of efficiency of a scope."""
    counts = counts_of(get_tally(scope), scope)
    lines = _lines(scope)
    if not any(line.score.problems for line in lines):
        missing = "No sample of this selection was verified right or wrong yet."
        return Figure(TITLE, DEFINITION, COLUMNS, counts=counts, missing=missing)
    rows = [*(_row(line) for line in lines), *(_published_row(each) for each in PUBLISHED)]
    mine = [_point(line) for line in lines if line.cost and line.score.mean is not None]
    theirs = [_published_point(each) for each in PUBLISHED if each.cost is not None] if _same_currency() else []
    drawn = [("Runs", "1", mine), ("Published", "muted", theirs)]
    if not mine and not theirs:
        missing = (
            "No run of this selection has a known cost, so that there is no point to draw; the table has the rest."
        )
        return Figure(TITLE, DEFINITION, COLUMNS, rows, counts=counts, missing=missing)
    best = max(lines, key=lambda line: line.score.mean or 0.0)
    return Figure(
        title=TITLE,
        definition=DEFINITION,
        columns=COLUMNS,
        rows=rows,
        series=[Series(name, Mark.POINTS, tone, points) for name, tone, points in drawn if points],
        x=price_axis([point.x for point in (*mine, *theirs)], Unit.MONEY),
        y=Axis("Score", Unit.SHARE, top=1.03),
        counts=counts,
        summary=f"{len(lines)} sources beside {len(PUBLISHED)} published rows; the best score here is"
        f" {percent(best.score.mean)}, by {best.source.title}.",
    )


def _lines(scope: InsightScope) -> list[Line]:
    voted = list_voted_by_source(scope)
    sources = list_sources(scope)
    wanted = {source.run.problem_set_id for source in sources if source.run}
    titles = dict(ProblemSet.objects.filter(pk__in=[key for key in wanted if key]).values_list("pk", "title"))
    found = []
    for source in sources:
        key = source.run.pk if source.run else 0, source.sampler.pk if source.sampler else 0
        score, two = _scores(voted.get(key, ()))
        problem_set = titles.get(source.run.problem_set_id or 0, "") if source.run else ""
        found.append(Line(source, problem_set or "Several", score, two))
    return found


def _scores(voted: Sequence[Voted]) -> tuple[Estimate, Estimate]:
    """The score by majority and by the two commonest answers."""
    values = [[ballot_credit(each.ballot), ballot_credit(each.ballot, 2)] for each in voted]
    nothing = Estimate(None, None, None, 0)
    one, two = mean_bands(values, [each.problems for each in voted]) or (nothing, nothing)
    return one, two


def _row(line: Line) -> Row:
    source, score = line.source, line.score
    return Row(
        [
            line.problem_set,
            source.title if source.run else f"{source.title} (imported)",
            source.problems,
            source.samples / source.problems,
            score.mean,
            score.low,
            score.high,
            line.two.mean,
            source.score,
            source.unscored,
            source.tokens,
            source.cost,
            line.cost,
            source.seconds / source.problems,
        ],
        run_link(source.run.pk) if source.run else "",
    )


def _same_currency() -> bool:
    return str(settings.CURRENCY) == CURRENCY


def _published_row(each: Published) -> Row:
    cost = each.cost if _same_currency() else None
    known: list[Value] = [each.problem_set, f"{each.title} (published)", each.tasks, each.samples, each.score]
    return Row([*known, None, None, None, None, None, each.tokens, None, cost, each.seconds])


def _point(line: Line) -> Point:
    source = line.source
    words = [
        source.title,
        f"score {percent(line.score.mean)} over {line.score.problems:,} problems",
        f"{source.samples / source.problems:,.1f} samples a task",
    ]
    link = run_link(source.run.pk) if source.run else ""
    return Point(line.cost or 0.0, line.score.mean, words, link, hollow=not source.is_finished)


def _published_point(each: Published) -> Point:
    words = [
        f"{each.title} (published)",
        f"{each.problem_set}: {percent(each.score)}",
        f"{each.samples:,} samples a task",
    ]
    return Point(each.cost or 0.0, each.score, words, hollow=True)


EFFICIENCY = Chart("efficiency", TITLE, build_efficiency)
