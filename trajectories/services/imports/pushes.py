"""Pushes of traces by programs: stored at once, and gathered by day and token into imports, each with its page."""

from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from trajectories.adapters.spools import HeldRows
from trajectories.core.importers.foreign_traces import Row
from trajectories.core.importers.limits import check_nesting
from trajectories.core.problems import ImportFault, ProblemError
from trajectories.models import ApiToken, Import
from trajectories.services.imports.direct import Making
from trajectories.services.locks import take_turn
from trajectories.services.problems.imports import CROSSINGS_SHOWN, FAULTS_SHOWN, FaultTally, OnFault
from trajectories.services.traces.finding import ProblemMaker
from trajectories.services.traces.imports import Arriving, WrittenTraces, write_traces
from trajectories.services.traces.staging import ReadRow, Stated, Told, TraceStage

FILE = "the request.jsonl"


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a push brought in. `faults` holds the first 100 of `fault_count`; `refused` says that they kept everything
    out. `job` is the import of the day that the push belongs to, None where nothing came."""

    written: WrittenTraces
    fault_count: int
    faults: Sequence[ImportFault]
    refused: bool = False
    job: Import | None = None


def push_rows(
    *,
    token: ApiToken,
    rows: Sequence[Row],
    on_fault: OnFault,
    adopt_reviews: bool = False,
    making: Making | None = None,
    stated: Stated | None = None,
) -> Pushed:
    """Import rows of traces that a program sent, as those of a file (services.imports.direct.import_traces).

    An import holds all that one token pushed on one day (UTC): a program pushes often, and a row for each push would
    bury the files. Raises ValidationError for a set that cannot be made.
    """
    if making is not None:
        making.target.check()
    maker = None if making is None else ProblemMaker(making.split)
    stage = TraceStage(adopting=adopt_reviews, maker=maker, stated=stated or Stated())
    spool, faults, placed = HeldRows(), FaultTally(), _placed(rows)
    while stage.take_next(placed, spool, faults):
        pass
    if faults.refuse(on_fault) or not spool.count:
        return Pushed(WrittenTraces(), faults.count, faults.first, refused=faults.refuse(on_fault))
    with transaction.atomic():
        job = _import_of_today(token)
        arriving = Arriving(
            actor=token.owner,
            source=job.source,
            fault_count=faults.count,
            adopting=adopt_reviews,
            job_id=job.pk,
            target=None if making is None else making.target,
        )
        written = write_traces(arriving=arriving, spool=spool)
        _add_up(job, written, faults, stage.told)
    return Pushed(written, faults.count, faults.first, job=job)


def _placed(rows: Sequence[Row]) -> Iterator[ReadRow]:
    """The rows as those of a file are, each at its line."""
    for number, row in enumerate(rows, start=1):
        read: Row | ProblemError = row
        try:
            check_nesting(dict(row))
        except ProblemError as fault:
            read = fault
        yield ReadRow(FILE, f"line {number}", read, path=FILE)


def _import_of_today(token: ApiToken) -> Import:
    """The import that gathers what this token pushes today, made by its first push. To be called in a transaction, at
    whose end the next push of the token goes on."""
    take_turn("push", token.pk)
    day = timezone.now().date().isoformat()
    pushed = {"token": token.pk, "day": day}
    ours = Import.objects.filter(kind=Import.Kind.TRACES, created_by=token.owner, options__pushed=pushed)
    found = ours.order_by("-pk").first()
    if found is not None:
        return found
    return Import.objects.create(
        kind=Import.Kind.TRACES,
        source=f"pushed by “{token.title}” on {day}",
        options={"on_fault": "skip", "adopt_reviews": False, "pushed": pushed},
        state=Import.State.FINISHED,
        created_by=token.owner,
    )


def _add_up(job: Import, written: WrittenTraces, faults: FaultTally, read: Told) -> None:
    """Add what a push brought to what came before it on its day."""
    told: dict[str, Any] = dict(job.told)
    before = Told.from_json(told)
    before.count({"shapes": read.shapes, "left_out": read.left_out, "unread": read.unread})
    told |= before.to_json()
    made = 0 if written.problems is None else written.problems.inserted
    for name, count in (("verdicts", written.verdicts), ("reviews", written.reviews), ("problems", made)):
        told[name] = told.get(name, 0) + count
    samplers = {each["id"]: each for each in job.samplers}
    samplers |= {each.pk: {"id": each.pk, "title": each.title} for each in written.samplers.values()}
    kept = [*job.faults, *([fault.file, fault.path, fault.detail] for fault in faults.first)]
    job.told, job.samplers, job.faults = told, list(samplers.values()), kept[:FAULTS_SHOWN]
    job.inserted += len(written.trace_ids)
    job.duplicates += written.duplicates
    job.fault_count += faults.count
    job.finished_at = timezone.now()
    if written.problems is not None:
        job.problem_set = written.problems.problem_set
        job.crossing_count += written.problems.crossing_count
        crossings = [*job.crossings, *([*astuple(each)] for each in written.problems.crossings)]
        job.crossings = crossings[:CROSSINGS_SHOWN]
    job.save()
