"""Freezing releases: immutable, ordered, hashed selections of accepted traces. A worker does it, under a lease."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from trajectories.adapters.copying import copy_rows
from trajectories.adapters.disk import free_bytes, is_full
from trajectories.adapters.spools import Spool, nameless_spool
from trajectories.core.identity import content_hash
from trajectories.core.records import JSON
from trajectories.models import AuditEvent, Freezing, Release, ReleaseItem
from trajectories.models.job_kinds import RETRY
from trajectories.selectors.disk import NO_SPACE
from trajectories.selectors.releases import ReleaseRule, eligible_traces
from trajectories.services.jobs.heartbeats import KeptLease
from trajectories.services.jobs.leases import MOST_CLAIMS, claim_job, lease_of, lost_jobs, release_job, renew_job
from trajectories.services.jobs.ringers import ring
from trajectories.services.jobs.steering import JobError, steer
from trajectories.services.locks import one_writer_at_a_time
from trajectories.services.problems.imports import spool_folder
from trajectories.services.releases.contents import ITEM_COLUMNS, Contents
from trajectories.services.releases.exports import SPACE_RESERVE, request_export

BATCH = 500
PROGRESS_SECONDS = 1.0
NOTHING = "No accepted trace matches this rule; accept some traces first or widen the rule."
GIVEN_UP = (
    f"Begun {MOST_CLAIMS} times without coming to an end: each time its worker was killed or came upon an error, which "
    "the worker's log tells."
)
State = Freezing.State


class ReleaseError(JobError):
    """A release that cannot be frozen; the message says why."""


class _LeaseLostError(Exception):
    """Another worker has taken the job over."""


def plan_freezing(
    *,
    actor: User,
    title: str,
    rule: ReleaseRule | None = None,
    key: uuid.UUID,
    reuse: bool = False,
    export_format: str = "",
) -> Freezing:
    """Queue the freezing of the accepted traces that `rule` takes, and ring for it.

    The same `key` again, at the same time too, gives the same job and so the same release. With `reuse` a release of
    the very same content is taken instead of a new one; `export_format` has a file made of the release. Raises
    ReleaseError when the rule takes nothing.
    """
    with transaction.atomic():
        job, made = _plan(actor, title, rule or ReleaseRule(), key, reuse, export_format)
        if made and job.is_active:
            ring("freezing", job.pk)
    return job


def freeze_accepted(
    *, actor: User, title: str, rule: ReleaseRule | None = None, key: uuid.UUID, reuse: bool = False
) -> Release:
    """Freeze here and now, for who waits for it; see `plan_freezing`. Raises ReleaseError."""
    job, _ = _plan(actor, title, rule or ReleaseRule(), key, reuse, "")
    freeze_next(job_id=job.pk)
    job.refresh_from_db()
    if job.release is None:
        raise ReleaseError(job.reason or "A worker is freezing this release.")
    return job.release


def _plan(
    actor: User, title: str, rule: ReleaseRule, key: uuid.UUID, reuse: bool, export_format: str
) -> tuple[Freezing, bool]:
    """The job of that key, and whether it is new. Raises ReleaseError."""
    if (known := Freezing.objects.filter(key=key).first()) is not None:
        return known, False
    values = {
        "title": title,
        "rule": rule.stored(),
        "reuse": reuse,
        "export_format": export_format,
        "created_by": actor,
    }
    if (made := Release.objects.filter(key=key).first()) is not None:  # before freezing was a job
        return Freezing.objects.get_or_create(
            key=key, defaults={**values, "state": State.FINISHED, "release": made, "finished_at": Now()}
        )
    total = eligible_traces(rule).order_by().count()
    if not total:
        raise ReleaseError(NOTHING)
    return Freezing.objects.get_or_create(key=key, defaults={**values, "total_count": total})


def retry_freezing(*, actor: User | None, job_id: int) -> Freezing:
    """Freeze a release that was not made, with what is accepted now, and ring for it.

    Raises JobError unless it failed or was cancelled.
    """

    def begin_anew(held: Freezing) -> dict[str, JSON]:
        held.done_count, held.space_needed = 0, None
        return {}

    job: Freezing = steer("freezing", RETRY, actor=actor, job_id=job_id, change=begin_anew)
    return job


def freeze_next(*, job_id: int) -> None:
    """Freeze the release of a job, if nobody else does.

    Safe to call at any time and twice at once. The release is what was accepted at one moment; it is written, with the
    end of its job, in one short transaction, and so either wholly or not at all.
    """
    token = uuid.uuid4()
    jobs = Freezing.objects.filter(pk=job_id)
    if not claim_job(jobs.filter(state__in=Freezing.ACTIVE_STATES), token, state=State.RUNNING):
        return
    held = jobs.filter(lease_token=token, state=State.RUNNING)
    with lease_of(jobs, token), nameless_spool(spool_folder()) as spool:
        job = Freezing.objects.select_related("created_by").get(pk=job_id)
        if job.claims > MOST_CLAIMS:
            _fail(held, GIVEN_UP)
            return
        try:
            _freeze(job, held, spool)
        except _LeaseLostError:
            return
        except Exception as fault:
            if not is_full(fault):
                raise
            needed = free_bytes(spool_folder()) + SPACE_RESERVE
            release_job(held, token, state=State.QUEUED, claims=0, reason=NO_SPACE, space_needed=needed)


def lost_freezings() -> list[int]:
    """Jobs that nobody works on and whose bell is long unanswered, marked as rung; none that still lacks space."""
    active = Freezing.objects.filter(state__in=Freezing.ACTIVE_STATES)
    return lost_jobs(active.exclude(space_needed__gt=free_bytes(spool_folder())))


def _freeze(job: Freezing, held: QuerySet[Freezing], spool: Spool) -> None:
    rule = ReleaseRule.from_stored(job.rule)
    contents = Contents(spool)

    def renew() -> bool:
        held.update(done_count=contents.count)
        return renew_job(held)

    with KeptLease(renew, PROGRESS_SECONDS):
        with one_snapshot():
            trace_ids = eligible_traces(rule).values_list("pk", flat=True).iterator(chunk_size=BATCH)
            while batch := list(islice(trace_ids, BATCH)):
                contents.add(batch)
            manifest = contents.manifest(rule)
        if not contents.count:
            _fail(held, NOTHING)
            return
        with transaction.atomic():
            release = _write(job, contents, manifest)
            if job.export_format and job.created_by is not None:
                request_export(actor=job.created_by, release=release, export_format=job.export_format)
            ended = {"state": State.FINISHED, "reason": "", "release": release, "done_count": contents.count}
            if not held.update(**ended, finished_at=Now()):
                raise _LeaseLostError


def _write(job: Freezing, contents: Contents, manifest: dict[str, object]) -> Release:
    """Store the release, or find the one of the same content that will do, in the caller's transaction."""
    one_writer_at_a_time("freeze a release")
    manifest_hash = content_hash(manifest)
    if job.reuse and (same := Release.objects.filter(content_hash=manifest_hash).order_by("pk").first()) is not None:
        return same
    release = Release.objects.create(
        key=job.key,
        title=job.title,
        rule=manifest["rule"],
        manifest=manifest,
        content_hash=manifest_hash,
        item_count=contents.count,
        created_by=job.created_by,
    )
    copy_rows(ReleaseItem, (*ITEM_COLUMNS, "release_id"), ([*row, release.pk] for row in contents.spool.rows()))
    AuditEvent.objects.create(
        actor=job.created_by,
        verb="release.freeze",
        object_type="release",
        object_id=release.pk,
        data={"items": release.item_count, "sha256": manifest_hash},
    )
    return release


def _fail(held: QuerySet[Freezing], reason: str) -> None:
    held.update(state=State.FAILED, reason=reason, finished_at=Now())


@contextmanager
def one_snapshot() -> Iterator[None]:
    """A transaction that reads only, and sees the database as it is at this moment until it ends; nobody waits for it.

    Raises RuntimeError inside another transaction.
    """
    inside = connection.in_atomic_block  # the transaction that a test runs in, or an error
    with transaction.atomic(durable=True):
        if not inside:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield
