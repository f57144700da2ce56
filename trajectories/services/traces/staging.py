"""Traces from elsewhere on their way in: read, matched to their problems and set aside, without any lock."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import IO, Any, NamedTuple

from django.conf import settings

from trajectories.adapters.spools import Spool
from trajectories.adapters.trace_files import rows_of_file
from trajectories.core.completions.parts import Completion
from trajectories.core.completions.thoughts import Part
from trajectories.core.importers.archive_rows import ARCHIVED_AS
from trajectories.core.importers.file_names import told_by_file
from trajectories.core.importers.foreign_traces import SAMPLED_AS, ForeignTrace, ProblemKey, Row
from trajectories.core.importers.left_out import add_counts, left_out_of, unmapped_columns, unread_columns
from trajectories.core.importers.limits import ImportLimits
from trajectories.core.importers.mapped_rows import map_row
from trajectories.core.importers.trace_files import shape_of
from trajectories.core.problems import ImportFault, ProblemError
from trajectories.core.prompts import ReadAnswer, read_answer
from trajectories.core.records import JSON, SampleResult
from trajectories.core.text.storable import storable_json, storable_text
from trajectories.core.verifiers.answers import searched_fact
from trajectories.models import Problem
from trajectories.selectors.problems import to_public
from trajectories.services.problems.imports import FaultTally
from trajectories.services.traces.finding import ProblemFinder, ProblemMaker
from trajectories.services.traces.imported_verdicts import adopted_review, review_row, verdict_row
from trajectories.services.traces.matching import shown_key
from trajectories.services.traces.storing import earlier_hashes, trace_columns

BATCH = 200
"""Rows that are matched to their problems in one query."""
READ_BYTES = 4 * 1024 * 1024
"""A batch of rows ends once it has so many bytes: several are in memory at once where several processes read."""

TRACE_COLUMNS = (
    *("problem_id", "content_hash", "temperature", "prompt_id", "reasoning_id", "program_id", "raw_id"),
    *("parts", "steps", "answer", "answer_hash", "facts", "hinted", "finish_reason"),
    *("input_tokens", "cached_tokens", "reasoning_tokens", "output_tokens", "cost"),
)
"""Of a trace, in the order in which a spool has them; what only its writer knows follows when it is written."""


class ReadRow(NamedTuple):
    """One row of a file that was sent, or what is wrong at its place; `row` is None for a file that has no row at all.

    `file` is the file's name, `span` where in it the row stands, `size` how many bytes it takes there; `path` is the
    file's name with that of the file inside of it that the row is from, where it is a zip.
    """

    file: str
    span: str
    row: Row | ProblemError | None
    size: int = 0
    path: str = ""


def read_rows(files: Iterable[tuple[str, IO[bytes]]]) -> Iterator[ReadRow]:
    """Every row of some files, in order, whatever they are: see adapters.trace_files."""
    limits = import_limits()
    for name, stream in files:
        is_empty = True
        for span, row, size, inner in rows_of_file(name, stream, limits):
            is_empty = False
            yield ReadRow(name, span, row, size, f"{name}/{inner}" if inner else name)
        if is_empty:
            yield ReadRow(name, "", None)


def next_rows(rows: Iterator[ReadRow]) -> list[ReadRow]:
    """The next rows to match at once: `BATCH` of them, fewer where they are long; [] at the end."""
    batch: list[ReadRow] = []
    size = 0
    for row in rows:
        batch.append(row)
        size += row.size
        if len(batch) >= BATCH or size >= READ_BYTES:
            break
    return batch


def import_limits() -> ImportLimits:
    """How large rows and traces may be in this installation."""
    return ImportLimits(row_bytes=settings.IMPORT_ROW_BYTES, steps=settings.IMPORT_STEPS)


@dataclass
class Told:
    """What an import says of its files besides its faults, in the form that an import keeps."""

    shapes: dict[str, int] = field(default_factory=dict)
    """Rows by their shape."""
    wrapper: dict[str, Any] = field(default_factory=dict)
    """The words that were cut off around questions."""
    left_out: dict[str, int] = field(default_factory=dict)
    """What the rows have that no trace does, by what it is."""
    unread: dict[str, int] = field(default_factory=dict)
    """Rows by the columns of theirs that nobody reads."""

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Told":
        """What an import has told so far."""
        return cls(**{name: dict(kept.get(name, {})) for name in ("shapes", "wrapper", "left_out", "unread")})

    def count(self, counts: Mapping[str, Mapping[str, int]]) -> None:
        """Add what some rows were: counts by name under the names of fields."""
        for name, count in counts["shapes"].items():
            self.shapes[name] = self.shapes.get(name, 0) + count
        add_counts(self.left_out, counts["left_out"])
        add_counts(self.unread, counts["unread"])

    def to_json(self) -> dict[str, JSON]:
        """The stored form."""
        return {name: dict(getattr(self, name)) for name in ("shapes", "wrapper", "left_out", "unread")}


@dataclass(frozen=True, slots=True)
class Stated:
    """What a person states of rows that do not say it themselves."""

    places: Mapping[str, str] = field(default_factory=dict)
    """What is where in rows of no known shape (core.importers.mapped_rows); {} has each row read by its own."""
    model: str = ""
    """Whose answers those are that name no model, "" for nobody's that is known."""


Placed = tuple[ReadRow, ForeignTrace]
"""The place that a trace stands in, without what stands there, and the trace."""


@dataclass
class ReadBatch:
    """What some rows are before anybody asks which problems they mean: traces, faults, and counts as in `Told`."""

    traces: list[Placed] = field(default_factory=list)
    faults: list[ImportFault] = field(default_factory=list)
    shapes: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    unread: Counter[str] = field(default_factory=Counter)

    @property
    def counts(self) -> dict[str, Mapping[str, int]]:
        """What `Told` counts."""
        return {"shapes": self.shapes, "left_out": self.left_out, "unread": self.unread}

    @property
    def keys(self) -> set[ProblemKey]:
        """How the traces name their problems."""
        return {trace.problem for _, trace in self.traces}


def read_batch(rows: Iterable[ReadRow], stated: Stated) -> ReadBatch:
    """What some rows are, with what a person states of them. Asks nothing of the database."""
    found, limits = ReadBatch(), import_limits()
    for each in rows:
        row = each.row
        try:
            if row is None:
                raise ProblemError("", "found no traces")
            if isinstance(row, ProblemError):
                raise row
            mapped = map_row(row, stated.places) if stated.places else row
            shape = shape_of(mapped)
            traces = shape.traces(mapped, limits)
            path, placed = each.path or each.file, ReadRow(each.file, each.span, None, each.size, each.path)
            found.traces += [(placed, told_by_file(trace, path, stated.model)) for trace in traces]
            found.shapes[shape.name] += 1
            places = stated.places.values()
            unread = unmapped_columns(row, places) if places else unread_columns(shape.name, row)
            if left_out := left_out_of(traces):
                found.left_out.update(left_out)
            if unread:
                found.unread.update(unread)
        except ProblemError as fault:
            found.faults.append(_fault(each.file, each.span, fault.path, fault.detail))
    return found


def stage_batch(
    traces: Iterable[Placed], staged: Callable[[ForeignTrace, str, str], JSON], keep: Callable[[JSON], None]
) -> list[ImportFault]:
    """Give `keep` each trace as the spool has it, as `staged` makes it; the faults of those of which it makes none."""
    faults = []
    for each, trace in traces:
        try:
            keep(staged(trace, each.path or each.file, each.span))
        except ProblemError as fault:
            faults.append(_fault(each.file, each.span, fault.path, fault.detail))
        except (ValueError, TypeError) as fault:
            faults.append(_fault(each.file, each.span, "", str(fault)))
    return faults


def stage_found(problem: Problem | str | None, trace: ForeignTrace, *, adopting: bool) -> dict[str, Any]:
    """A trace as the spool has it, of a problem that is here. Raises ProblemError for any other, ValueError or
    TypeError for what cannot be stored."""
    if isinstance(problem, Problem):
        return stage_trace(problem, trace, adopting=adopting)
    raise ProblemError("", problem or f"found no problem {shown_key(trace.problem)}; import it first")


@dataclass
class TraceStage:
    """Checks rows, matches them to their problems, and sets what is good aside in the spool.

    Where a `maker` is given, it makes the problems that are not here; they are set aside with their traces.
    """

    adopting: bool = False
    maker: ProblemMaker | None = None
    stated: Stated = field(default_factory=Stated)
    told: Told = field(default_factory=Told)
    position: Callable[[], int] = field(default=lambda: 0)
    """How many bytes of the files are read, which `reached` is as of what was set aside."""
    reached: int = 0

    def __post_init__(self) -> None:
        self.finder = ProblemFinder(self.told.wrapper)

    def take_next(self, rows: Iterator[ReadRow], spool: Spool, faults: FaultTally) -> int:
        """Set the traces of the next few rows aside and count their faults; how many rows there were, 0 at the end.
        Raises OSError where the disk takes no more."""
        batch = next_rows(rows)
        self.take(batch, spool, faults)
        self.reached = self.position()
        return len(batch)

    def take(self, rows: Sequence[ReadRow], spool: Spool, faults: FaultTally) -> None:
        """Set the traces of some rows aside and count their faults. Raises OSError where the disk takes no more."""
        read = read_batch(rows, self.stated)
        self.told.count(read.counts)
        problems = self.finder.find(read.keys, making=self.maker is not None)

        def staged(trace: ForeignTrace, file: str, span: str) -> dict[str, Any]:
            return self._staged(problems.get(trace.problem), trace, file, span)

        for fault in (*read.faults, *stage_batch(read.traces, staged, spool.append)):
            faults.add(fault)

    def _staged(self, problem: Problem | str | None, trace: ForeignTrace, file: str, span: str) -> dict[str, Any]:
        """A trace as the spool has it, with its problem where that has to be made. Raises as `stage_found`."""
        if problem is None and self.maker is not None and trace.question_row:
            made = self.maker.make(trace.question_row, file, span, self.finder.wrapper)
            return {**stage_trace(made.problem, trace, adopting=self.adopting), "problem": made.staged}
        staged = stage_found(problem, trace, adopting=self.adopting)
        asked = "" if self.maker is None else self.maker.split
        if isinstance(problem, Problem) and asked not in ("", problem.split):
            add_counts(self.told.left_out, {f"side asked for ({asked}): the problem is here for {problem.split}": 1})
        return staged


def _fault(name: str, span: str, path: str, detail: str) -> ImportFault:
    return ImportFault(name, " ".join(part for part in (span, path) if part), detail)


def stage_trace(problem: Problem, item: ForeignTrace, *, adopting: bool = False) -> dict[str, Any]:
    """A trace as the spool has it. Raises ValueError or TypeError for what cannot be stored."""
    completion = _storable(item.completion)
    columns, texts = trace_columns(problem, _result(problem, item, completion), completion.parts)
    columns |= {"problem_id": problem.pk, "temperature": item.temperature}
    if item.cost is not None:
        columns["cost"] = str(item.cost)  # money as its digits
    return {
        "model": item.model.strip(),
        "trace_id": item.trace_id,
        "release": item.archived_item.release if item.archived_item is not None else "",
        "known_as": sorted({columns["content_hash"], *earlier_hashes(problem, item.messages, columns, texts)}),
        "trace": [columns[name] for name in TRACE_COLUMNS],
        "texts": texts,
        "verdicts": [verdict_row(verdict) for verdict in item.verdicts],
        "adds_verdicts": item.adds_verdicts,
        "is_sample": item.is_sample,
        "of_any_model": item.of_any_model,
        "reviews": [review_row(review) for review in item.reviews],
        "adopted": adopted_review(item.reviews, len(item.steps)) if adopting else None,
    }


def _storable(came: Completion) -> Completion:
    """A completion as it can be stored: texts and what came with them."""
    return Completion(storable_text(came.text), tuple(map(_storable_part, came.parts)))


def _storable_part(part: Part) -> Part:
    text = storable_text(part.text)
    return part if text is part.text and not part.data else replace(part, text=text, data=storable_json(part.data))


def _result(problem: Problem, item: ForeignTrace, completion: Completion) -> SampleResult:
    """What `trace_columns` asks of a trace besides its parts."""
    read, searched = ReadAnswer(item.answer, item.program, item.span), False
    if item.answer is None and not item.program and item.archived_item is None:
        read = read_answer(to_public(problem), completion.content) if item.has_answer else read
        searched = True
    facts: dict[str, JSON] = {**item.facts, **({"model": item.model} if item.model else {})}
    if searched or read.span is not None:
        facts |= searched_fact(read.span)
    return SampleResult(
        messages=item.messages,
        reasoning=completion.text,
        steps=item.steps,
        answer=read.answer,
        program=read.program,
        finish_reason=item.finish_reason,
        usage=item.usage,
        cost=item.cost,
        facts=facts,
        raw=storable_text(item.raw),
    )


def request_of(facts: Mapping[str, JSON]) -> str:
    """Which request a trace answers, and as which of several answers, or what an archive calls it; "" where its row did
    not say."""
    custom_id, alternative = facts.get("custom_id"), facts.get("alternative", facts.get("attempt"))
    if custom_id is None and alternative is None:
        return f"trace {facts[ARCHIVED_AS]}" if ARCHIVED_AS in facts else ""
    return f"{custom_id or ''}\n{alternative or 0}"


class Request(NamedTuple):
    """Which sample a trace is, as far as its row said so; each "" where it did not."""

    custom_id: str
    """What whoever asked calls the request, or the example."""
    whole: str
    """The request and which of several answers to it, as `request_of` tells."""
    sampled_as: str
    """What its log calls the sample, or the run, among all others."""

    @classmethod
    def of(cls, facts: Mapping[str, JSON]) -> "Request":
        """The request that a trace's facts tell of."""
        return cls(str(facts.get("custom_id") or ""), request_of(facts), str(facts.get(SAMPLED_AS) or ""))

    def may_be(self, other: "Request") -> bool:
        """Whether two traces with the same words can be one sample."""
        return _agree(self.whole, other.whole) and _agree(self.sampled_as, other.sampled_as)

    def may_be_any(self, other: "Request") -> bool:
        """The same where one of them does not say which of several answers it is."""
        return _agree(self.custom_id, other.custom_id) and _agree(self.sampled_as, other.sampled_as)


def _agree(one: str, other: str) -> bool:
    return not one or not other or one == other
