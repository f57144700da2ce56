"""Archives of releases: the rows of `full` with their manifest. Taking one in restores its problems, traces, verdicts,
reviews and the release itself as they were where it was written.

First all of it is checked against its own hashes, and nothing is written unless all fits. Then problems, traces and the
release follow, each in a transaction of its own and safe to repeat: what is here already is left as it is.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import islice
from typing import IO

from django.contrib.auth.models import User
from django.db import transaction

from trajectories.adapters.copying import copy_rows
from trajectories.adapters.spools import Spool, nameless_spool
from trajectories.core.identity import ListHash, content_hash
from trajectories.core.importers.archive_rows import (
    ArchivedRelease,
    check_problem,
    is_release,
    read_release,
)
from trajectories.core.importers.trace_files import read_traces
from trajectories.core.problems import ImportFault, ProblemError
from trajectories.core.records import JSON
from trajectories.core.releases.item_evidence import ItemEvidence, OriginalEvidence
from trajectories.models import AuditEvent, Problem, Release, ReleaseItem, Trace
from trajectories.services.imports.archive_lines import ArchiveLine, hash_of, said_of, unsaved_problem
from trajectories.services.imports.direct import TraceImportReport, import_traces
from trajectories.services.locks import one_writer_at_a_time
from trajectories.services.problems.imports import FaultTally, SetTarget, spool_folder, stage_records, write_problems
from trajectories.services.problems.references import reference_fault
from trajectories.services.traces.staging import TRACE_COLUMNS, read_rows, request_of, stage_trace

BATCH = 200
ITEM_COLUMNS = ("position", "trace_id", "split", "score", "evidence", "content_hash", "release_id")
NO_MANIFEST = "found no manifest, expected the manifest.json of the release beside its rows"
Files = Sequence[tuple[str, IO[bytes]]]


@dataclass(frozen=True, slots=True)
class ArchiveReport:
    """What taking in an archive did. `faults` holds the first 100 of `fault_count`, and then nothing was written.

    `release` is the release as it is here; `is_new` says that it was not here before.
    """

    fault_count: int = 0
    faults: tuple[ImportFault, ...] = ()
    problems: int = 0
    traces: int = 0
    known_traces: int = 0
    release: Release | None = None
    is_new: bool = False


def import_archive(*, actor: User | None, files: Iterable[tuple[str, IO[bytes]]]) -> ArchiveReport:
    """Take in the archive of one release: its `full` rows in their order, and its manifest.json.

    The files have to be seekable: they are read several times, a few rows at a time.
    """
    named = list(files)
    faults, release = check_archive(named)
    if faults.count or release is None:
        return ArchiveReport(fault_count=faults.count, faults=tuple(faults.first))
    problems = restore_problems(actor, named)
    report = restore_traces(actor, named, release)
    if report.fault_count:
        return ArchiveReport(fault_count=report.fault_count, faults=report.faults, problems=problems)
    restored, is_new = restore_release(actor, named, release)
    return ArchiveReport(
        problems=problems,
        traces=report.inserted,
        known_traces=report.duplicates,
        release=restored,
        is_new=is_new,
    )


def check_archive(files: Files) -> tuple[FaultTally, ArchivedRelease | None]:
    """Whether an archive is whole and what its hashes say: its faults, and its release where there are none."""
    faults, check, release = FaultTally(), _Check(), None
    for found in _read(files, faults):
        if isinstance(found, ArchivedRelease):
            release = found
            continue
        try:
            check.add(found)
        except ProblemError as fault:
            faults.add(ImportFault(found.file, " ".join(filter(None, (found.span, fault.path))), fault.detail))
    if release is None:
        faults.add(ImportFault(files[0][0] if files else "", "", NO_MANIFEST))
    elif not faults.count and (wrong := check.fault(release)):
        faults.add(ImportFault("manifest.json", "", wrong))
    return faults, release if not faults.count else None


class _Check:
    """The hashes of an archive, as its rows come one by one."""

    def __init__(self) -> None:
        self._items, self._count, self._release = ListHash(), 0, ""
        self._sound = ""

    def add(self, line: ArchiveLine) -> None:
        """Check one row. Raises ProblemError for what is not what its own hash says, or is out of order."""
        item = line.item
        if item.position != self._count:
            raise ProblemError("item.position", f"found {item.position}, expected {self._count}: rows in order, all")
        if self._release not in ("", item.release):
            raise ProblemError("item.release", "found the row of another release, expected one release in an archive")
        self._release = item.release
        self._count += 1
        check_problem(line.problem)
        if line.problem.content_hash != self._sound:
            if reason := reference_fault(line.problem.record):
                raise ProblemError("problem", reason)
            self._sound = line.problem.content_hash
        staged = stage_trace(unsaved_problem(line.problem), line.trace)
        if item.trace not in staged["known_as"]:
            raise ProblemError("item.trace", f"found {item.trace[:12]}…, but the trace of this row has another hash")
        if (own := hash_of(line)) != item.hash:
            raise ProblemError("item.hash", f"found {item.hash[:12]}…, but the item of this row has {own[:12]}…")
        self._items.add(own)

    def fault(self, release: ArchivedRelease) -> str:
        """What does not fit between the rows and the manifest; "" where all does."""
        if content_hash(release.manifest) != release.sha256:
            return f"found the hash {release.sha256[:12]}…, but the manifest has another one: it was changed"
        if self._release != release.sha256:
            return f"found the manifest of {release.sha256[:12]}…, expected that of {self._release[:12] or 'its rows'}…"
        count = release.manifest["counts"].get("traces")
        if count != self._count:
            return f"found {self._count:,} rows, expected {count}, as the manifest says"
        if release.manifest.get("items_sha256") != self._items.hexdigest():
            return "found other items than the manifest names: rows are missing, changed or in another order"
        return ""


def read_manifest(files: Files) -> ArchivedRelease:
    """The release of an archive that was checked. Raises ProblemError where it is gone."""
    for name, stream in files:
        stream.seek(0)
        for _, _, row, *_ in read_rows([(name, stream)]):
            if isinstance(row, dict) and is_release(row):
                return read_release(row)
            break
    raise ProblemError("", NO_MANIFEST)


def restore_problems(actor: User | None, files: Files) -> int:
    """Put the problems of an archive that are not here into their sets, which are made if they are new; how many."""
    written = 0
    with ExitStack() as stack, transaction.atomic():
        spools: dict[str, tuple[SetTarget, Spool]] = {}
        sources: dict[str, str] = {}
        last = ""
        for line in _lines(files):
            problem = line.problem
            if problem.content_hash == last:
                continue
            last = problem.content_hash
            if problem.set_name not in spools:
                target = SetTarget(problem.set_name, problem.set_title, problem.set_source)
                spools[problem.set_name] = target, stack.enter_context(nameless_spool(spool_folder()))
            stage_records([problem.record], spools[problem.set_name][1], FaultTally())
            if problem.reference_source:
                sources[problem.content_hash] = problem.reference_source
        known = set(Problem.objects.filter(content_hash__in=sources).values_list("content_hash", flat=True))
        for target, spool in spools.values():
            # What was told apart there stays apart here: the same task in another order is a problem of its own.
            written += write_problems(actor=actor, target=target, spool=spool, fault_count=0, variants=True).inserted
        for source in {*sources.values()}:
            new = [own for own, rests_on in sources.items() if rests_on == source and own not in known]
            Problem.objects.filter(content_hash__in=new).update(reference_source=source)
    return written


def restore_traces(actor: User | None, files: Files, release: ArchivedRelease) -> TraceImportReport:
    """Write the traces of an archive that are not here; those of a release that is here are all here."""
    if (known := _known_release(release)) is not None:
        return TraceImportReport(inserted=0, duplicates=known.item_count, fault_count=0)
    return import_traces(actor=actor, files=rows_alone(files), on_fault="all_or_nothing", keeps_apart=True)


def _known_release(release: ArchivedRelease) -> Release | None:
    return Release.objects.filter(content_hash=release.sha256).order_by("pk").first()


def restore_release(actor: User | None, files: Files, release: ArchivedRelease) -> tuple[Release, bool]:
    """Write the release of an archive whose traces are here, in one transaction; and whether it was not here before.

    Raises ProblemError where a trace is not here any more, or two items are the same trace here.
    """
    if (known := _known_release(release)) is not None:
        return known, False
    with nameless_spool(spool_folder()) as spool:
        _place_items(files, spool)
        with transaction.atomic():
            one_writer_at_a_time("freeze a release")
            if (known := _known_release(release)) is not None:
                return known, False
            restored = Release.objects.create(
                title=release.title,
                rule=release.manifest["rule"],
                notes=release.notes,
                manifest=dict(release.manifest),
                content_hash=release.sha256,
                item_count=spool.count,
                created_by=actor,
            )
            copy_rows(ReleaseItem, ITEM_COLUMNS, ([*row, restored.pk] for row in spool.rows()))
            AuditEvent.objects.create(
                actor=actor,
                verb="release.restore",
                object_type="release",
                object_id=restored.pk,
                data={"items": restored.item_count, "sha256": restored.content_hash},
            )
    return restored, True


def _place_items(files: Files, spool: Spool) -> None:
    """Set the items aside, each with the trace that it is here."""
    taken: set[int] = set()
    lines = _lines(files)
    while batch := list(islice(lines, BATCH)):
        traces = _TracesHere(batch)
        edits: dict[int, int | None] = {}
        for line in batch:
            item = line.item
            trace_id = traces.find(line)
            if trace_id is None or trace_id in taken:
                why = "is not here" if trace_id is None else "is the same trace here as another one"
                raise ProblemError("item", f"the trace of item {item.position} {why}")
            taken.add(trace_id)
            evidence = ItemEvidence(restored=said_of(line), compared=item.compared)
            if item.original is not None:
                original, parent = OriginalEvidence.from_json(item.original), traces.parent(line)
                edits[trace_id] = parent
                evidence = replace(evidence, original=replace(original, trace=parent or original.trace))
            spool.append([item.position, trace_id, item.split, item.score, evidence.to_json(), item.hash])
        for trace_id, parent in edits.items():
            if parent is not None and parent != trace_id:
                Trace.objects.filter(pk=trace_id, parent=None).update(parent=parent)


class _TracesHere:
    """The traces here that the rows of a batch may be, and those that people edited into them."""

    def __init__(self, batch: Sequence[ArchiveLine]) -> None:
        hashes = {line.problem.content_hash for line in batch}
        self._problems = dict(Problem.objects.filter(content_hash__in=hashes).values_list("content_hash", "pk"))
        self._known_as = {line.item.position: self._names(line) for line in batch}
        wanted = {name for _, names in self._known_as.values() for name in names}
        wanted |= {str(line.item.original["trace"]) for line in batch if line.item.original is not None}
        found = Trace.objects.filter(problem__in=self._problems.values(), content_hash__in=wanted, run=None)
        self._found: dict[tuple[int, str], list[tuple[int, str]]] = {}
        for key, problem, own, facts in found.order_by("pk").values_list("pk", "problem_id", "content_hash", "facts"):
            self._found.setdefault((problem, own), []).append((key, request_of(facts)))

    def _names(self, line: ArchiveLine) -> tuple[str, list[str]]:
        """Which request a row's trace answers, and the content hashes that it may have here."""
        staged = stage_trace(unsaved_problem(line.problem), line.trace)
        return request_of(staged["trace"][TRACE_COLUMNS.index("facts")]), [line.item.trace, *staged["known_as"]]

    def find(self, line: ArchiveLine) -> int | None:
        """The trace of a row: that of the same request, else one of the same content that answers none."""
        problem, (request, names) = self._problems.get(line.problem.content_hash, 0), self._known_as[line.item.position]
        same = [each for own in names for each in self._found.get((problem, own), ())]
        return next((key for wanted in (request, "") for key, answers in same if answers == wanted), None)

    def parent(self, line: ArchiveLine) -> int | None:
        """The trace that a person edited into this one, where it is here."""
        problem, original = self._problems.get(line.problem.content_hash, 0), line.item.original or {}
        return next((key for key, _ in self._found.get((problem, str(original.get("trace"))), ())), None)


def _lines(files: Files) -> Iterator[ArchiveLine]:
    """The rows of an archive that was checked."""
    return (found for found in _read(files, FaultTally()) if isinstance(found, ArchiveLine))


def _read(files: Files, faults: FaultTally) -> Iterator[ArchiveLine | ArchivedRelease]:
    """Every row and the manifest, from the first byte on; what cannot be read is a fault."""
    for _, stream in files:
        stream.seek(0)
    for name, span, row, *_ in read_rows(files):
        try:
            if row is None:
                raise ProblemError("", "found nothing, expected the rows of an archive or its manifest")
            if isinstance(row, ProblemError):
                raise row
            if is_release(row):
                yield read_release(row)
                continue
            yield _line(name, span, row)
        except ProblemError as fault:
            faults.add(ImportFault(name, " ".join(filter(None, (span, fault.path))), fault.detail))


def _line(name: str, span: str, row: Mapping[str, JSON]) -> ArchiveLine:
    if "trace" not in row or "item" not in row:
        raise ProblemError("", "found no row of an archive, expected one of “full” with its item")
    [trace] = read_traces(row)
    if trace.archived_problem is None or trace.archived_item is None:
        raise ProblemError("problem", "found no whole problem, expected its statement, set and hash")
    return ArchiveLine(name, span, trace, trace.archived_problem, trace.archived_item)


def rows_alone(files: Files) -> list[tuple[str, IO[bytes]]]:
    """The files that hold rows, at their first byte: traces are imported from those alone."""
    alone: list[tuple[str, IO[bytes]]] = []
    for name, stream in files:
        stream.seek(0)
        first = next(iter(read_rows([(name, stream)])), None)
        stream.seek(0)
        if first is not None and not (isinstance(first[2], dict) and is_release(first[2])):
            alone.append((name, stream))
    return alone
