"""pass@k and cons@k: how much more samples bring, pooled and run by run."""

from collections.abc import Sequence

from trajectories.charts.base import (
    HOLLOW_WORDS,
    INDEPENDENT_WORDS,
    Chart,
    counts_of,
    k_axis,
    percent,
    powers_of_two,
    reached,
    run_link,
    traces_link,
)
from trajectories.core.consolidation.consensus import cons_at_k
from trajectories.core.consolidation.metrics import pass_at_k
from trajectories.core.consolidation.resampling import Estimate, mean_bands
from trajectories.core.figures.records import Axis, Column, Figure, Mark, Point, Row, Series, Unit
from trajectories.models import Run
from trajectories.selectors.insights.samples import Scored, Voted, list_scored, list_scored_by_run, list_voted
from trajectories.selectors.insights.scopes import InsightScope
from trajectories.selectors.insights.tallies import get_tally

MOST_RUNS = 8
MOST_DRAWN = 128
"""The largest k of cons@k in a figure: each doubling costs as much again as all before."""
NO_SAMPLES = "No sample of this selection was verified right or wrong yet."
DEFINITION = (
    "pass@k: the chance that at least one of k samples of a problem is right, without bias (Chen et al. 2021)."
    " cons@k: the chance that the commonest answer among k is right, worked out for all ways of drawing them up to k ="
    f" {MOST_DRAWN}; equal votes share the win. Both are means over problems, samples drawn without replacement from"
    " those that were scored; the bands hold 95% of 1,000 resamplings of the problems."
    + INDEPENDENT_WORDS
    + HOLLOW_WORDS
)
RUNS_DEFINITION = (
    "pass@k without bias (Chen et al. 2021) over the problems of each run, with the band of 1,000 resamplings of the"
    " problems. Runs compare where they had the same problems: the table says how many."
)
COLUMNS = [
    Column("k", Unit.COUNT),
    *(Column(f"pass@k{end}", Unit.SHARE) for end in ("", " from", " to")),
    *(Column(f"cons@k{end}", Unit.SHARE) for end in ("", " from", " to")),
    Column("Problems", Unit.COUNT),
]
RUN_COLUMNS = [
    Column("Run"),
    Column("Sampler"),
    Column("k", Unit.COUNT),
    *(Column(title, Unit.SHARE) for title in ("pass@k", "From", "To")),
    Column("Problems", Unit.COUNT),
]
SHARE = Axis("Problems solved", Unit.SHARE, top=1.03)


def pass_bands(scored: Sequence[Scored], ks: Sequence[int]) -> list[Estimate]:
    """pass@k over problems with its band, for each k."""
    values = [[pass_at_k(each.samples, each.right, k) for k in ks] for each in scored]
    return mean_bands(values, [each.problems for each in scored])


def cons_bands(voted: Sequence[Voted], ks: Sequence[int]) -> list[Estimate]:
    """cons@k over problems with its band, for each k."""
    values = cons_at_k(tuple((each.ballot, each.silent) for each in voted), tuple(ks))
    return mean_bands(values, [each.problems for each in voted])


def _line(name: str, tone: str, ks: Sequence[int], found: Sequence[Estimate], link: str, what: str) -> Series:
    most, there = found[0].problems, reached(ks, found)
    points = [
        Point(
            x=k,
            y=each.mean,
            words=_words(f"{what}@{k}", each, most),
            link=link,
            low=each.low,
            high=each.high,
            hollow=each.problems < most,
        )
        for k, each in zip(ks, found, strict=True)
        if each.mean is not None and k in there
    ]
    return Series(name, Mark.LINE, tone, points)


def _words(what: str, found: Estimate, most: int) -> list[str]:
    band = f", 95% band {percent(found.low)} to {percent(found.high)}" if found.low is not None else ""
    over = f"over {found.problems:,} problems"
    return [f"{what}: {percent(found.mean)}{band}", over if found.problems == most else f"{over} of {most:,}"]


def build_pass_at_k(scope: InsightScope) -> Figure:
    """pass@k and cons@k of all samples of a scope together."""
    scored, voted = list_scored(scope), list_voted(scope)
    counts = counts_of(get_tally(scope), scope)
    if not scored:
        return Figure(PASS_AT_K.title, DEFINITION, COLUMNS, counts=counts, missing=NO_SAMPLES)
    ks = powers_of_two(max(each.samples for each in scored))
    passed = pass_bands(scored, ks)
    few = [k for k in ks if k <= MOST_DRAWN]
    agreed = cons_bands(voted, few)
    beside = [*agreed, *[Estimate(None, None, None, 0)] * (len(ks) - len(few))]
    far = reached(ks, passed)
    rows = [
        Row([k, one.mean, one.low, one.high, other.mean, other.low, other.high, one.problems])
        for k, one, other in zip(ks, passed, beside, strict=True)
    ]
    return Figure(
        title=PASS_AT_K.title,
        definition=DEFINITION,
        columns=COLUMNS,
        rows=rows,
        series=[
            _line("pass@k, any of k right", "1", ks, passed, traces_link(scope, "pass"), "pass"),
            _line("cons@k, majority of k right", "2", few, agreed, traces_link(scope, "pass"), "cons"),
        ],
        x=k_axis(far),
        y=SHARE,
        counts=counts,
        summary=f"pass@k rises from {percent(passed[0].mean)} at k = 1 to {percent(passed[-1].mean)} at k ="
        f" {ks[-1]:,};"
        f" cons@k begins at {percent(agreed[0].mean)}.",
    )


def build_runs(scope: InsightScope) -> Figure:
    """pass@k of each run: the newest MOST_RUNS, all of them in the table."""
    by_run = list_scored_by_run(scope)
    runs = list(Run.objects.filter(pk__in=by_run).select_related("sampler").defer("plan").order_by("-pk"))
    drawn = runs[:MOST_RUNS]
    more = (
        f" Of {len(runs):,} runs the newest {MOST_RUNS} are drawn; the table has them all."
        if len(runs) > MOST_RUNS
        else ""
    )
    definition = RUNS_DEFINITION + INDEPENDENT_WORDS + HOLLOW_WORDS + more
    counts = counts_of(get_tally(scope), scope)
    if not runs:
        return Figure(RUNS.title, definition, RUN_COLUMNS, counts=counts, missing=NO_SAMPLES)
    rows, series, most = [], [], 1
    for place, run in enumerate(runs):
        ks = powers_of_two(max(each.samples for each in by_run[run.pk]))
        found = pass_bands(by_run[run.pk], ks)
        link = run_link(run.pk)
        rows += [
            Row([run.title, run.sampler.title, k, each.mean, each.low, each.high, each.problems], link)
            for k, each in zip(ks, found, strict=True)
        ]
        if place < MOST_RUNS:
            most = max(most, reached(ks, found)[-1])
            series.append(_line(run.title, str(place + 1), ks, found, link, "pass"))
    return Figure(
        title=RUNS.title,
        definition=definition,
        columns=RUN_COLUMNS,
        rows=rows,
        series=series,
        x=k_axis(powers_of_two(most)),
        y=SHARE,
        counts=counts,
        summary=f"pass@k of {len(drawn)} runs, up to k = {most:,}.",
    )


PASS_AT_K = Chart("pass-at-k", "pass@k and cons@k", build_pass_at_k)
RUNS = Chart("runs", "pass@k by run", build_runs)
