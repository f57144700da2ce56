"""Traces sampled elsewhere: matched to the problems that are here, stored, and queued for verification."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import IO

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils.text import slugify

from trajectories.core.identity import text_hash
from trajectories.core.problems import ImportFault, ProblemError, statement_hash
from trajectories.core.prompts import ReadAnswer, read_answer
from trajectories.core.records import JSON, SampleResult
from trajectories.core.storable import storable_json, storable_text
from trajectories.core.titles import shown_title
from trajectories.core.trace_files import ForeignTrace, ProblemKey, read_lines, read_traces
from trajectories.core.verifiers.answers import searched_fact
from trajectories.models import AuditEvent, PendingVerification, Problem, Sampler, Trace
from trajectories.selectors.problems import to_public
from trajectories.services.imported_judgements import store_imported_reviews, store_imported_verdicts
from trajectories.services.problems import FAULTS_SHOWN, OnFault, one_import_at_a_time
from trajectories.services.traces import build_trace, store_texts

BATCH = 200
UNKNOWN_MODEL = "unknown model"
HASH_LENGTH = 64


@dataclass(frozen=True, slots=True)
class TraceImportReport:
    """What an import did. `faults` holds the first 100 of `fault_count`; `trace_ids` are the new traces.

    `refused` says that faults kept everything out.
    """

    inserted: int
    duplicates: int
    fault_count: int
    faults: tuple[ImportFault, ...] = ()
    trace_ids: tuple[int, ...] = ()
    samplers: tuple[Sampler, ...] = ()
    refused: bool = False


Item = tuple[str, int, ForeignTrace]
"""File, line and trace."""


def import_traces(
    *, actor: User | None, files: Iterable[tuple[str, IO[bytes]]], on_fault: OnFault, adopt_reviews: bool = False
) -> TraceImportReport:
    """Import the traces of open .jsonl files, each with its name, and with what `full` rows say of them.

    With `adopt_reviews` what people said there becomes the actor's own decision here; else it decides nothing.

    A trace that is known already (same problem, model and content) is counted, not stored again. With
    "all_or_nothing" one fault keeps everything out. The caller rings the bell of verification for `trace_ids`.
    """
    named = list(files)
    writer = _Writer(adopted_by=actor if adopt_reviews else None)
    with transaction.atomic():
        one_import_at_a_time()
        items = _read(named, writer)
        while batch := list(islice(items, BATCH)):
            writer.add(batch)
        refused = bool(writer.fault_count) and on_fault == "all_or_nothing"
        if refused or not writer.trace_ids:
            transaction.set_rollback(True)
        else:
            writer.count()
            _record(actor, ", ".join(name for name, _ in named), writer)
    return TraceImportReport(
        inserted=0 if refused else len(writer.trace_ids),
        duplicates=writer.duplicates,
        fault_count=writer.fault_count,
        faults=tuple(writer.faults),
        trace_ids=() if refused else tuple(writer.trace_ids),
        samplers=() if refused else tuple(writer.used.values()),
        refused=refused,
    )


def _read(files: Iterable[tuple[str, IO[bytes]]], writer: "_Writer") -> Iterator[Item]:
    for name, stream in files:
        rows = 0
        for rows, row in read_lines(stream):
            try:
                if isinstance(row, ProblemError):
                    raise row
                yield from ((name, rows, trace) for trace in read_traces(row))
            except ProblemError as fault:
                writer.fault(name, rows, fault.path, fault.detail)
        if not rows:
            writer.fault(name, 0, "", "found no traces")


@dataclass(frozen=True, slots=True)
class _Built:
    """An unsaved trace, the texts it refers to, and what it was read from."""

    trace: Trace
    texts: dict[str, str]
    source: ForeignTrace


@dataclass
class _Writer:
    """Stores traces in batches and counts exactly what was new, known and wrong."""

    adopted_by: User | None = None
    duplicates: int = 0
    fault_count: int = 0
    faults: list[ImportFault] = field(default_factory=list)
    trace_ids: list[int] = field(default_factory=list)
    used: dict[str, Sampler] = field(default_factory=dict)
    _per_problem: Counter[int] = field(default_factory=Counter)

    def fault(self, name: str, line: int, path: str, detail: str) -> None:
        """Count a row that cannot be imported."""
        self.fault_count += 1
        if len(self.faults) < FAULTS_SHOWN:
            place = f"line {line} {path}".rstrip() if line else path
            self.faults.append(ImportFault(name, place, detail))

    def add(self, batch: Sequence[Item]) -> None:
        """Match a batch to its problems and store what is new of it."""
        problems = _find_problems({item.problem for _, _, item in batch})
        built: dict[tuple[int, int, str], _Built] = {}
        for name, line, item in batch:
            problem = problems.get(item.problem)
            if isinstance(problem, str) or problem is None:
                self.fault(name, line, "", problem or f"found no problem {_shown(item.problem)}; import it first")
                continue
            try:
                trace, texts = self._build(problem, item)
                storable_json([dict(verdict.evidence) for verdict in item.verdicts])
            except (ValueError, TypeError) as fault:
                self.fault(name, line, "", str(fault))
                continue
            key = (problem.pk, trace.sampler_id or 0, trace.content_hash)
            self.duplicates += key in built
            built.setdefault(key, _Built(trace, texts, item))
        self._store(built)

    def _build(self, problem: Problem, item: ForeignTrace) -> tuple[Trace, dict[str, str]]:
        sampler = self._sampler(item.model.strip() or UNKNOWN_MODEL)
        thinking, response = storable_text(item.thinking), storable_text(item.response)
        text = "\n\n".join(part for part in (thinking, response) if part)
        read, searched = ReadAnswer(item.answer, item.program, item.place), False
        if item.answer is None and not item.program:
            read = read_answer(to_public(problem), response)
            searched = True
        facts: dict[str, JSON] = {**item.facts, **({"model": item.model} if item.model else {})}
        if searched or read.place is not None:
            facts |= searched_fact(None if read.place is None else read.place.after(len(text) - len(response)))
        result = SampleResult(
            messages=item.messages,
            reasoning=text,
            steps=item.steps,
            answer=read.answer,
            program=read.program,
            finish_reason=item.finish_reason,
            usage=item.usage,
            cost=item.cost,
            facts=facts,
        )
        return build_trace(problem, result, sampler_id=sampler.pk, temperature=item.temperature)

    def _sampler(self, model: str) -> Sampler:
        if model not in self.used:
            self.used[model] = imported_sampler(model)
        return self.used[model]

    def _store(self, built: dict[tuple[int, int, str], _Built]) -> None:
        """Write the traces that are not there yet, with all that belongs to them, and queue their verification."""
        known = set(
            Trace.objects.filter(
                problem__in={key[0] for key in built}, content_hash__in=[key[2] for key in built], run=None
            ).values_list("problem_id", "sampler_id", "content_hash")
        )
        new = [item for key, item in built.items() if key not in known]
        self.duplicates += len(built) - len(new)
        bodies: dict[str, str] = {}
        for item in new:
            bodies |= item.texts
        store_texts(bodies)
        traces = Trace.objects.bulk_create([item.trace for item in new])
        for item in new:
            store_imported_verdicts(trace=item.trace, verdicts=item.source.verdicts)
            store_imported_reviews(trace=item.trace, reviews=item.source.reviews, adopted_by=self.adopted_by)
        PendingVerification.objects.bulk_create([PendingVerification(trace=trace) for trace in traces])
        self.trace_ids += [trace.pk for trace in traces]
        self._per_problem.update(trace.problem_id for trace in traces)

    def count(self) -> None:
        """Keep the problems' counters, in one statement for each number of new traces."""
        by_count: dict[int, list[int]] = {}
        for problem_id, count in sorted(self._per_problem.items()):
            by_count.setdefault(count, []).append(problem_id)
        for count, problem_ids in by_count.items():
            Problem.objects.filter(pk__in=problem_ids).update(trace_count=F("trace_count") + count)


def imported_sampler(model: str) -> Sampler:
    """The sampler that stands for a model whose samples were drawn elsewhere, made on first use."""
    name = f"imported-{slugify(model)[:50].strip('-')}-{text_hash(model)[:8]}"
    sampler, _ = Sampler.objects.get_or_create(
        name=name, version=1, defaults={"title": shown_title(model)[:200], "kind": Sampler.Kind.IMPORTED}
    )
    return sampler


def _find_problems(keys: set[ProblemKey]) -> dict[ProblemKey, Problem | str]:
    """The problem of each key, or why it is not clear which one is meant; keys that name none are left out."""
    hashes = {key.hash for key in keys if key.hash} | {key.name for key in keys if len(key.name) == HASH_LENGTH}
    names = {key.name for key in keys if key.name}
    questions = {key.question: statement_hash(key.question) for key in keys if not key.hash and not key.name}
    rows = problems_named(hashes, names, {found for found in questions.values() if found})
    by_hash: dict[str, Problem] = {}
    by_name: dict[str, list[Problem]] = {}
    by_statement: dict[str, list[Problem]] = {}
    for problem in rows:
        by_hash[problem.content_hash] = problem
        by_name.setdefault(problem.name, []).append(problem)
        by_statement.setdefault(problem.statement_hash, []).append(problem)
    found: dict[ProblemKey, Problem | str] = {}
    for key in keys:
        if key.hash or key.name in by_hash:
            candidates = [by_hash[word] for word in (key.hash or key.name,) if word in by_hash]
        else:
            asked = by_statement.get(questions.get(key.question, ""), [])
            candidates = by_name.get(key.name, []) if key.name else _letter_for_letter(key.question, asked)
        if len(candidates) > 1:
            found[key] = f"found {len(candidates)} problems {_shown(key)}, expected one; give its problem_hash"
        elif candidates:
            found[key] = candidates[0]
    return found


def problems_named(hashes: set[str], names: set[str], questions: set[str]) -> QuerySet[Problem]:
    """The problems of these content hashes, names and hashes of statements, each found by its index."""
    named = Q(content_hash__in=hashes) | Q(name__in=names) | Q(statement_hash__in=questions)
    return Problem.objects.filter(named).order_by("pk")


def _letter_for_letter(question: str, problems: list[Problem]) -> list[Problem]:
    """Of problems that differ in their spaces only, those that are the same in these too, if there are any."""
    return [problem for problem in problems if problem.statement.strip() == question] or problems


def _shown(key: ProblemKey) -> str:
    if key.hash:
        return f"with the hash {key.hash[:12]}"
    return f"named {key.name[:60]!r}" if key.name else f"that asks {key.question[:60]!r}"


def _record(actor: User | None, source: str, writer: _Writer) -> None:
    """Say in the audit log who imported what; the object is the first of the new traces."""
    AuditEvent.objects.create(
        actor=actor,
        verb="import",
        object_type="trace",
        object_id=writer.trace_ids[0],
        data={
            "source": source[:400],
            "inserted": len(writer.trace_ids),
            "duplicates": writer.duplicates,
            "faults": writer.fault_count,
        },
    )
