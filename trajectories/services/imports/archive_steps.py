"""An archive as a job: its steps, one a turn, each safe to take again where its worker was killed."""

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from trajectories.core.problems import ProblemError
from trajectories.models import Import
from trajectories.services.imports.archives import (
    Files,
    check_archive,
    read_manifest,
    restore_problems,
    restore_release,
    restore_traces,
)
from trajectories.services.imports.readers import open_streams

CHECKED, PROBLEMS, TRACES, RELEASE = range(4)
STEPS = 4


class ArchiveError(Exception):
    """An archive that was whole and does not fit what is here now; the message says why."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a step came to: what the import's row says then, whether it found faults, and whether it was the last."""

    changes: dict[str, Any] = field(default_factory=dict)
    faults: bool = False
    is_last: bool = False


def take_step(job: Import) -> Taken:
    """Take the next step of an archive: check it, write its problems, its traces, its release.

    Raises UploadGoneError, and ArchiveError where its traces are not what they were when they were written.
    """
    with ExitStack() as stack:
        files = open_streams(job, stack)
        taken = _STEPS[job.cursor](job, files)
    step = job.cursor + 1
    reached = {"cursor": step, "done": step, "total": STEPS, "claims": 1, "reason": "", "space_needed": None}
    return Taken({**reached, **taken.changes}, taken.faults, is_last=step == STEPS)


def _check(_: Import, files: Files) -> Taken:
    tally, _release = check_archive(files)
    told = [[fault.file, fault.path, fault.detail] for fault in tally.first]
    return Taken({"fault_count": tally.count, "faults": told}, faults=bool(tally.count))


def _problems(job: Import, files: Files) -> Taken:
    new = restore_problems(job.created_by, files)
    return Taken({"options": {**job.options, "problems": new + job.options.get("problems", 0)}})


def _traces(job: Import, files: Files) -> Taken:
    try:
        report = restore_traces(job.created_by, files, read_manifest(files))
    except ProblemError as fault:
        raise ArchiveError(f"The traces could not be restored: {fault.detail}.") from fault
    if report.fault_count:
        told = [[fault.file, fault.path, fault.detail] for fault in report.faults]
        return Taken({"fault_count": report.fault_count, "faults": told}, faults=True)
    samplers = [{"id": sampler.pk, "title": sampler.title} for sampler in report.samplers]
    return Taken({"inserted": report.inserted, "duplicates": report.duplicates, "samplers": samplers})


def _release(job: Import, files: Files) -> Taken:
    try:
        release, is_new = restore_release(job.created_by, files, read_manifest(files))
    except ProblemError as fault:
        raise ArchiveError(f"The release could not be restored: {fault.detail}.") from fault
    return Taken({"options": {**job.options, "release": release.pk, "is_new": is_new}})


_STEPS = {CHECKED: _check, PROBLEMS: _problems, TRACES: _traces, RELEASE: _release}
