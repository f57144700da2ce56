"""The lease under which one worker at a time does a job, a slice at a time, and the bells of jobs that nobody is at."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

LEASE = timedelta(seconds=180)
PATIENCE = timedelta(seconds=30)
"""A bell may go unanswered so long before it is rung again."""

MOST_CLAIMS = 5
GIVEN_UP = (
    f"Begun {MOST_CLAIMS} times without a single outcome: each time its worker was killed or came upon an error, which "
    "the worker's log tells. Resume the job once that is mended."
)


def nobody_is_at() -> Q:
    """The jobs whose lease is free or has run out."""
    return Q(lease_expires_at__isnull=True) | Q(lease_expires_at__lt=Now())


def claim_job(jobs: QuerySet[Any], token: uuid.UUID, **changes: Any) -> bool:
    """Take the lease of the one job in `jobs`, if nobody has it, with what else changes then; whether it was taken."""
    taken = {"lease_token": token, "lease_expires_at": Now() + LEASE, "rung_at": Now(), "claims": F("claims") + 1}
    return bool(jobs.filter(nobody_is_at()).update(**taken, **changes))


def renew_job(held: QuerySet[Any], **changes: Any) -> bool:
    """Extend the lease of the job that is held, with what else changes then; whether it still is."""
    return bool(held.update(lease_expires_at=Now() + LEASE, **changes))


def release_job(jobs: QuerySet[Any], token: uuid.UUID, **changes: Any) -> None:
    """Give the lease back, if it is still this one."""
    jobs.filter(lease_token=token).update(lease_token=None, lease_expires_at=None, rung_at=Now(), **changes)


@contextmanager
def lease_of(jobs: QuerySet[Any], token: uuid.UUID) -> Iterator[None]:
    """Give the lease back at the end, after an error too; then the claim goes on counting."""
    try:
        yield
    except BaseException:
        release_job(jobs, token)
        raise
    release_job(jobs, token, claims=0)


def lost_of(table: Any, *, free: int | None = None) -> list[int]:
    """The active jobs of a table that nobody works on and whose bell is long unanswered, marked as rung. With `free`
    those are left out that wait until more than so many bytes are free on the disk."""
    active = table._default_manager.filter(state__in=table.ACTIVE_STATES)
    return lost_jobs(active if free is None else active.exclude(space_needed__gt=free))


@transaction.atomic
def lost_jobs(active: QuerySet[Any]) -> list[int]:
    """The jobs that nobody works on and whose bell is long unanswered, marked as rung."""
    silent = active.filter(nobody_is_at(), rung_at__lt=Now() - PATIENCE)
    job_ids = sorted(silent.select_for_update(skip_locked=True, no_key=True).values_list("pk", flat=True))
    active.model._default_manager.filter(pk__in=job_ids).update(rung_at=Now())
    return job_ids
