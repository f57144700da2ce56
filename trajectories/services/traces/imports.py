"""Writing traces from elsewhere that were set aside: all at once, each once, with what was said of them."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.db.models import F

from trajectories.adapters.copying import copy_missing, copy_rows, reserve_ids
from trajectories.adapters.spools import Spool, nameless_spool
from trajectories.core.completions.thoughts import PartKind
from trajectories.core.curation.reviews import Standing, settle
from trajectories.core.importers.archive_rows import HUMAN_EDIT
from trajectories.core.records import JSON
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
from trajectories.services.jobs.ringers import ring
from trajectories.services.locks import one_writer_at_a_time
from trajectories.services.problems.imports import SetTarget, WrittenProblems, spool_folder, write_problems
from trajectories.services.traces.imported_verdicts import (
    REVIEW_COLUMNS,
    VERDICT_COLUMNS,
    imported_reviews,
    own_reviews,
    own_verdicts,
    review_words,
    store_adopted_reviews,
)
from trajectories.services.traces.matching import exported_sampler, imported_sampler
from trajectories.services.traces.sampled_here import SampledHere
from trajectories.services.traces.staging import TRACE_COLUMNS, Request

WRITTEN_AT_ONCE = 1_000
UNKNOWN_MODEL = "unknown model"
FACTS = TRACE_COLUMNS.index("facts")
OF_TRACE = ("trace_id", "import_job_id")
_Key = tuple[int, str]
"""The problem of a trace, and the hash of its content."""
_Here = tuple[int | None, Request, int]
"""The sampler of a trace, the request that it answers, and its id."""


_HERE_BEFORE = """
SELECT problem_id, content_hash, sampler_id, facts, id FROM trajectories_trace
WHERE problem_id = ANY(%s) AND content_hash = ANY(%s) AND run_id IS NULL ORDER BY id
"""
"""The traces of no run with some problems and contents, which go there as two lists: thousands of values."""


class _Known:
    """Traces by problem and content, each with its sampler and the request that it answers. Those that were here before
    the import are free until a sample of it takes them."""

    def __init__(self) -> None:
        self._traces: dict[_Key, list[_Here]] = {}
        self._free: dict[_Key, list[_Here]] = {}

    def add(self, key: _Key, sampler: int | None, request: Request, trace_id: int, *, is_free: bool = False) -> None:
        """Take in one."""
        self._traces.setdefault(key, []).append((sampler, request, trace_id))
        if is_free:
            self._free.setdefault(key, []).append((sampler, request, trace_id))

    def find(self, key: _Key, sampler: int | None, request: Request) -> int | None:
        """The trace that is the same: of that sampler if it is known, of that request if both say which; or None."""
        same = [one for one in self._traces.get(key, ()) if sampler in (None, one[0]) and request.may_be(one[1])]
        return next((one[2] for one in same if one[1] == request), same[0][2] if same else None)

    def take(self, key: _Key, sampler: int | None, request: Request) -> int | None:
        """The same for a sample that does not say which one it is: each trace that was here is taken once."""
        free = self._free.get(key, [])
        for place, one in enumerate(free):
            if sampler in (None, one[0]) and request.may_be_any(one[1]):
                del free[place]
                return one[2]
        return None

    def count(self, key: _Key) -> int:
        """How many traces have that content."""
        return len(self._traces.get(key, ()))


@dataclass
class WrittenTraces:
    """What was written: the ids of the new traces, how many were known already, and of these how many were sampled
    here; the samplers by model.

    `verdicts` and `reviews` count what others said, of new traces and of known ones; `not_adopted` counts the rows of
    known traces whose decisions the importer wanted for their own and did not get: what decides on a trace that is here
    is for its page. `other_reviews` counts reviews by people of whom the trace has another one. `problems` is what was
    made of problems that were not here, None where none had to be.
    """

    trace_ids: list[int] = field(default_factory=list)
    duplicates: int = 0
    sampled_here: int = 0
    samplers: dict[str, Sampler] = field(default_factory=dict)
    verdicts: int = 0
    reviews: int = 0
    not_adopted: int = 0
    other_reviews: int = 0
    problems: WrittenProblems | None = None


@dataclass(frozen=True, slots=True)
class Arriving:
    """What an import stores its traces with: who imports them, from which source, as which job, and into which set new
    problems go. `adopting` says that imported reviews become the actor's own, `keeps_apart` that a trace is another one
    than what was sampled here with the same words, as an archive needs it, which says of each item what it was there.
    """

    actor: User | None
    source: str
    fault_count: int = 0
    adopting: bool = False
    keeps_apart: bool = False
    job_id: int | None = None
    target: SetTarget | None = None


def write_traces(*, arriving: Arriving, spool: Spool) -> WrittenTraces:
    """Write the traces of a spool in one transaction, each once, and ring for their verification and their words.

    Their texts come first, a few at a time, so that nobody who stores the same text waits for the rest. Several writers
    take turns. Raises IntegrityError where a problem was deleted since its traces were read.
    """
    _store_all_texts(spool)
    written = WrittenTraces()
    with transaction.atomic():
        if arriving.target is not None:
            written.problems = _make_problems(arriving, arriving.target, spool)
        one_writer_at_a_time("import traces")
        writer = _Writer(written, arriving)
        for batch in spool.batches(WRITTEN_AT_ONCE):
            writer.write(batch)
        if written.trace_ids:
            writer.finish()
            _record(arriving, written)
            ring("verification", written.trace_ids)
            ring("words")
    return written


def _store_all_texts(spool: Spool) -> None:
    """Store the texts by hash, each once; in one order, so that two writers cannot wait for each other in a circle."""
    for batch in spool.batches(WRITTEN_AT_ONCE):
        texts = {key: body for row in batch for key, body in row["texts"].items()}
        copy_missing(Text, ("content_hash", "body"), sorted(texts.items()))


def _make_problems(arriving: Arriving, target: SetTarget, spool: Spool) -> WrittenProblems | None:
    """Write the problems that were set aside with their traces, each once; None where there are none."""
    seen: set[str] = set()
    with nameless_spool(spool_folder()) as aside:
        for batch in spool.batches(WRITTEN_AT_ONCE):
            for row in batch:
                if "problem" in row and row["problem"][0] not in seen:
                    seen.add(row["problem"][0])
                    aside.append(row["problem"])
        if not aside.count:
            return None
        return write_problems(
            actor=arriving.actor, target=target, spool=aside, fault_count=arriving.fault_count, variants=True
        )


Placed = tuple[Mapping[str, Any], int]
"""A row that was set aside, and the trace that it is of."""


class _Writer:
    """Writes batches of staged traces with all that belongs to them, and counts."""

    def __init__(self, written: WrittenTraces, arriving: Arriving) -> None:
        self._written = written
        self._adopted_by = arriving.actor if arriving.adopting else None
        self._job_id = arriving.job_id
        self._per_problem: Counter[int] = Counter()
        self._accepted: Counter[int] = Counter()
        self._taken: set[int] = set()
        self._sampled_here = None if arriving.keeps_apart else SampledHere()
        self._first_id = 0

    def write(self, batch: Sequence[Mapping[str, Any]]) -> None:
        """Write what is new of a batch."""
        _name_made_problems(batch)
        new, known = self._place(batch)
        copy_rows(
            Trace,
            (*TRACE_COLUMNS, "sampler_id", "decision", "id", "import_job_id"),
            [  # all of them before the first: nothing else can be asked while rows are copied
                (*row["trace"], self._sampled_by(row), self._decision(row), trace_id, self._job_id)
                for row, trace_id in new
            ],
        )
        copy_rows(PendingVerification, ("trace_id",), ((trace_id,) for _, trace_id in new))
        self._write_verdicts(new, [placed for placed in known if placed[0]["adds_verdicts"]])
        self._write_reviews(new, [placed for placed in known if placed[0]["adds_verdicts"]])
        adopted = [(trace_id, row["adopted"]) for row, trace_id in new if row["adopted"]]
        if self._adopted_by is not None and adopted:
            store_adopted_reviews(reviewer=self._adopted_by, adopted=adopted)
        earlier = [row for row, trace_id in known if not self._is_new(trace_id)]
        self._written.not_adopted += sum(1 for row in earlier if row["adopted"])
        self._written.trace_ids += [trace_id for _, trace_id in new]
        self._per_problem.update(row["trace"][0] for row, _ in new)

    def _write_verdicts(self, new: Iterable[Placed], known: Sequence[Placed]) -> None:
        """Write the verdicts of new traces, and add to known ones those that they have not yet. Rows that add their
        verdicts may be several of one trace: each verdict comes once, and one that was made here never."""
        before = own_verdicts({trace_id for row, trace_id in known if row.get("is_named")})
        if ids := {trace_id for row, trace_id in known if row["verdicts"]}:
            columns = ("trace_id", "verifier", "version", "message")
            before |= set(ImportedVerdict.objects.filter(trace__in=ids).values_list(*columns))
        rows = []
        for row, trace_id in (*new, *known):
            for verdict in row["verdicts"]:
                key = (trace_id, verdict[0], verdict[1], verdict[4])
                if row["adds_verdicts"] and key in before:
                    continue
                before.add(key)
                rows.append((*verdict, trace_id, self._said_by(trace_id)))
        if rows:
            self._written.verdicts += copy_rows(ImportedVerdict, (*VERDICT_COLUMNS, *OF_TRACE), rows)

    def _write_reviews(self, new: Iterable[Placed], known: Sequence[Placed]) -> None:
        """Write the reviews of new traces, and add to known ones those of people who had said nothing of them; none
        that was made here and comes back with its release."""
        before = imported_reviews({trace_id for row, trace_id in known if row["reviews"]})
        ours = own_reviews({trace_id for row, trace_id in known if row.get("is_named") and row["release"]})
        rows = []
        for row, trace_id in (*new, *known):
            for review in row["reviews"]:
                person, said = (trace_id, review[0]), review_words(*review[1:6])
                if row.get("is_named") and row["release"] and (trace_id, said) in ours:
                    continue
                if person not in before:
                    before[person] = said
                    rows.append((*review, trace_id, self._said_by(trace_id)))
                elif before[person] != said:
                    self._written.other_reviews += 1
        if rows:
            self._written.reviews += copy_rows(ImportedReview, (*REVIEW_COLUMNS, *OF_TRACE), rows)

    def _is_new(self, trace_id: int) -> bool:
        """Whether this import brought a trace."""
        return 0 < self._first_id <= trace_id

    def _said_by(self, trace_id: int) -> int | None:
        """The import that is kept with what is said of a trace: None where it came with the trace."""
        return None if self._is_new(trace_id) else self._job_id

    def _place(self, batch: Sequence[Mapping[str, Any]]) -> tuple[list[Placed], list[Placed]]:
        """The rows of a batch that are new traces, each trace once, and those of traces that are known. The same words
        that came as answers to two requests are two traces, and so are two samples that do not say which they are."""
        known, again = self._known(batch), dict[int, Sequence[JSON]]()
        returned = {} if self._sampled_here is None else self._sampled_here.find(batch)
        new: list[Mapping[str, Any]] = []
        same: list[tuple[Mapping[str, Any], int]] = []
        for at, row in enumerate(batch):
            if at in returned:
                self._written.sampled_here += returned[at].is_sampled
                same.append(({**row, "is_named": returned[at].is_named}, returned[at].trace_id))
                continue
            problem, sampler = row["trace"][0], self._known_by(row)
            request = Request.of(row["trace"][FACTS])
            keys = [(problem, name) for name in row["known_as"]]
            look = known.take if row.get("is_sample") else known.find
            there = next((place for key in keys if (place := look(key, sampler, request)) is not None), None)
            if there is None:
                others = max(map(known.count, keys), default=0) if row.get("is_sample") else 0
                if others:
                    row["trace"][FACTS]["alternative"] = others
                    request = Request.of(row["trace"][FACTS])
                new.append(row)
                for key in keys:
                    known.add(key, sampler, request, -len(new))
                continue
            same.append((row, there))
            if there > 0:
                again[there] = row["trace"]
                self._taken |= {there} if row.get("is_sample") else set()
        _part_again(again)
        self._written.duplicates += len(same)
        ids = reserve_ids(Trace, len(new)) if new else []
        self._first_id = self._first_id or next(iter(ids), 0)
        return list(zip(new, ids, strict=True)), [(row, at if at > 0 else ids[-at - 1]) for row, at in same]

    def _known(self, batch: Sequence[Mapping[str, Any]]) -> _Known:
        """The traces that are here with the content of any row of a batch; free are those that no row has taken and
        that this import did not bring."""
        known, problems = _Known(), {row["trace"][0] for row in batch}
        hashes = {name for row in batch for name in row["known_as"]}
        with connection.cursor() as cursor:
            cursor.execute(_HERE_BEFORE, [list(problems), list(hashes)])
            for problem, name, by, facts, trace_id in cursor.fetchall():
                is_free = trace_id not in self._taken and not self._is_new(trace_id)
                known.add((problem, name), by, Request.of(json.loads(facts)), trace_id, is_free=is_free)
        return known

    def _known_by(self, row: Mapping[str, Any]) -> int | None:
        """The id of the sampler that a known trace of a row has; None where it may be any."""
        return None if row.get("of_any_model") and not row["model"] else self._sampler(row["model"]).pk

    def _sampled_by(self, row: Mapping[str, Any]) -> int | None:
        """The id of its sampler; None for what a person made by editing another trace."""
        edited = row["trace"][FACTS].get("origin") == HUMAN_EDIT
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


def _name_made_problems(batch: Sequence[Mapping[str, Any]]) -> None:
    """Give rows whose problem was made its id. Raises IntegrityError where it is not there any more."""
    hashes = {row["problem"][0] for row in batch if "problem" in row}
    if not hashes:
        return
    found = Problem.objects.filter(content_hash__in=hashes).order_by("-pk")
    ids = dict(found.values_list("content_hash", "pk"))
    if lost := hashes - ids.keys():
        raise IntegrityError(f"{len(lost)} problems that were made are not there")
    for row in batch:
        if "problem" in row:
            row["trace"][0] = ids[row["problem"][0]]


def _part_again(known: Mapping[int, Sequence[JSON]]) -> None:
    """Tell the parts of traces that were imported before parts were stored: their file still knows the thoughts."""
    rows = {key: dict(zip(TRACE_COLUMNS, columns, strict=True)) for key, columns in known.items()}
    told = {key: row for key, row in rows.items() if any(part["kind"] == PartKind.THINKING for part in row["parts"])}
    if told:
        lacking = Trace.objects.filter(pk__in=told).exclude(parts__contains=[{"kind": PartKind.THINKING.value}])
        for key in lacking.values_list("pk", flat=True):
            same = Trace.objects.filter(pk=key, reasoning_id=told[key]["reasoning_id"])
            same.update(parts=told[key]["parts"])


def _record(arriving: Arriving, written: WrittenTraces) -> None:
    """Say in the audit log who imported what; the object is the first of the new traces."""
    AuditEvent.objects.create(
        actor=arriving.actor,
        verb="import",
        object_type="trace",
        object_id=written.trace_ids[0],
        data={
            "source": arriving.source[:400],
            "inserted": len(written.trace_ids),
            "duplicates": written.duplicates,
            "faults": arriving.fault_count,
        },
    )
