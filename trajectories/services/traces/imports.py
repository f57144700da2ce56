"""Traces from elsewhere: read, matched to their problems and set aside, without a lock; then written at once."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import IO, Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F

from trajectories.adapters.copying import copy_missing, copy_rows, reserve_ids
from trajectories.adapters.spools import BATCH_BYTES, Spool
from trajectories.core.completions.parts import Completion, parts_to_json
from trajectories.core.completions.thoughts import PartKind
from trajectories.core.curation.reviews import Standing, settle
from trajectories.core.importers.archive_rows import ARCHIVED_AS, HUMAN_EDIT
from trajectories.core.importers.foreign_traces import ForeignTrace, Row
from trajectories.core.importers.trace_files import read_traces
from trajectories.core.importers.trace_rows import read_document, read_lines
from trajectories.core.problems import ImportFault, ProblemError
from trajectories.core.prompts import ReadAnswer, read_answer
from trajectories.core.records import JSON, SampleResult
from trajectories.core.text.storable import storable_text
from trajectories.core.verifiers.answers import searched_fact
from trajectories.models import (
    AuditEvent,
    ImportedReview,
    ImportedVerdict,
    PendingVerification,
    Problem,
    Sampler,
    Text,
    Trace,
)
from trajectories.selectors.problems import to_public
from trajectories.services.locks import one_writer_at_a_time
from trajectories.services.problems.imports import FaultTally
from trajectories.services.traces.imported_verdicts import (
    REVIEW_COLUMNS,
    VERDICT_COLUMNS,
    adopted_review,
    review_row,
    store_adopted_reviews,
    verdict_row,
)
from trajectories.services.traces.matching import exported_sampler, find_problems, imported_sampler, shown_key
from trajectories.services.traces.storing import build_trace, hash_before_parts

BATCH = 200
"""Rows that are matched to their problems in one query."""

WRITTEN_AT_ONCE = 1_000
UNKNOWN_MODEL = "unknown model"
NEW = 0
"""Stands for the id of a trace that the same batch is about to write."""

TRACE_COLUMNS = (
    *("problem_id", "content_hash", "temperature", "prompt_id", "reasoning_id", "program_id", "raw_id"),
    *("parts", "steps", "answer", "answer_hash", "facts", "hinted", "finish_reason"),
    *("input_tokens", "cached_tokens", "reasoning_tokens", "output_tokens", "cost"),
)
"""Of a trace, in the order in which a spool has them; `decision`, `sampler_id` and `id` follow when it is written."""

ReadRow = tuple[str, str, "Row | ProblemError | None"]
"""File, place in it and what stands there; None for a file without any row."""


def read_rows(files: Iterable[tuple[str, IO[bytes]]]) -> Iterator[ReadRow]:
    """Every row of some files, in order: of a .json file as one document, of every other line by line."""
    for name, stream in files:
        is_empty = True
        for span, row in _rows_of(name, stream):
            is_empty = False
            yield name, span, row
        if is_empty:
            yield name, "", None


def next_rows(rows: Iterator[ReadRow], streams: Sequence[IO[bytes]]) -> list[ReadRow]:
    """The next rows to match at once: `BATCH` of them, fewer where they are long; [] at the end.

    `streams` are the files that `rows` reads; how far they have moved tells how long the rows are.
    """
    batch: list[ReadRow] = []
    begin = sum(stream.tell() for stream in streams)
    for row in rows:
        batch.append(row)
        if len(batch) >= BATCH or sum(stream.tell() for stream in streams) - begin >= BATCH_BYTES:
            break
    return batch


def _rows_of(name: str, stream: IO[bytes]) -> Iterator[tuple[str, Row | ProblemError]]:
    if name.lower().endswith(".json"):
        return read_document(stream, name)
    return ((f"line {number}", row) for number, row in read_lines(stream))


@dataclass
class TraceStage:
    """Checks rows, matches them to their problems, and sets what is good aside in the spool."""

    spool: Spool
    faults: FaultTally
    adopting: bool = False

    def take(self, rows: Sequence[ReadRow]) -> None:
        """Set the traces of some rows aside and count their faults. Raises OSError where the disk takes no more."""
        read: list[tuple[str, str, ForeignTrace]] = []
        for name, span, row in rows:
            try:
                if row is None:
                    raise ProblemError("", "found no traces")
                if isinstance(row, ProblemError):
                    raise row
                read += [(name, span, trace) for trace in read_traces(row)]
            except ProblemError as fault:
                self._fault(name, span, fault.path, fault.detail)
        problems = find_problems({trace.problem for _, _, trace in read})
        for name, span, trace in read:
            problem = problems.get(trace.problem)
            if isinstance(problem, str) or problem is None:
                self._fault(name, span, "", problem or f"found no problem {shown_key(trace.problem)}; import it first")
                continue
            try:
                row_aside = stage_trace(problem, trace, adopting=self.adopting)
            except (ValueError, TypeError) as fault:
                self._fault(name, span, "", str(fault))
            else:
                self.spool.append(row_aside)

    def _fault(self, name: str, span: str, path: str, detail: str) -> None:
        self.faults.add(ImportFault(name, " ".join(part for part in (span, path) if part), detail))


def stage_trace(problem: Problem, item: ForeignTrace, *, adopting: bool = False) -> dict[str, Any]:
    """A trace as the spool has it. Raises ValueError or TypeError for what cannot be stored."""
    trace, texts = build_trace(problem, _result(problem, item), temperature=item.temperature)
    return {
        "model": item.model.strip(),
        "known_as": sorted({trace.content_hash, hash_before_parts(problem, trace, texts)}),
        "trace": [_plain(getattr(trace, name)) for name in TRACE_COLUMNS],
        "texts": texts,
        "verdicts": [verdict_row(verdict) for verdict in item.verdicts],
        "adds_verdicts": item.adds_verdicts,
        "reviews": [review_row(review) for review in item.reviews],
        "adopted": adopted_review(item.reviews, len(item.steps)) if adopting and item.reviews else None,
    }


def _plain(value: Any) -> JSON:
    """A column's value as JSON: money as its digits."""
    return str(value) if isinstance(value, Decimal) else value


def _result(problem: Problem, item: ForeignTrace) -> SampleResult:
    came = item.completion
    parts = tuple(replace(part, text=storable_text(part.text)) for part in came.parts)
    completion = Completion(storable_text(came.text), parts)
    read, searched = ReadAnswer(item.answer, item.program, item.span), False
    if item.answer is None and not item.program and item.archived_item is None:
        read, searched = read_answer(to_public(problem), completion.content), True
    facts: dict[str, JSON] = {**item.facts, **({"model": item.model} if item.model else {})}
    if searched or read.span is not None:
        facts |= searched_fact(read.span)
    return SampleResult(
        messages=item.messages,
        reasoning=completion.text,
        parts=tuple(parts_to_json(parts)),
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
    custom_id, alternative = facts.get("custom_id"), facts.get("alternative")
    if custom_id is None and alternative is None:
        return f"trace {facts[ARCHIVED_AS]}" if ARCHIVED_AS in facts else ""
    return f"{custom_id or ''}\n{alternative or 0}"


class _Known:
    """Traces by problem and content, each with its sampler and the request that it answers."""

    def __init__(self) -> None:
        self._traces: dict[tuple[int, str], list[tuple[int | None, str, int]]] = {}

    def add(self, key: tuple[int, str], sampler: int | None, request: str, trace_id: int) -> None:
        """Take in one."""
        self._traces.setdefault(key, []).append((sampler, request, trace_id))

    def find(self, key: tuple[int, str], sampler: int | None, request: str) -> int | None:
        """The trace that is the same: of that sampler if it is known, of that request if both say which; or None."""
        for by, answers, trace_id in self._traces.get(key, ()):
            if sampler in (None, by) and (not request or not answers or request == answers):
                return trace_id
        return None


@dataclass
class WrittenTraces:
    """What was written: the ids of the new traces, how many were known already, the samplers by model."""

    trace_ids: list[int] = field(default_factory=list)
    duplicates: int = 0
    samplers: dict[str, Sampler] = field(default_factory=dict)


def write_traces(
    *, actor: User | None, source: str, spool: Spool, fault_count: int, adopting: bool = False
) -> WrittenTraces:
    """Write the traces of a spool in one transaction, each once, and queue their verification.

    Their texts come first, a few at a time, so that nobody who stores the same text waits for the rest. Several writers
    take turns. Raises IntegrityError where a problem was deleted since its traces were read.
    """
    _store_all_texts(spool)
    written = WrittenTraces()
    with transaction.atomic():
        one_writer_at_a_time("import traces")
        writer = _Writer(written, actor if adopting else None)
        for batch in spool.batches(WRITTEN_AT_ONCE):
            writer.write(batch)
        if written.trace_ids:
            writer.finish()
            _record(actor, source, written, fault_count)
    return written


def _store_all_texts(spool: Spool) -> None:
    """Store the texts by hash, each once; in one order, so that two writers cannot wait for each other in a circle."""
    for batch in spool.batches(WRITTEN_AT_ONCE):
        texts = {key: body for row in batch for key, body in row["texts"].items()}
        copy_missing(Text, ("content_hash", "body"), sorted(texts.items()))


class _Writer:
    """Writes batches of staged traces with all that belongs to them, and counts."""

    def __init__(self, written: WrittenTraces, adopted_by: User | None) -> None:
        self._written, self._adopted_by = written, adopted_by
        self._per_problem: Counter[int] = Counter()
        self._accepted: Counter[int] = Counter()

    def write(self, batch: Sequence[Mapping[str, Any]]) -> None:
        """Write what is new of a batch."""
        new = self._new(batch)
        added = [row for row in batch if row["adds_verdicts"] and row["verdicts"]]
        ids = reserve_ids(Trace, len(new))
        verdicts, reviews = [], []
        for trace_id, row in zip(ids, new, strict=True):
            verdicts += [(*verdict, trace_id) for verdict in row["verdicts"] if not row["adds_verdicts"]]
            reviews += [(*review, trace_id) for review in row["reviews"]]
        copy_rows(
            Trace,
            (*TRACE_COLUMNS, "sampler_id", "decision", "id"),
            [
                (*row["trace"], self._sampled_by(row), self._decision(row), trace_id)
                for trace_id, row in zip(ids, new, strict=True)
            ],
        )
        if verdicts:
            copy_rows(ImportedVerdict, (*VERDICT_COLUMNS, "trace_id"), verdicts)
        if added:
            self._add_verdicts(added)
        if reviews:
            copy_rows(ImportedReview, (*REVIEW_COLUMNS, "trace_id"), reviews)
        copy_rows(PendingVerification, ("trace_id",), [(trace_id,) for trace_id in ids])
        adopted = [(trace_id, row["adopted"]) for trace_id, row in zip(ids, new, strict=True) if row["adopted"]]
        if self._adopted_by is not None and adopted:
            store_adopted_reviews(reviewer=self._adopted_by, adopted=adopted)
        self._written.trace_ids += ids
        self._per_problem.update(row["trace"][0] for row in new)

    def _add_verdicts(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add verdicts to the traces that they are of, new ones or known ones, each once."""
        hashes = {name for row in rows for name in row["known_as"]}
        found = Trace.objects.filter(problem__in={row["trace"][0] for row in rows}, content_hash__in=hashes, run=None)
        ids = {(problem, name): pk for pk, problem, name in found.values_list("pk", "problem_id", "content_hash")}
        known = set(
            ImportedVerdict.objects.filter(trace__in=ids.values()).values_list(
                "trace_id", "verifier", "version", "message"
            )
        )
        new = []
        for row in rows:
            trace_id = next(ids[row["trace"][0], name] for name in row["known_as"] if (row["trace"][0], name) in ids)
            for verdict in row["verdicts"]:
                verifier, version, _, _, message = verdict[:5]
                if (trace_id, verifier, version, message) not in known:
                    known.add((trace_id, verifier, version, message))
                    new.append((*verdict, trace_id))
        if new:
            copy_rows(ImportedVerdict, (*VERDICT_COLUMNS, "trace_id"), new)

    def _new(self, batch: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """The traces of a batch that are not there yet, each once. One whose row names no model is known where any
        model said the same. The same words that came as answers to two requests are two traces."""
        rows = [(row["trace"][0], self._sampler(row["model"]).pk if row["model"] else None, row) for row in batch]
        hashes = {name for row in batch for name in row["known_as"]}
        found = Trace.objects.filter(problem__in={problem for problem, _, _ in rows}, content_hash__in=hashes, run=None)
        known = _Known()
        columns = ("problem_id", "content_hash", "sampler_id", "facts", "pk")
        for problem, name, by, facts, trace_id in found.values_list(*columns):
            known.add((problem, name), by, request_of(facts), trace_id)
        new, again = [], dict[int, Sequence[JSON]]()
        for problem, sampler, row in rows:
            request = request_of(row["trace"][TRACE_COLUMNS.index("facts")])
            same = (known.find((problem, name), sampler, request) for name in row["known_as"])
            there = next((trace_id for trace_id in same if trace_id is not None), None)
            if there is None:
                new.append(row)
                for name in row["known_as"]:
                    known.add((problem, name), sampler, request, NEW)
            elif there != NEW:
                again[there] = row["trace"]
        _part_again(again)
        self._written.duplicates += len(batch) - len(new)
        return new

    def _sampled_by(self, row: Mapping[str, Any]) -> int | None:
        """The id of its sampler; None for what a person made by editing another trace."""
        edited = row["trace"][TRACE_COLUMNS.index("facts")].get("origin") == HUMAN_EDIT
        return None if edited else self._sampler(row["model"]).pk

    def _sampler(self, model: str) -> Sampler:
        if model not in self._written.samplers:
            self._written.samplers[model] = exported_sampler(model) or imported_sampler(model or UNKNOWN_MODEL)
        return self._written.samplers[model]

    def _decision(self, row: Mapping[str, Any]) -> str:
        """What the importer's own review of a trace comes to."""
        if self._adopted_by is None or not row["adopted"]:
            return ""
        standing = settle([row["adopted"]["decision"]])
        self._accepted[row["trace"][0]] += standing is Standing.ACCEPTED
        return str(standing)

    def finish(self) -> None:
        """Keep the problems' counters, last and in one order: these rows others want too."""
        by_change: dict[tuple[int, int], list[int]] = {}
        for problem_id, count in sorted(self._per_problem.items()):
            by_change.setdefault((count, self._accepted[problem_id]), []).append(problem_id)
        list(
            Problem.objects.filter(pk__in=self._per_problem).order_by("pk").select_for_update(no_key=True).values("pk")
        )
        for (count, accepted), problem_ids in by_change.items():
            changes = {"trace_count": F("trace_count") + count, "accepted_count": F("accepted_count") + accepted}
            Problem.objects.filter(pk__in=problem_ids).update(**changes)


def _part_again(known: Mapping[int, Sequence[JSON]]) -> None:
    """Tell the parts of traces that were imported before parts were stored: their file still knows the thoughts."""
    rows = {key: dict(zip(TRACE_COLUMNS, columns, strict=True)) for key, columns in known.items()}
    told = {key: row for key, row in rows.items() if any(part["kind"] == PartKind.THINKING for part in row["parts"])}
    if told:
        lacking = Trace.objects.filter(pk__in=told).exclude(parts__contains=[{"kind": PartKind.THINKING.value}])
        for key in lacking.values_list("pk", flat=True):
            same = Trace.objects.filter(pk=key, reasoning_id=told[key]["reasoning_id"])
            same.update(parts=told[key]["parts"])


def _record(actor: User | None, source: str, written: WrittenTraces, fault_count: int) -> None:
    """Say in the audit log who imported what; the object is the first of the new traces."""
    AuditEvent.objects.create(
        actor=actor,
        verb="import",
        object_type="trace",
        object_id=written.trace_ids[0],
        data={
            "source": source[:400],
            "inserted": len(written.trace_ids),
            "duplicates": written.duplicates,
            "faults": fault_count,
        },
    )
