"""Imports of files of this machine: the same jobs as those of pages, worked at by the process that asks for them."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from django.contrib.auth.models import User

from trajectories.adapters.kept_uploads import KeptUpload
from trajectories.core.records import JSON
from trajectories.models import Import
from trajectories.services.imports.jobs import import_next, keep_files, plan_import
from trajectories.services.problems.uploads import find_upload_in_use, refer_to_file

SOURCE_LENGTH = 400
LOOK_SECONDS = 1.0
"""So long is waited where a worker holds the import, or the disk is full."""


def plan_files(
    *,
    actor: User | None,
    files: Sequence[tuple[str, Path]],
    options: Mapping[str, JSON],
    copies: bool = False,
    rings: bool = False,
) -> Import:
    """The import of files, each under a name: the one that is not at its end, where the same files are asked for in the
    same way again, else a new one.

    Files are read where they lie, and must stay unchanged for so long, unless it `copies` them. It `rings` for a worker
    where nobody works at it here. Raises OSError for a file that cannot be read, and ValidationError for a title that
    makes no set.
    """
    source = ", ".join(name for name, _ in files)[:SOURCE_LENGTH]
    if (begun := _begun(actor, files, source, options)) is not None:
        return begun
    return plan_import(
        actor=actor,
        kind=Import.Kind.TRACES,
        source=source,
        options=options,
        uploads=_keep(actor, files) if copies else [_refer(actor, name, path) for name, path in files],
        rings=rings,
    )


def _begun(
    actor: User | None, files: Sequence[tuple[str, Path]], source: str, options: Mapping[str, JSON]
) -> Import | None:
    """The newest import of these files that is not at its end; only one that reads them where they lie."""
    unfinished = Import.objects.filter(state__in=Import.ACTIVE_STATES, kind=Import.Kind.TRACES, source=source)
    for job in unfinished.filter(created_by=actor, options=dict(options)).order_by("-pk"):
        uploads = [find_upload_in_use(token=file["token"]) for file in job.files]
        if [None if upload is None else upload.path for upload in uploads] == [path.resolve() for _, path in files]:
            return job
    return None


def _refer(actor: User | None, name: str, path: Path) -> KeptUpload:
    with path.open("rb"):  # whether it can be read is said before anything is queued
        return refer_to_file(owner=actor, name=name, path=path)


def _keep(actor: User | None, files: Sequence[tuple[str, Path]]) -> list[KeptUpload]:
    kept: list[KeptUpload] = []
    for name, path in files:
        with path.open("rb") as stream:
            kept += keep_files(owner=actor, files=[(name, stream)])
    return kept


def work_here(job_id: int, *, waits: Callable[[], None] = lambda: time.sleep(LOOK_SECONDS)) -> Import:
    """Work at an import until it is at its end or somebody pauses it, under its lease; the import as it is then. Where
    a worker has it, its end is waited for."""
    while True:
        more = import_next(job_id=job_id)
        job = Import.objects.get(pk=job_id)
        if not job.is_active:
            return job
        if not more:
            waits()
