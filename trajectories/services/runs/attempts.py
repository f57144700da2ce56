"""Attempts: claiming them by lease, and what becomes of those that bring nothing back."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, Max, OuterRef, Q
from django.db.models.functions import Now

from trajectories.core.records import SampleFailure
from trajectories.core.text.storable import storable_text
from trajectories.models import Attempt, Run, Sampler
from trajectories.models.samplers import LANGUAGE_MODELS
from trajectories.selectors.clock import database_now
from trajectories.selectors.step_judging import awaits_judge
from trajectories.services.jobs.bells import SAMPLING, Ticket, ring
from trajectories.services.jobs.endings import tell_parent
from trajectories.services.locks import lock_run
from trajectories.services.runs.budgets import charge_run
from trajectories.services.runs.lifecycle import audit_run, is_budget_spent

BATCH_LIMIT = 256
"""At most this many attempts in one claim, so that progress shows and a pause takes effect."""

ALONE_AFTER = 3
"""An attempt whose worker was lost this often is claimed alone, so that it drags no others down with it."""

MAX_CLAIMS = 5
"""An attempt claimed this often without an end has crashed its workers and fails."""

CRASHED = "crashed"

EPISODES_AT_ONCE = 20
"""At most this many episodes of one agent in one claim."""

AGENT_FIELDS = ("instruction", "temperature", "ordinal")
"""What tells one agent of a run from another: the cell of the plan that its episodes are samples of."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Attempts of one problem, or of one agent in the order of its episodes, under one lease."""

    token: uuid.UUID
    attempts: Sequence[Attempt]


def lease_time() -> timedelta:
    """How long a claim holds without a heartbeat (the LEASE_SECONDS setting)."""
    return timedelta(seconds=settings.LEASE_SECONDS)


@transaction.atomic
def claim_batch(*, run_id: int, limit: int = BATCH_LIMIT) -> Batch | None:
    """Lease the pending attempts of the first problem that no other worker is at; None where there is nothing to do.

    A search is shared by all samples of its problem, so two workers at one problem would search twice. Episodes are
    claimed by agent instead. The first claim starts the run; a spent time budget pauses it.
    """
    run = lock_run(run_id)
    if run.state not in Run.ACTIVE_STATES or pause_if_spent(run):
        return None
    if is_agent_run(run_id=run_id):
        return _claim_episodes(run)
    leased = Attempt.objects.filter(run=run_id, problem=OuterRef("problem"), state=Attempt.State.LEASED)
    pending = Attempt.objects.filter(run=run_id, state=Attempt.State.PENDING)
    first = pending.filter(~Exists(leased.filter(lease_expires_at__gt=Now()))).order_by("id").first()
    if first is None:
        return None
    alone = first.claims >= ALONE_AFTER
    together = Q(pk=first.pk) if alone else Q(problem=first.problem_id, claims__lt=ALONE_AFTER)
    chosen = pending.filter(together).order_by("id").select_for_update(skip_locked=True, no_key=True)
    ids = list(chosen.values_list("pk", flat=True)[:limit])
    return _lease(run, ids)


def _lease(run: Run, ids: Sequence[int]) -> Batch:
    """Lease pending attempts of a run whose row is locked; the first claim starts it."""
    token = uuid.uuid4()
    Attempt.objects.filter(pk__in=ids).update(
        state=Attempt.State.LEASED, lease_token=token, lease_expires_at=Now() + lease_time(), claims=F("claims") + 1
    )
    if run.state == Run.State.QUEUED:
        run.state, run.started_at = Run.State.RUNNING, run.started_at or database_now()
    run.rung_at = Now()
    run.save(update_fields=["state", "started_at", "rung_at"])
    attempts = Attempt.objects.filter(lease_token=token).select_related("run__sampler", "problem", "instruction")
    return Batch(token, list(attempts.order_by("id")))


def is_agent_run(*, run_id: int) -> bool:
    """Whether the run is one of agents, each of which plays its episodes in order."""
    return Run.objects.filter(pk=run_id, sampler__kind=Sampler.Kind.AGENT).exists()


def _claim_episodes(run: Run) -> Batch | None:
    """Lease the next episodes of the first agent that nobody plays; the run's row is locked.

    An agent whose episode is leased waits, also where the lease is over: until the sweep has put that episode back, a
    later one would overtake it.
    """
    lane = {name: OuterRef(name) for name in AGENT_FIELDS}
    played = Attempt.objects.filter(run=run, state=Attempt.State.LEASED, **lane)
    pending = Attempt.objects.filter(run=run, state=Attempt.State.PENDING)
    first = pending.filter(~Exists(played)).order_by("id").first()
    if first is None:
        return None
    of_agent = {name: getattr(first, name) for name in AGENT_FIELDS}
    following = pending.filter(**of_agent).order_by("id").values_list("pk", "claims")[:EPISODES_AT_ONCE]
    ids: list[int] = []
    for key, claims in following:
        if ids and claims >= ALONE_AFTER:
            break
        ids.append(key)
        if claims >= ALONE_AFTER:
            break
    return _lease(run, ids)


def pause_if_spent(run: Run) -> bool:
    """Pause a run whose time budget is spent; its row is locked."""
    if not is_budget_spent(run):
        return False
    run.state, run.state_reason = Run.State.PAUSED, f"The time budget of {run.budget_seconds:,} s is spent."
    run.save(update_fields=["state", "state_reason"])
    audit_run(None, "paused", run, {"reason": run.state_reason})
    tell_parent(run)
    return True


def has_pending(*, run_id: int) -> bool:
    """Whether an active run has attempts that nobody holds."""
    pending = Attempt.objects.filter(run=run_id, run__state__in=Run.ACTIVE_STATES, state=Attempt.State.PENDING)
    return pending.exists()


def newest_attempt(*, run_id: int) -> int:
    """The id of the attempt that was planned last; 0 where there is none."""
    newest: int = Attempt.objects.filter(run=run_id).aggregate(newest=Max("pk", default=0))["newest"]
    return newest


def has_claimable(*, run_id: int, after: int = 0) -> bool:
    """Whether an active run has pending attempts, planned after the attempt `after`, of a problem that no worker is
    at."""
    held = Attempt.objects.filter(run=run_id, state=Attempt.State.LEASED)
    if is_agent_run(run_id=run_id):
        leased = held.filter(**{name: OuterRef(name) for name in AGENT_FIELDS})
    else:
        leased = held.filter(problem=OuterRef("problem"), lease_expires_at__gt=Now())
    pending = Attempt.objects.filter(run=run_id, run__state__in=Run.ACTIVE_STATES, state=Attempt.State.PENDING)
    return pending.filter(pk__gt=after).filter(~Exists(leased)).exists()


def ring_run(*, run_id: int) -> list[Ticket]:
    """The messages to send for a run: one for each problem that waits, up to as many as workers may help; one where it
    waits for the judge of its steps.

    One worker keeps all calls to a language model in flight.
    """
    pending = Attempt.objects.filter(run=run_id, run__state__in=Run.ACTIVE_STATES, state=Attempt.State.PENDING)
    is_chat = Run.objects.filter(pk=run_id, sampler__kind__in=LANGUAGE_MODELS).exists()
    most = 1 if is_chat else settings.BELLS_PER_RUN
    problems = len(pending.order_by("problem").values_list("problem", flat=True).distinct()[:most])
    if not problems and is_chat and awaits_judge(run_id=run_id):
        problems = 1
    return ring(kind=SAMPLING, source=run_id, bells=problems)


def renew_lease(*, run_id: int, lease_token: uuid.UUID) -> bool:
    """Heartbeat: extend the lease; returns whether the work is still wanted."""
    held = Attempt.objects.filter(run=run_id, state=Attempt.State.LEASED, lease_token=lease_token)
    renewed = held.update(lease_expires_at=Now() + lease_time())
    return bool(renewed) and is_wanted(run_id=run_id)


def is_wanted(*, run_id: int) -> bool:
    """Whether the run still wants samples: active and within its time budget."""
    run = Run.objects.only("state", "budget_seconds", "started_at").get(pk=run_id)
    return run.state in Run.ACTIVE_STATES and not is_budget_spent(run)


def return_batch(*, lease_token: uuid.UUID) -> int:
    """Give back what is still leased, as if never claimed; returns how many."""
    return Attempt.objects.filter(state=Attempt.State.LEASED, lease_token=lease_token).update(
        state=Attempt.State.PENDING, lease_token=None, lease_expires_at=None, claims=F("claims") - 1
    )


def fail_attempt(*, attempt: Attempt, lease_token: uuid.UUID, failure: SampleFailure) -> bool:
    """Keep a failure as data, or put a retryable one back; False where the lease is lost and so nothing happens."""
    with transaction.atomic():
        run = lock_run(attempt.run_id)
        held = Attempt.objects.filter(pk=attempt.pk, state=Attempt.State.LEASED, lease_token=lease_token)
        again = failure.retryable and attempt.claims < MAX_CLAIMS
        changed = held.update(
            state=Attempt.State.PENDING if again else Attempt.State.FAILED,
            lease_token=None,
            lease_expires_at=None,
            error_kind=storable_text(failure.kind)[:40],
            error_message=storable_text(failure.message)[:4000],
            finished_at=None if again else Now(),
        )
        if changed and not again:
            run.failed_count += 1
            run.save(update_fields=["failed_count"])
            charge_run(run, failure.usage, failure.cost)
    return bool(changed)


def requeue_expired() -> list[int]:
    """Put attempts whose worker was lost back, or fail those lost too often; returns the ids of their runs."""
    expired = Attempt.objects.filter(state=Attempt.State.LEASED, lease_expires_at__lt=Now())
    run_ids = list(expired.order_by("run_id").values_list("run_id", flat=True).distinct())
    for run_id in run_ids:
        with transaction.atomic():
            _requeue_run(lock_run(run_id))
    return run_ids


def _requeue_run(run: Run) -> None:
    """Requeue the expired attempts of one run; its row is locked."""
    expired = Attempt.objects.filter(run=run, state=Attempt.State.LEASED, lease_expires_at__lt=Now())
    expired.filter(claims__lt=MAX_CLAIMS).update(state=Attempt.State.PENDING, lease_token=None, lease_expires_at=None)
    crashed = expired.update(
        state=Attempt.State.FAILED,
        lease_token=None,
        lease_expires_at=None,
        error_kind=CRASHED,
        error_message=f"The worker was lost {MAX_CLAIMS} times while it worked on this attempt.",
        finished_at=Now(),
    )
    run.failed_count += crashed
    run.save(update_fields=["failed_count"])
