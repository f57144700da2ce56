"""Importing problems: every import is atomic, counted exactly and safe to repeat.

First all records are read and set aside in a file, without a lock, however long that takes; then those that are good
are written in one short transaction.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Literal

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.text import slugify

from trajectories.adapters import arckit_tasks
from trajectories.adapters.acting import folder_of
from trajectories.adapters.copying import copy_rows
from trajectories.adapters.spools import Spool, nameless_spool
from trajectories.core.problems import Crossing, ImportFault, problem_hash
from trajectories.core.problems.sameness import question_hash
from trajectories.core.records import JSON, ProblemRecord
from trajectories.core.text.titles import shown_title, title_fault
from trajectories.models import AuditEvent, Problem, ProblemSet
from trajectories.services.locks import one_writer_at_a_time
from trajectories.services.problems.known import Arrival, sift
from trajectories.services.problems.references import check_references

OnFault = Literal["all_or_nothing", "skip"]
BATCH = 500
FAULTS_SHOWN = 100
CROSSINGS_SHOWN = 10
SOURCE_LENGTH = 400
WRITE_TRIES = 3
ARC_AGI_1 = (
    ("arc-agi-1-training", "ARC-AGI-1 training", "train"),
    ("arc-agi-1-evaluation", "ARC-AGI-1 evaluation", "eval"),
)
"""(set name, title, split) of the two public sets."""

COLUMNS = (
    *("content_hash", "name", "kind", "statement", "statement_hash", "spec", "reference"),
    *("split", "family", "difficulty"),
)
"""Of a problem, in the order in which a spool has them."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did. `faults` holds the first 100 of `fault_count`.

    `problem_set` is None where the import left no set behind; `refused` says that faults kept everything out.
    `crossings` holds the first 10 of the `crossing_count` problems whose question is known on the other side of the
    train/eval line, be they new or known themselves.
    """

    problem_set: ProblemSet | None
    inserted: int
    duplicates: int
    fault_count: int
    faults: tuple[ImportFault, ...] = ()
    refused: bool = False
    crossing_count: int = 0
    crossings: tuple[Crossing, ...] = ()


@dataclass
class FaultTally:
    """What could not be imported: how many faults, and the first FAULTS_SHOWN of them."""

    count: int = 0
    first: list[ImportFault] = field(default_factory=list)

    def add(self, fault: ImportFault) -> None:
        """Count a fault, and keep it if it is among the first."""
        self.count += 1
        if len(self.first) < FAULTS_SHOWN:
            self.first.append(fault)

    def refuse(self, on_fault: OnFault) -> bool:
        """Whether these faults keep everything out."""
        return bool(self.count) and on_fault == "all_or_nothing"


@dataclass(frozen=True, slots=True)
class SetTarget:
    """The set that problems go into: name, and title and source where it is made for them."""

    name: str
    title: str
    source: str

    def check(self) -> None:
        """Raise ValidationError for a new set whose name is no slug or whose title is empty or too long."""
        if not ProblemSet.objects.filter(name=self.name).exists():
            self._new().full_clean(validate_unique=False)

    def get_or_make(self) -> ProblemSet:
        """The set of that name, made if it is new. Raises ValidationError as `check`."""
        found = ProblemSet.objects.filter(name=self.name).first()
        if found is not None:
            return found
        self._new().full_clean(validate_unique=False)
        # Somebody else may make it at the same time: theirs is taken then.
        values = {"title": self.title, "source": self.source[:SOURCE_LENGTH]}
        return ProblemSet.objects.get_or_create(name=self.name, defaults=values)[0]

    def _new(self) -> ProblemSet:
        return ProblemSet(name=self.name, title=self.title, source=self.source[:SOURCE_LENGTH])


@dataclass(frozen=True, slots=True)
class WrittenProblems:
    """What was written; `problem_set` is None where there is no set of that name. Crossings as in ImportReport."""

    problem_set: ProblemSet | None
    inserted: int = 0
    duplicates: int = 0
    crossing_count: int = 0
    crossings: tuple[Crossing, ...] = ()


def import_records(  # noqa: PLR0913 (what, from where and whereto)
    *,
    actor: User | None,
    set_name: str,
    set_title: str,
    source: str,
    records: Iterable[ProblemRecord | ImportFault],
    on_fault: OnFault,
    variants: bool = False,
) -> ImportReport:
    """Put records into the set of that name, which is made if it is new.

    A problem whose content is known already, in whatever set, is counted as a duplicate; so is an ARC task whose pairs
    are known in another order or in other roles, unless the records are `variants` made on purpose. With
    "all_or_nothing" one fault keeps everything out; all faults are counted nevertheless. Raises ValidationError for a
    set name that is no slug or a title that is empty or too long. `source` is cut to what its column holds.
    """
    target = SetTarget(set_name, set_title, source)
    target.check()
    faults = FaultTally()
    with nameless_spool(spool_folder()) as spool:
        stage_records(records, spool, faults)
        refused = faults.refuse(on_fault)
        if refused or not spool.count:
            written = WrittenProblems(ProblemSet.objects.filter(name=set_name).first())
        else:
            written = write_problems(
                actor=actor, target=target, spool=spool, fault_count=faults.count, variants=variants
            )
    return ImportReport(
        problem_set=written.problem_set,
        inserted=written.inserted,
        duplicates=written.duplicates,
        fault_count=faults.count,
        faults=tuple(faults.first),
        refused=refused,
        crossing_count=written.crossing_count,
        crossings=written.crossings,
    )


def spool_folder() -> Path:
    """Where what has been read waits to be written."""
    return folder_of(Path(settings.VAR_DIR) / "imports")


def stage_records(records: Iterable[ProblemRecord | ImportFault], spool: Spool, faults: FaultTally) -> None:
    """Set records aside in the spool, as rows of COLUMNS, and count the faults. Raises OSError."""
    for item in map(_with_readable_name, records):
        if isinstance(item, ImportFault):
            faults.add(item)
        else:
            spool.append(staged_problem(item))


def staged_problem(record: ProblemRecord) -> list[JSON]:
    """A record as a row of COLUMNS."""
    return [
        *(problem_hash(record), record.name, str(record.kind), record.statement, question_hash(record)),
        *(dict(record.spec), record.reference, record.split, record.family, dict(record.difficulty)),
    ]


def write_problems(
    *, actor: User | None, target: SetTarget, spool: Spool, fault_count: int, variants: bool = False
) -> WrittenProblems:
    """Write the problems of a spool, in one transaction, and count what was new and what was known already.

    Nothing is left behind where nothing is new. Several writers take turns, but for one that writes a single problem:
    nobody waits for a long import in front of a page. Where such a problem comes in between, all is written again.
    `variants` is as in import_records.
    """
    for _ in range(WRITE_TRIES - 1):
        with suppress(IntegrityError):
            return _write_problems(actor, target, spool, fault_count, variants)
    return _write_problems(actor, target, spool, fault_count, variants)


def _write_problems(
    actor: User | None, target: SetTarget, spool: Spool, fault_count: int, variants: bool
) -> WrittenProblems:
    with transaction.atomic():
        if spool.count != 1:
            one_writer_at_a_time("import problems")
        problem_set = target.get_or_make()
        written = WrittenProblems(problem_set)
        for batch in spool.batches(BATCH):
            written = _write_batch(written, problem_set, batch, variants)
        if written.inserted:
            _record_import(actor, problem_set, written, fault_count)
        else:
            transaction.set_rollback(True)
    if written.inserted:
        return written
    return replace(written, problem_set=ProblemSet.objects.filter(name=target.name).first())


def _write_batch(
    before: WrittenProblems, problem_set: ProblemSet, batch: list[JSON], variants: bool
) -> WrittenProblems:
    """Write those of a batch that are not there yet, each once; returns what was written so far."""
    sifted = sift([_arrival(row) for row in batch], set_title=problem_set.title, variants=variants)
    new = [[*batch[place], problem_set.pk] for place in sifted.new]
    inserted = copy_rows(Problem, (*COLUMNS, "problem_set_id"), new) if new else 0
    return WrittenProblems(
        problem_set=problem_set,
        inserted=before.inserted + inserted,
        duplicates=before.duplicates + len(batch) - inserted,
        crossing_count=before.crossing_count + len(sifted.crossings),
        crossings=(*before.crossings, *sifted.crossings)[:CROSSINGS_SHOWN],
    )


def _arrival(row: list[JSON]) -> Arrival:
    content_hash, name, kind, _, found, spec, reference, split, *_ = row
    return Arrival(content_hash, found, kind, name, split, spec, reference)


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
        sum(report.crossing_count for report in reports),
        tuple(islice((crossing for report in reports for crossing in report.crossings), CROSSINGS_SHOWN)),
    )


def _record_import(actor: User | None, problem_set: ProblemSet, written: WrittenProblems, fault_count: int) -> None:
    """Keep the set's counter and say in the audit log who imported what."""
    counted = ProblemSet.objects.filter(pk=problem_set.pk)
    counted.update(problem_count=F("problem_count") + written.inserted)
    problem_set.refresh_from_db(fields=["problem_count"])
    AuditEvent.objects.create(
        actor=actor,
        verb="import",
        object_type="problem_set",
        object_id=problem_set.pk,
        data={"inserted": written.inserted, "duplicates": written.duplicates, "faults": fault_count},
    )
