"""The figures of a campaign: what each generation makes of the held-out problems, the control beside it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from django.urls import reverse

from trajectories.charts.base import percent
from trajectories.core.campaigns.measures import Measured, with_one_k
from trajectories.core.consolidation.resampling import Estimate
from trajectories.core.figures.records import Axis, Column, Figure, Mark, Point, Row, Series, Unit
from trajectories.models import Generation
from trajectories.selectors.campaigns import measured_of

NOTHING = "No generation is measured yet."
BANDS = (
    " The bands hold 95% of 1,000 resamplings of the problems. Generation 0 is the first sampler. The control learnt"
    " from as many traces of the same runs, right or wrong."
)
PASSED = (
    "Means over the held-out problems. pass@1: the share of a problem's samples that are right. pass@k: the chance that"
    " at least one of k samples is right, without bias (Chen et al. 2021); k is the most that every problem has"
    " in every generation. A sample that was cut off, gave no answer, or for which nothing was left to draw is not"
    " right." + BANDS
)
VARIETY = (
    "Means over the held-out problems. Entropy: that of the answers of a problem's samples, in bits; 0 where all are"
    " the same. Different right ones: how many different programs, or texts where there are none, are right. A sampler"
    " that learns may lose variety: then pass@k falls while pass@1 rises." + BANDS
)
FIRST = [Column("Generation"), Column("Arm"), Column("Sampler")]
LAST = [Column("k", Unit.COUNT), Column("Problems", Unit.COUNT)]


@dataclass(frozen=True, slots=True)
class CampaignChart:
    """A figure of a campaign. `name` stands in its address."""

    name: str
    title: str
    build: Callable[[Sequence[Generation]], Figure]


def traces_of_run(run_id: int | None, problem_id: int | None = None) -> str:
    """The list of the traces of a run, of one problem of it perhaps; "" for no run."""
    if run_id is None:
        return ""
    more = f"&problem={problem_id}" if problem_id is not None else ""
    return f"{reverse('trace_list')}?run={run_id}{more}"


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of a figure: a value with its band by generation."""

    name: str
    tone: str
    is_control: bool
    value: Callable[[Measured], Estimate]
    words: Callable[[float | None], str]


def _build(
    title: str, definition: str, columns: Sequence[Column], lines: Sequence[_Line], axis: Axis
) -> Callable[[Sequence[Generation]], Figure]:
    def build(rows: Sequence[Generation]) -> Figure:
        there = [(row, found) for row in rows if (found := measured_of(row)) is not None]
        measured = list(zip([row for row, _ in there], with_one_k([found for _, found in there]), strict=True))
        if not measured:
            return Figure(title, definition, columns, missing=NOTHING)
        newest = max(row.number for row, _ in measured)
        return Figure(
            title=title,
            definition=definition,
            columns=columns,
            rows=[_row(row, found, lines) for row, found in measured],
            series=[series for line in lines if (series := _series(line, measured)).points],
            x=Axis("Generation", ticks=[(number, str(number)) for number in range(newest + 1)]),
            y=axis,
            summary=_summary(lines, measured),
        )

    return build


def _row(row: Generation, found: Measured, lines: Sequence[_Line]) -> Row:
    mine = [line.value(found) for line in lines if line.is_control is False]
    values = [value for each in mine for value in (each.mean, each.low, each.high)]
    sampler = row.sampler.title if row.sampler else ""
    return Row(
        [str(row.number), row.arm, sampler, *values, found.k, found.passed.problems], traces_of_run(row.evaluation_id)
    )


def _series(line: _Line, measured: Sequence[tuple[Generation, Measured]]) -> Series:
    points = []
    for row, found in measured:
        each = line.value(found)
        # Both arms begin from generation 0.
        if each.mean is None or (row.number and row.is_control is not line.is_control):
            continue
        band = f", 95% band {line.words(each.low)} to {line.words(each.high)}" if each.low is not None else ""
        words = [f"Generation {row.number}, {line.name}: {line.words(each.mean)}{band}"]
        words.append(f"over {each.problems:,} problems, k = {found.k:,}")
        points.append(Point(row.number, each.mean, words, traces_of_run(row.evaluation_id), each.low, each.high))
    # A control that is not measured yet is no line of one point.
    if line.is_control:
        return Series(line.name, Mark.CONTROL, line.tone, points if len(points) > 1 else [])
    return Series(line.name, Mark.LINE, line.tone, points)


def _summary(lines: Sequence[_Line], measured: Sequence[tuple[Generation, Measured]]) -> str:
    said = []
    for line in lines:
        points = _series(line, measured).points
        if points:
            said.append(f"{line.name}: {line.words(points[0].y)} to {line.words(points[-1].y)}.")
    return " ".join(said)


def _plain(value: float | None) -> str:
    return "not defined" if value is None else f"{value:.2f}"


def _banded(title: str, unit: Unit) -> list[Column]:
    return [Column(f"{title}{end}", unit) for end in ("", " from", " to")]


PASS_BY_GENERATION = CampaignChart(
    "pass",
    "Held-out problems: pass@1 and pass@k by generation",
    _build(
        "Held-out problems: pass@1 and pass@k by generation",
        PASSED,
        [*FIRST, *_banded("pass@1", Unit.SHARE), *_banded("pass@k", Unit.SHARE), *LAST],
        [
            _Line("pass@1", "1", False, lambda found: found.passed, percent),
            _Line("pass@k", "2", False, lambda found: found.passed_k, percent),
            _Line("control, pass@1", "7", True, lambda found: found.passed, percent),
            _Line("control, pass@k", "8", True, lambda found: found.passed_k, percent),
        ],
        Axis("Held-out problems", Unit.SHARE, top=1.03),
    ),
)
VARIETY_BY_GENERATION = CampaignChart(
    "variety",
    "Held-out problems: variety of answers by generation",
    _build(
        "Held-out problems: variety of answers by generation",
        VARIETY,
        [*FIRST, *_banded("Entropy, bits", Unit.NUMBER), *_banded("Different right ones", Unit.NUMBER), *LAST],
        [
            _Line("entropy of answers, bits", "1", False, lambda found: found.entropy, _plain),
            _Line("different right ones", "2", False, lambda found: found.distinct, _plain),
            _Line("control, entropy", "7", True, lambda found: found.entropy, _plain),
            _Line("control, different right ones", "8", True, lambda found: found.distinct, _plain),
        ],
        Axis("Of a held-out problem"),
    ),
)
CAMPAIGN_CHARTS: Mapping[str, CampaignChart] = {
    chart.name: chart for chart in (PASS_BY_GENERATION, VARIETY_BY_GENERATION)
}
"""By the name that stands in addresses, in the order of a campaign's page."""
