"""How the first rows of files of traces would be read, before anything comes in."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import islice
from operator import itemgetter
from typing import NamedTuple

from trajectories.adapters.kept_uploads import KeptUpload
from trajectories.core.completions.thoughts import PartKind
from trajectories.core.importers.file_names import told_by_file
from trajectories.core.importers.foreign_traces import ForeignTrace, Row
from trajectories.core.importers.mapped_rows import map_row, paths_of
from trajectories.core.importers.prompt_wrappers import Wrapper
from trajectories.core.importers.trace_files import shape_of
from trajectories.core.problems import ProblemError
from trajectories.core.records import JSON, Outcome
from trajectories.models import Problem
from trajectories.services.traces.finding import ProblemFinder, ProblemMaker
from trajectories.services.traces.matching import shown_key
from trajectories.services.traces.staging import TRACE_COLUMNS, Stated, import_limits, read_rows, stage_trace

MOST_ROWS = 12
"""Rows of each file that are looked at."""
START_CHARACTERS = 300
MOST_SAYINGS = 20
SAID_CHARACTERS = 60
"""Of a score that is no verdict, which is shown as it is."""


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """A trace as it would come in: where it stands, its problem here (None for none; `is_new` where one is made), what
    the model said, the answer that is read, and what the file says of it (`says`). `fault` says what keeps it out, ""
    for nothing."""

    place: str
    fault: str = ""
    problem: Problem | None = None
    is_new: bool = False
    key: str = ""
    model: str = ""
    thoughts: str = ""
    response: str = ""
    answer: JSON = None
    says: Sequence[str] = ()


class _Read(NamedTuple):
    """A trace that was read, how many rows stand before its own, the file and place that its problem would be named by,
    and the place as it is shown."""

    trace: ForeignTrace
    at: int
    path: str
    span: str
    place: str


@dataclass(frozen=True, slots=True)
class TracePreview:
    """The first rows of some files: what is where in them (paths with a sample), their shapes by title with how many
    rows have each, and what would come of them."""

    rows: Sequence[PreviewRow]
    paths: Mapping[str, str] = field(default_factory=dict)
    shapes: Mapping[str, int] = field(default_factory=dict)
    looked: int = 0

    @property
    def is_known(self) -> bool:
        """Whether a row that was looked at has a shape that is known, so that nobody has to say what is where."""
        return bool(self.shapes)

    @property
    def fault_count(self) -> int:
        """How many of the traces would not come in."""
        return sum(1 for row in self.rows if row.fault)


def preview_traces(*, uploads: Sequence[KeptUpload], stated: Stated, maker: ProblemMaker | None = None) -> TracePreview:
    """Look at the first rows of kept files, read as a person `stated`, or by their own shape.

    Where a `maker` is given it makes a problem that is not here, for the look alone. Raises OSError for a file that is
    gone.
    """
    raw: list[Row] = []
    read: list[_Read] = []
    shown: list[tuple[int, PreviewRow]] = []
    at = 0
    shapes: dict[str, int] = {}
    with ExitStack() as stack:
        for upload in uploads:
            stream = stack.enter_context(upload.path.open("rb"))
            for name, span, row, _, path in islice(read_rows([(upload.name, stream)]), MOST_ROWS):
                place, at = f"{name} {span}".strip(), at + 1
                try:
                    if not isinstance(row, Mapping):
                        raise row if isinstance(row, ProblemError) else ProblemError("", "found no traces")
                    raw.append(row)
                    mapped = map_row(row, stated.places) if stated.places else row
                    shape = shape_of(mapped)
                    title = shape.title
                    shapes[title] = shapes.get(title, 0) + 1
                    traces = shape.traces(mapped, import_limits())
                    read += [_Read(told_by_file(trace, path, stated.model), at, path, span, place) for trace in traces]
                except ProblemError as fault:
                    shown.append((at, PreviewRow(place, _said(fault))))
    finder = ProblemFinder({})
    problems = finder.find({each.trace.problem for each in read}, making=maker is not None)
    shown += [(each.at, _shown(each, problems.get(each.trace.problem), maker, finder.wrapper)) for each in read]
    return TracePreview([row for _, row in sorted(shown, key=itemgetter(0))], paths_of(raw), shapes, len(raw))


def _start(trace: ForeignTrace, kind: PartKind) -> str:
    """How what is of one kind in a trace begins."""
    return "".join(part.text for part in trace.completion.parts if part.kind == kind)[:START_CHARACTERS]


def _says(trace: ForeignTrace) -> list[str]:
    """What the file says of a trace, in words: the decisions of people, then every score."""
    people = [f"{review.pseudonym}: {review.decision}" for review in trace.reviews]
    scores = (
        f"{one.verifier}: {one.message[:SAID_CHARACTERS] if one.outcome is Outcome.UNSCORED else one.outcome}"
        for one in trace.verdicts
    )
    return [*people, *scores][:MOST_SAYINGS]


def _shown(
    read: _Read, problem: Problem | str | None, maker: ProblemMaker | None, wrapper: Wrapper | None
) -> PreviewRow:
    trace = read.trace
    row = PreviewRow(
        read.place,
        key=str(trace.problem)[:START_CHARACTERS],
        model=trace.model,
        thoughts=_start(trace, PartKind.THINKING),
        response=_start(trace, PartKind.CONTENT),
        answer=trace.answer,
        says=_says(trace),
    )
    row = replace(row, problem=problem if isinstance(problem, Problem) else None)
    try:
        if problem is None and maker is not None and trace.question_row:
            row = replace(row, is_new=True)
            problem = maker.make(trace.question_row, read.path, read.span, wrapper).problem
        if not isinstance(problem, Problem):
            return replace(row, fault=problem or f"found no problem {shown_key(trace.problem)}")
        staged = stage_trace(problem, trace)
    except ProblemError as fault:
        return replace(row, fault=_said(fault))
    except (ValueError, TypeError) as fault:
        return replace(row, fault=str(fault))
    return replace(row, answer=staged["trace"][TRACE_COLUMNS.index("answer")])


def _said(fault: ProblemError) -> str:
    return ": ".join(part for part in (fault.path, fault.detail) if part)
