"""Importing traces sampled elsewhere here and now, from open files; services/imports/ does it for pages."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import IO

from django.contrib.auth.models import User

from trajectories.adapters.spools import nameless_spool
from trajectories.core.problems import ImportFault
from trajectories.models import Sampler
from trajectories.services.jobs.ringers import ring
from trajectories.services.problems.imports import FaultTally, OnFault, spool_folder
from trajectories.services.traces.imports import TraceStage, WrittenTraces, next_rows, read_rows, write_traces


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


def import_traces(
    *, actor: User | None, files: Iterable[tuple[str, IO[bytes]]], on_fault: OnFault, adopt_reviews: bool = False
) -> TraceImportReport:
    """Import the traces of open .jsonl files, each with its name, and with what `full` rows say of them.

    With `adopt_reviews` what people said there becomes the actor's own decision here; else it decides nothing.

    A trace that is known already (same problem, model and content) is counted, not stored again. With
    "all_or_nothing" one fault keeps everything out. The new traces are verified by the workers.
    """
    named = list(files)
    faults = FaultTally()
    with nameless_spool(spool_folder()) as spool:
        stage = TraceStage(spool, faults, adopting=adopt_reviews)
        rows = read_rows(named)
        while batch := next_rows(rows, [stream for _, stream in named]):
            stage.take(batch)
        refused = faults.refuse(on_fault)
        written = WrittenTraces()
        if spool.count and not refused:
            source = ", ".join(name for name, _ in named)
            written = write_traces(
                actor=actor, source=source, spool=spool, fault_count=faults.count, adopting=adopt_reviews
            )
    if written.trace_ids:
        ring("verification", written.trace_ids)
    return TraceImportReport(
        inserted=len(written.trace_ids),
        duplicates=written.duplicates,
        fault_count=faults.count,
        faults=tuple(faults.first),
        trace_ids=tuple(written.trace_ids),
        samplers=tuple(written.samplers.values()),
        refused=refused,
    )
