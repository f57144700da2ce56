"""Importing problems: every import is atomic, counted exactly and safe to repeat."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils.text import slugify

from trajectories.adapters import arckit_tasks
from trajectories.core.identity import derive_seed
from trajectories.core.problems import ImportFault, problem_hash, statement_hash
from trajectories.core.records import ProblemRecord
from trajectories.core.titles import shown_title, title_fault
from trajectories.models import AuditEvent, Problem, ProblemSet
from trajectories.services.references import check_references

OnFault = Literal["all_or_nothing", "skip"]
BATCH = 500
FAULTS_SHOWN = 100
SOURCE_LENGTH = 400
ARC_AGI_1 = (
    ("arc-agi-1-training", "ARC-AGI-1 training", "train"),
    ("arc-agi-1-evaluation", "ARC-AGI-1 evaluation", "eval"),
)
"""(set name, title, split) of the two public sets."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did. `faults` holds the first 100 of `fault_count`.

    `problem_set` is None where the import left no set behind; `refused` says that faults kept everything out.
    """

    problem_set: ProblemSet | None
    inserted: int
    duplicates: int
    fault_count: int
    faults: tuple[ImportFault, ...] = ()
    refused: bool = False


def import_records(
    *,
    actor: User | None,
    set_name: str,
    set_title: str,
    source: str,
    records: Iterable[ProblemRecord | ImportFault],
    on_fault: OnFault,
) -> ImportReport:
    """Put records into the set of that name, which is made if it is new.

    A problem whose content is known already, in whatever set, is counted as a duplicate. With "all_or_nothing" one
    fault keeps everything out; all faults are counted nevertheless. Raises ValidationError for a set name that is no
    slug or a title that is empty or too long. `source` is cut to what its column holds.
    """
    with transaction.atomic():
        one_import_at_a_time()
        problem_set = _get_or_make_set(set_name, set_title, source)
        writer = _Writer(problem_set)
        faults: list[ImportFault] = []
        fault_count = 0
        for item in map(_with_readable_name, records):
            if not isinstance(item, ImportFault):
                writer.add(item)
                continue
            fault_count += 1
            if len(faults) < FAULTS_SHOWN:
                faults.append(item)
        writer.flush()
        refused = bool(fault_count) and on_fault == "all_or_nothing"
        changed = writer.inserted > 0 and not refused
        if changed:
            _record_import(actor, problem_set, writer, fault_count)
        else:
            transaction.set_rollback(True)
    kept = problem_set if changed else ProblemSet.objects.filter(name=set_name).first()
    inserted = writer.inserted if changed else 0
    return ImportReport(kept, inserted, writer.duplicates, fault_count, tuple(faults), refused)


def _with_readable_name(item: ProblemRecord | ImportFault) -> ProblemRecord | ImportFault:
    """The record, or the fault that nobody can read its name as it is."""
    fault = "" if isinstance(item, ImportFault) else title_fault(item.name)
    return item if isinstance(item, ImportFault) or not fault else ImportFault(shown_title(item.name), "name", fault)


def name_of_set(title: str) -> str:
    """The name of the set of that title, or the one a new set would get: empty where the title makes no slug."""
    known = ProblemSet.objects.filter(title=title).values_list("name", flat=True).first()
    return known or slugify(title)


def import_arc_agi_1() -> ImportReport:
    """Import both public ARC-AGI-1 sets; where this version of them is in already, that is one small query.

    Evaluation task 070dd51e is training task 40853293 over again, so 799 problems come of the 800 tasks. The report is
    of both sets together; its `problem_set` is the training set, its duplicates are the problems known before.
    """
    source = arckit_tasks.source_name()
    names = [name for name, _, _ in ARC_AGI_1]
    known = {found.name: found for found in ProblemSet.objects.filter(name__in=names, source=source)}
    if len(known) == len(ARC_AGI_1):
        return ImportReport(known[names[0]], 0, sum(found.problem_count for found in known.values()), 0)
    with transaction.atomic():
        reports = [
            import_records(
                actor=None,
                set_name=name,
                set_title=title,
                source=source,
                records=check_references(arckit_tasks.read_arc_agi_1(split), source),
                on_fault="all_or_nothing",
            )
            for name, title, split in ARC_AGI_1
        ]
        ProblemSet.objects.filter(name__in=names).update(source=source)
    return ImportReport(
        reports[0].problem_set,
        sum(report.inserted for report in reports),
        sum(report.duplicates for report in reports),
        sum(report.fault_count for report in reports),
        tuple(islice((fault for report in reports for fault in report.faults), FAULTS_SHOWN)),
        any(report.refused for report in reports),
    )


def one_import_at_a_time() -> None:
    """Hold a lock until the transaction ends: counts stay exact, and two imports of one file cannot deadlock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [derive_seed("import problems")])


def _get_or_make_set(name: str, title: str, source: str) -> ProblemSet:
    found = ProblemSet.objects.filter(name=name).first()
    if found is not None:
        return found
    made = ProblemSet(name=name, title=title, source=source[:SOURCE_LENGTH])
    made.full_clean()
    made.save()
    return made


class _Writer:
    """Inserts new problems in batches and counts exactly what was new and what was known."""

    def __init__(self, problem_set: ProblemSet) -> None:
        self.problem_set = problem_set
        self.inserted = 0
        self.duplicates = 0
        self._batch: dict[str, ProblemRecord] = {}

    def add(self, record: ProblemRecord) -> None:
        """Take one record; a batch is written when it is full."""
        key = problem_hash(record)
        if key in self._batch:
            self.duplicates += 1
            return
        self._batch[key] = record
        if len(self._batch) >= BATCH:
            self.flush()

    def flush(self) -> None:
        """Write what is waiting."""
        known = set(Problem.objects.filter(content_hash__in=self._batch).values_list("content_hash", flat=True))
        new = [self._row(key, record) for key, record in self._batch.items() if key not in known]
        Problem.objects.bulk_create(new)
        self.inserted += len(new)
        self.duplicates += len(known)
        self._batch.clear()

    def _row(self, key: str, record: ProblemRecord) -> Problem:
        return Problem(
            problem_set=self.problem_set,
            name=record.name,
            kind=record.kind,
            statement=record.statement,
            statement_hash=statement_hash(record.statement),
            spec=record.spec,
            reference=record.reference,
            split=record.split,
            family=record.family,
            difficulty=record.difficulty,
            content_hash=key,
        )


def _record_import(actor: User | None, problem_set: ProblemSet, writer: _Writer, fault_count: int) -> None:
    """Keep the set's counter and say in the audit log who imported what."""
    problem_set.problem_count = problem_set.problems.count()
    problem_set.save(update_fields=["problem_count"])
    AuditEvent.objects.create(
        actor=actor,
        verb="import",
        object_type="problem_set",
        object_id=problem_set.pk,
        data={"inserted": writer.inserted, "duplicates": writer.duplicates, "faults": fault_count},
    )
