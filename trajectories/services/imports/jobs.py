"""Imports as jobs: asked for by a page, done by a worker under a lease, all or nothing."""

import logging
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from trajectories.adapters.disk import free_bytes, is_full
from trajectories.adapters.garbage import garbage_of_now
from trajectories.adapters.kept_uploads import KeptUpload
from trajectories.adapters.spools import Spool, SpoolDamagedError, open_spool
from trajectories.core.problems import ImportFault
from trajectories.core.records import JSON
from trajectories.models import AuditEvent, Import
from trajectories.models.job_kinds import CANCEL, RETRY
from trajectories.selectors.disk import NO_SPACE
from trajectories.services.imports.archive_steps import ArchiveError, take_step
from trajectories.services.imports.readers import OpenReader, Reader, UploadGoneError
from trajectories.services.imports.writing import set_target, write_staged
from trajectories.services.jobs.heartbeats import KeptLease
from trajectories.services.jobs.leases import LEASE, MOST_CLAIMS, claim_job, lease_of, lost_of, release_job, renew_job
from trajectories.services.jobs.ringers import ring
from trajectories.services.jobs.steering import JobError, steer
from trajectories.services.problems.imports import (
    FaultTally,
    OnFault,
    spool_folder,
)
from trajectories.services.problems.uploads import drop_uploads, find_upload, find_upload_in_use, keep_on, keep_upload

logger = logging.getLogger(__name__)

CHECKPOINT_SECONDS = 2.0
SLICE_SECONDS = 600.0
"""After so long a job rings again for its rest: a task must end within CELERY_TASK_TIME_LIMIT."""

SPACE_RESERVE = 16 * 1024 * 1024
SOURCE_LENGTH = 400
BEATS_PER_LEASE = 4
MOST_RESTARTS = 3
GIVEN_UP = (
    f"Begun {MOST_CLAIMS} times without getting on: each time its worker was killed or came upon an error, which the "
    "worker's log tells. Try again once that is mended."
)
UNSTEADY = "The problems that it refers to changed every time before it could be written. Try again."
DAMAGED = "What had been read was damaged on the disk every time before it could be written. Have the disk checked."
State = Import.State


class ImportJobError(JobError):
    """What was asked for cannot be done to an import; the message is for people."""


class _LeaseLostError(Exception):
    """The job was cancelled, or another worker has taken it over."""


def keep_files(*, owner: User | None, files: Iterable[tuple[str, IO[bytes]]]) -> list[KeptUpload]:
    """Keep open files for an import. Raises OSError where the disk does not take them, and then keeps none."""
    kept: list[KeptUpload] = []
    try:
        for name, stream in files:
            kept.append(keep_upload(owner=owner, name=name, stream=stream))
    except BaseException:
        drop_uploads(upload.token for upload in kept)
        raise
    return kept


@transaction.atomic
def plan_import(
    *,
    actor: User | None,
    kind: Import.Kind,
    source: str,
    options: Mapping[str, JSON],
    uploads: Sequence[KeptUpload] = (),
    rings: bool = True,
) -> Import:
    """Queue the import of kept files, and ring for it, unless whoever asks works at it at once.

    `options` has "on_fault" and what the kind needs: "set_title" and "split" of problems, "columns" of questions,
    "draw" of procedural problems, "adopt_reviews" of traces, and with "make_problems" also a set and a split for those
    that are not here, "places" where a person has said what is where in the rows, and "model", whose answers are those
    of rows that name none. Raises ValidationError for a
    title that makes no set.
    """
    if kind not in (Import.Kind.TRACES, Import.Kind.ARCHIVE) or options.get("make_problems"):
        set_target(str(options["set_title"]), source).check()
    keep_on(upload.token for upload in uploads)
    job = Import.objects.create(
        kind=kind,
        source=source[:SOURCE_LENGTH],
        options=dict(options),
        files=[{"token": upload.token, "name": upload.name} for upload in uploads],
        created_by=actor,
    )
    _audit(actor, "planned", job, {"kind": str(kind), "source": job.source})
    if rings:
        ring("import", job.pk)
    return job


@transaction.atomic
def import_again(*, actor: User, job_id: int) -> Import:
    """Import the files of a refused import without their bad rows, as a new import.

    Raises ImportJobError where it was not refused, is somebody else's, or its files are gone.
    """
    job = Import.objects.select_for_update().get(pk=job_id)
    if job.state != State.REFUSED:
        raise ImportJobError(f"This import is {job.state}; only a refused one can be imported without its bad rows.")
    uploads = [find_upload(owner=actor, token=file["token"]) for file in job.files]
    found = [upload for upload in uploads if upload is not None]
    if not found or len(found) < len(uploads):
        raise ImportJobError("The files are gone, or somebody else has sent them. Send them again.")
    if job.kind == Import.Kind.ARCHIVE:
        raise ImportJobError("An archive is taken in whole or not at all.")
    options = {**job.options, "on_fault": "skip"}
    if options.get("adopt_reviews"):
        options["adopt_reviews"] = actor.has_perm("trajectories.add_review")
    return plan_import(actor=actor, kind=Import.Kind(job.kind), source=job.source, options=options, uploads=found)


@transaction.atomic
def cancel_import(*, actor: User, job_id: int) -> Import:
    """Stop an import, of which nothing has come in yet. Raises JobError when it has ended."""
    job: Import = steer("import", CANCEL, actor=actor, job_id=job_id)
    transaction.on_commit(lambda: drop_uploads(_tokens(job)), robust=True)
    return job


def retry_import(*, actor: User, job_id: int) -> Import:
    """Read the files of a failed import again from the first row, and ring for it.

    Raises JobError unless it failed, ImportJobError where its files are gone.
    """

    def begin_anew(held: Import) -> dict[str, JSON]:
        tokens = _tokens(held)
        if any(find_upload_in_use(token=token) is None for token in tokens):
            raise ImportJobError("The files are gone. Send them again.")
        keep_on(tokens)
        for name, value in {**_NOTHING_READ, "restarts": 0, "space_needed": None}.items():
            setattr(held, name, value)
        return {}

    job: Import = steer("import", RETRY, actor=actor, job_id=job_id, change=begin_anew)
    return job


def import_next(*, job_id: int) -> bool:
    """Go on with an import under a lease; returns whether there is more to do.

    Safe to call at any time and twice at once. A killed worker's import goes on from its last checkpoint; it is written
    in the transaction that ends it, and so either wholly or not at all.
    """
    token = uuid.uuid4()
    if not claim_job(_active(job_id), token, state=State.RUNNING):
        return False
    held = Import.objects.filter(pk=job_id, lease_token=token, state=State.RUNNING)
    with lease_of(Import.objects.filter(pk=job_id), token), KeptLease(lambda: renew_job(held), _beat_seconds()):
        job = Import.objects.get(pk=job_id)
        if job.claims > MOST_CLAIMS:
            return _end(job, held, State.FAILED, reason=GIVEN_UP)
        try:
            return _Slice(job, held).go_on()
        except _LeaseLostError:
            return False
        except UploadGoneError as fault:
            return _end(job, held, State.FAILED, reason=f"The file {fault} is gone; send it again.")
        except Exception as fault:
            if not is_full(fault):
                raise
            logger.warning("Import %d waits for space on the disk: %s", job_id, fault)
            _wait_for_space(job, token)
            return False


def lost_imports() -> list[int]:
    """Imports that nobody works on and whose bell is long unanswered, marked as rung; none that still lacks space."""
    return lost_of(Import, free=free_bytes(spool_folder()))


def tokens_in_use() -> set[str]:
    """The tokens of the kept files that imports still have to read, paused ones too."""
    files = _unfinished().values_list("files", flat=True)
    return {file["token"] for each in files for file in each}


def sweep_spools(*, seconds: float) -> int:
    """Delete what ended imports and killed commands left set aside, once it is older than that; returns how many."""
    needed = {_spool_path(job_id).name for job_id in _unfinished().values_list("pk", flat=True)}
    oldest, swept = time.time() - seconds, 0
    for path in spool_folder().glob("import-*.rows") if spool_folder().is_dir() else ():
        if path.name not in needed and path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)
            swept += 1
    return swept


_NOTHING_READ: Mapping[str, Any] = {
    "cursor": 0,
    "done": 0,
    "staged_bytes": 0,
    "staged_count": 0,
    "fault_count": 0,
    "faults": [],
    "writing": False,
    "told": {},
}


class _Slice:
    """One worker's turn at one import."""

    def __init__(self, job: Import, held: QuerySet[Import]) -> None:
        self._job, self._held = job, held
        self._faults = FaultTally(job.fault_count, [ImportFault(*fault) for fault in job.faults])
        self._until = time.monotonic() + SLICE_SECONDS

    def go_on(self) -> bool:
        """Read on, and write once everything is read; whether something is left to read."""
        if self._job.kind == Import.Kind.ARCHIVE:
            return self._restore()
        with garbage_of_now(), open_spool(_spool_path(self._job.pk)) as spool:
            if not spool.cut(self._job.staged_bytes):
                self._begin_anew(spool)
            if not self._job.writing:
                with OpenReader(self._job) as opened:
                    if not self._read(opened.reader, spool):
                        return True
            return self._finish(spool)

    def _restore(self) -> bool:
        """Take the next step of an archive; whether another one is left."""
        try:
            taken = take_step(self._job)
        except ArchiveError as fault:
            return _end(self._job, self._held, State.FAILED, str(fault))
        self._update(**taken.changes)
        if taken.faults:
            return _end(self._job, self._held, State.REFUSED)
        if taken.is_last:
            self._update(state=State.FINISHED, finished_at=Now())
            _clean_up(self._job, State.FINISHED)
        return not taken.is_last

    def _begin_anew(self, spool: Spool) -> None:
        """Read everything again, where what was set aside is lost or does not hold any more."""
        spool.cut(0)
        self._faults = FaultTally()
        self._job.cursor = self._job.staged_bytes = self._job.staged_count = 0
        self._job.writing, self._job.told = False, {}

    def _read(self, reader: Reader, spool: Spool) -> bool:
        """Read until the end, or until this turn is over; whether it was the end. Raises _LeaseLostError."""
        before, due = self._job.staged_count, 0.0
        while count := reader.take(spool, self._faults):
            self._job.cursor += count
            self._job.staged_count = before + spool.count
            if time.monotonic() >= due:
                self._checkpoint(reader, spool)
                due = time.monotonic() + CHECKPOINT_SECONDS
            if time.monotonic() > self._until:
                self._checkpoint(reader, spool)
                return False
        self._checkpoint(reader, spool, all_read=True)
        return True

    def _checkpoint(self, reader: Reader, spool: Spool, *, all_read: bool = False) -> None:
        """Say how far everything is, which another worker goes on from."""
        spool.flush()
        job = self._job
        job.staged_bytes, job.writing = spool.size, all_read
        reached = {"cursor": job.cursor, "staged_bytes": job.staged_bytes, "staged_count": job.staged_count}
        faults = [[fault.file, fault.path, fault.detail] for fault in self._faults.first]
        self._update(
            **reached,
            claims=1,
            done=reader.done,
            total=reader.total,
            writing=all_read,
            space_needed=None,
            reason="",
            fault_count=self._faults.count,
            faults=faults,
            told=reader.told(),
        )
        job.told = reader.told()

    def _finish(self, spool: Spool) -> bool:
        """Write everything, or refuse it; whether it has to be read again first."""
        job = self._job
        nothing_good = self._faults.count and not job.staged_count
        if self._faults.refuse(_on_fault(job)) or nothing_good:
            return _end(job, self._held, State.REFUSED)
        try:
            with transaction.atomic():
                self._write(spool)
        except IntegrityError:
            # A problem that traces belong to was deleted since they were read. Read again, that is a fault.
            logger.warning("Import %d does not fit what is there any more", job.pk, exc_info=True)
            return self._read_again(spool, UNSTEADY)
        except SpoolDamagedError as fault:
            logger.warning("Import %d is read again: %s", job.pk, fault)
            return self._read_again(spool, DAMAGED)
        _clean_up(job, State.FINISHED)
        return False

    def _read_again(self, spool: Spool, reason: str) -> bool:
        """Begin from the first row, or end for this reason where that was done often enough; whether to go on."""
        if self._job.restarts >= MOST_RESTARTS:
            return _end(self._job, self._held, State.FAILED, reason)
        self._begin_anew(spool)
        self._update(**_NOTHING_READ, restarts=self._job.restarts + 1)
        return True

    def _write(self, spool: Spool) -> None:
        """Write everything and end the import, in the caller's transaction. Raises _LeaseLostError."""
        job = self._job
        came = write_staged(job, spool, self._faults.count)
        self._update(state=State.FINISHED, finished_at=Now(), **came)

    def _update(self, **changes: Any) -> None:
        if not self._held.update(**changes):
            raise _LeaseLostError


def _end(job: Import, held: QuerySet[Import], state: State, reason: str = "") -> bool:
    """End a job of which nothing came in, if it is still this worker's; False, since nothing is left to do."""
    if held.update(state=state, reason=reason, finished_at=Now()):
        _clean_up(job, state)
    return False


def _clean_up(job: Import, state: State) -> None:
    """Delete what nobody needs any more. The files of an import that was refused or failed stay for a while: it may be
    tried again."""
    _spool_path(job.pk).unlink(missing_ok=True)
    if state in (State.REFUSED, State.FAILED):
        keep_on(_tokens(job))
    else:
        drop_uploads(_tokens(job))


def _wait_for_space(job: Import, token: uuid.UUID) -> None:
    """Give the job back until there is room; this is no try that failed."""
    needed = free_bytes(spool_folder()) + SPACE_RESERVE
    release_job(
        Import.objects.filter(pk=job.pk, state=State.RUNNING),
        token,
        state=State.QUEUED,
        claims=0,
        reason=NO_SPACE,
        space_needed=needed,
    )


def _on_fault(job: Import) -> OnFault:
    return "skip" if job.options["on_fault"] == "skip" else "all_or_nothing"


def _spool_path(job_id: int) -> Path:
    return spool_folder() / f"import-{job_id}.rows"


def _tokens(job: Import) -> list[str]:
    return [file["token"] for file in job.files]


def _all_active() -> QuerySet[Import]:
    return Import.objects.filter(state__in=Import.ACTIVE_STATES)


def _unfinished() -> QuerySet[Import]:
    return Import.objects.filter(state__in=(*Import.ACTIVE_STATES, State.PAUSED))


def _active(job_id: int) -> QuerySet[Import]:
    return _all_active().filter(pk=job_id)


def _beat_seconds() -> float:
    return LEASE.total_seconds() / BEATS_PER_LEASE


def _audit(actor: User | None, verb: str, job: Import, data: dict[str, JSON]) -> None:
    AuditEvent.objects.create(actor=actor, verb=f"import.{verb}", object_type="import", object_id=job.pk, data=data)
