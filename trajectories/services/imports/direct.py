"""Importing traces sampled elsewhere here and now, from open files; services/imports/ does it for pages."""

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from os import SEEK_END
from typing import IO

from django.contrib.auth.models import User

from trajectories.adapters.garbage import garbage_of_now
from trajectories.adapters.spools import nameless_spool
from trajectories.core.problems import ImportFault
from trajectories.core.records import JSON
from trajectories.models import Sampler
from trajectories.services.problems.imports import FaultTally, OnFault, SetTarget, spool_folder
from trajectories.services.traces.finding import ProblemMaker
from trajectories.services.traces.imports import Arriving, WrittenTraces, write_traces
from trajectories.services.traces.staging import Stated, TraceStage, read_rows
from trajectories.services.traces.staging_forks import open_stage


@dataclass(frozen=True, slots=True)
class TraceImportReport:
    """What an import did. `faults` holds the first 100 of `fault_count`; `trace_ids` are the new traces.

    `refused` says that faults kept everything out. `verdicts` and `reviews` count what others said of the traces,
    `problems` those that were made. `told` is what the import says of its files.
    """

    inserted: int
    duplicates: int
    fault_count: int
    faults: tuple[ImportFault, ...] = ()
    trace_ids: tuple[int, ...] = ()
    samplers: tuple[Sampler, ...] = ()
    refused: bool = False
    verdicts: int = 0
    reviews: int = 0
    problems: int = 0
    told: Mapping[str, JSON] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Making:
    """Problems that are not here are made: into which set, and on which side ("" where the files say it)."""

    target: SetTarget
    split: str = ""


def import_traces(  # noqa: PLR0913 (what, by whom, and what is stated of it)
    *,
    actor: User | None,
    files: Iterable[tuple[str, IO[bytes]]],
    on_fault: OnFault,
    adopt_reviews: bool = False,
    making: Making | None = None,
    stated: Stated | None = None,
    keeps_apart: bool = False,
) -> TraceImportReport:
    """Import the traces of open files, each with its name, and with what others said of them.

    With `adopt_reviews` what people said there becomes the actor's own decision here; else it decides nothing. With
    `making` problems that are not here are made of the rows.

    `stated` is what a person states of rows that do not say it; `keeps_apart` is as in `Arriving`.

    A trace that is known already (same problem, model and content) is counted, not stored again. With
    "all_or_nothing" one fault keeps everything out. The new traces are verified by the workers. Raises ValidationError
    for a set that cannot be made.
    """
    named = list(files)
    faults = FaultTally()
    if making is not None:
        making.target.check()
    maker = None if making is None else ProblemMaker(making.split)
    with garbage_of_now(), nameless_spool(spool_folder()) as spool:
        with ExitStack() as stack:
            size = sum(stream.seek(0, SEEK_END) for _, stream in named)
            read = TraceStage(adopting=adopt_reviews, maker=maker, stated=stated or Stated())
            stage = open_stage(stack, read, size)
            rows = read_rows(named)
            while stage.take_next(rows, spool, faults):
                pass
        refused = faults.refuse(on_fault)
        written = WrittenTraces()
        if spool.count and not refused:
            arriving = Arriving(
                actor=actor,
                source=", ".join(name for name, _ in named),
                fault_count=faults.count,
                adopting=adopt_reviews,
                keeps_apart=keeps_apart,
                target=None if making is None else making.target,
            )
            written = write_traces(arriving=arriving, spool=spool)
    return TraceImportReport(
        inserted=len(written.trace_ids),
        duplicates=written.duplicates,
        fault_count=faults.count,
        faults=tuple(faults.first),
        trace_ids=tuple(written.trace_ids),
        samplers=tuple(written.samplers.values()),
        refused=refused,
        verdicts=written.verdicts,
        reviews=written.reviews,
        problems=0 if written.problems is None else written.problems.inserted,
        told=stage.told.to_json(),
    )
