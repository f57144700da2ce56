"""Freezing releases: immutable, ordered, hashed selections of accepted traces. A worker does it, under a lease."""

import uuid
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.urls import reverse

from trajectories.adapters.copying import copy_lines, copy_rows
from trajectories.adapters.disk import free_bytes, is_full
from trajectories.adapters.spools import Spool, nameless_spool
from trajectories.core.identity import content_hash
from trajectories.core.records import JSON
from trajectories.core.releases.rules import Rule
from trajectories.models import AuditEvent, Freezing, Release, ReleaseItem, ReleaseRule, Removal
from trajectories.models.job_kinds import RETRY
from trajectories.selectors.disk import NO_SPACE
from trajectories.selectors.release_changes import count_changes, previous_release
from trajectories.selectors.release_rules import Funnel, count_removed, eligible_traces, removed_items, scope_of
from trajectories.selectors.trace_searches import count_unsearchable
from trajectories.services.jobs.endings import tell_parent
from trajectories.services.jobs.heartbeats import KeptLease
from trajectories.services.jobs.leases import MOST_CLAIMS, claim_job, lease_of, lost_of, release_job, renew_job
from trajectories.services.jobs.outbox import Kind, announce
from trajectories.services.jobs.ringers import ring
from trajectories.services.jobs.steering import JobError, steer
from trajectories.services.locks import one_writer_at_a_time
from trajectories.services.problems.imports import spool_folder
from trajectories.services.releases.choosing import REMOVAL_COLUMNS, Chooser, drawn_as
from trajectories.services.releases.contents import ITEM_COLUMNS, Contents
from trajectories.services.releases.exports import SPACE_RESERVE, request_export
from trajectories.services.releases.rules import check_rule
from trajectories.services.traces.searches import read_all

BATCH = 2_000
PROGRESS_SECONDS = 1.0
NOTHING = "No accepted trace matches this rule; accept some traces first or widen the rule."
GIVEN_UP = (
    f"Begun {MOST_CLAIMS} times without coming to an end: each time its worker was killed or came upon an error, which "
    "the worker's log tells."
)
State = Freezing.State


class ReleaseError(JobError):
    """A release that cannot be frozen; the message says why."""


class NothingError(ReleaseError):
    """The rule takes nothing."""


class _LeaseLostError(Exception):
    """Another worker has taken the job over."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked of a freezing. With `trial` nothing is frozen: what the rule takes and removes is what is wanted.

    `named` is the stored rule that `rule` is a version of, `notes` what is said of the release. With `reuse` a release
    of the very same content is taken instead of a new one; `export_format` has a file made of the release.
    """

    title: str
    rule: Rule = field(default_factory=Rule)
    named: ReleaseRule | None = None
    notes: str = ""
    trial: bool = False
    reuse: bool = False
    export_format: str = ""


def plan_freezing(*, actor: User | None, order: Order, key: uuid.UUID) -> Freezing:
    """Queue the freezing of what a rule takes, or the trial of it, and ring for it.

    The same `key` again, at the same time too, gives the same job and so the same release. Raises ReleaseError when the
    rule takes nothing, or asks for something that is not there.
    """
    with transaction.atomic():
        job, made = _plan(actor, order, key)
        if made and job.is_active:
            ring("freezing", job.pk)
    return job


def freeze_accepted(
    *, actor: User | None, title: str, rule: Rule | None = None, key: uuid.UUID, **options: Any
) -> Release:
    """Freeze here and now, for who waits for it; `options` are those of an Order. Raises ReleaseError."""
    job = freeze_here(actor=actor, order=Order(title, rule or Rule(), **options), key=key)
    if job.release is None:
        raise ReleaseError(job.reason or "A worker is freezing this release.")
    return job.release


def freeze_here(*, actor: User | None, order: Order, key: uuid.UUID) -> Freezing:
    """Freeze what a rule takes, or try it, here and now; the job as it is then. Raises ReleaseError."""
    job, _ = _plan(actor, order, key)
    freeze_next(job_id=job.pk)
    job.refresh_from_db()
    return job


def _plan(actor: User | None, order: Order, key: uuid.UUID) -> tuple[Freezing, bool]:
    """The job of that key, and whether it is new. Raises ReleaseError."""
    if (known := Freezing.objects.filter(key=key).first()) is not None:
        return known, False
    values: dict[str, Any] = {
        "title": order.title,
        "rule": order.rule.as_json(),
        "named_rule": order.named,
        "notes": order.notes,
        "trial": order.trial,
        "reuse": order.reuse,
        "export_format": order.export_format,
        "created_by": actor,
    }
    if (made := Release.objects.filter(key=key).first()) is not None:  # before freezing was a job
        return Freezing.objects.get_or_create(
            key=key, defaults={**values, "state": State.FINISHED, "release": made, "finished_at": Now()}
        )
    check_rule(order.rule)
    total = eligible_traces(order.rule).order_by().count()
    if not total and not count_unsearchable(scope_of(order.rule.source)):
        raise NothingError(NOTHING)
    previous = None if order.trial else previous_release(order.named)
    return Freezing.objects.get_or_create(key=key, defaults={**values, "total_count": total, "previous": previous})


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
    with (
        lease_of(jobs, token),
        nameless_spool(spool_folder()) as spool,
        nameless_spool(spool_folder()) as removals,
    ):
        job = Freezing.objects.select_related("created_by", "named_rule").get(pk=job_id)
        if job.claims > MOST_CLAIMS:
            _fail(job, held, GIVEN_UP)
            return
        try:
            _freeze(job, held, spool, removals)
        except _LeaseLostError:
            return
        except Exception as fault:
            if not is_full(fault):
                raise
            needed = free_bytes(spool_folder()) + SPACE_RESERVE
            release_job(held, token, state=State.QUEUED, claims=0, reason=NO_SPACE, space_needed=needed)


def lost_freezings() -> list[int]:
    """Jobs that nobody works on and whose bell is long unanswered, marked as rung; none that still lacks space."""
    return lost_of(Freezing, free=free_bytes(spool_folder()))


def _freeze(job: Freezing, held: QuerySet[Freezing], spool: Spool, removals: Spool) -> None:
    rule = Rule.from_json(job.rule)
    contents, chooser = Contents(spool, rule.validation), Chooser(rule, removals)
    taken = 0

    def batches() -> Iterator[list[int]]:
        nonlocal taken
        trace_ids = chooser.choose()
        while batch := list(islice(trace_ids, BATCH)):
            taken += len(batch)
            yield batch

    def renew() -> bool:
        held.update(done_count=chooser.looked if rule.compares and not contents.count else contents.count)
        return renew_job(held)

    with KeptLease(renew, PROGRESS_SECONDS):
        if scope_of(rule.source).by_words:
            read_all()  # a release never changes: it lacks none that only was not read for its words yet
        with one_snapshot():
            removed, _ = count_removed(rule)
            if job.trial:
                deque(batches(), maxlen=0)
            else:
                contents.drawn_as = drawn_as(rule)
                contents.add_all(batches())
            manifest = {} if job.trial else contents.manifest(rule)
            if job.previous_id is not None:
                _tell_removed(rule, job.previous_id, removals)
        funnel = Funnel.of({**removed, **chooser.removed}, taken)
        ended: dict[str, Any] = {"funnel": [line.as_json() for line in funnel.lines], "done_count": taken}
        if not taken and not job.trial:
            _fail(job, held, NOTHING, **ended)
            return
        with transaction.atomic():
            job.removals.all().delete()
            rows = ([*row, job.pk] for row in removals.rows())
            copy_rows(Removal, (*REMOVAL_COLUMNS, "freezing_id"), rows)
            if not job.trial:
                ended["release"] = _write(job, contents, manifest)
                ended["changes"] = job.previous_id and count_changes(ended["release"].pk, job.previous_id)
            if not held.update(**ended, state=State.FINISHED, reason="", finished_at=Now()):
                raise _LeaseLostError
            tell_parent(job)


def _tell_removed(rule: Rule, previous_id: int, removals: Spool) -> None:
    """Keep why traces of the previous release are in this one no more, as far as a filter of single traces says it."""
    for trace_id, clause in removed_items(rule, previous_id):
        removals.append([trace_id, clause, None, None, {}])


def _write(job: Freezing, contents: Contents, manifest: dict[str, Any]) -> Release:
    """Store the release and ask for its file, or find the one of the same content that will do, in the caller's
    transaction.
    """
    one_writer_at_a_time("freeze a release")
    manifest_hash = content_hash(manifest)
    same = Release.objects.filter(content_hash=manifest_hash).order_by("pk").first() if job.reuse else None
    release = same or _store(job, contents, manifest, manifest_hash)
    if job.export_format and job.created_by is not None:
        request_export(actor=job.created_by, release=release, export_format=job.export_format)
    return release


def _store(job: Freezing, contents: Contents, manifest: dict[str, Any], manifest_hash: str) -> Release:
    release = Release.objects.create(
        key=job.key,
        title=job.title,
        rule=manifest["rule"],
        named_rule=job.named_rule,
        notes=job.notes,
        manifest=manifest,
        content_hash=manifest_hash,
        item_count=contents.count,
        created_by=job.created_by,
    )
    copy_lines(ReleaseItem, ITEM_COLUMNS, contents.spool.blocks(), release_id=release.pk)
    AuditEvent.objects.create(
        actor=job.created_by,
        verb="release.freeze",
        object_type="release",
        object_id=release.pk,
        data={"items": release.item_count, "sha256": manifest_hash},
    )
    told = {"id": release.pk, "title": release.title, "items": release.item_count, "sha256": manifest_hash}
    announce(Kind.RELEASE_FROZEN, {**told, "page": reverse("release_detail", args=[release.pk])})
    return release


def _fail(job: Freezing, held: QuerySet[Freezing], reason: str, **told: Any) -> None:
    with transaction.atomic():
        held.update(state=State.FAILED, reason=reason, finished_at=Now(), **told)
        tell_parent(job)


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
