"""Claiming attempts of language models: many at once over several problems, within concurrency, gate and budget."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, partial

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, prefetch_related_objects
from django.db.models.functions import Now

from trajectories.models import Attempt, BatchItem, PendingVerification, ProviderBatch, Run
from trajectories.selectors.clock import database_now
from trajectories.services.endpoints.concurrency import run_slots
from trajectories.services.endpoints.rate_limits import is_held, lock_gate
from trajectories.services.jobs.endings import tell_parent
from trajectories.services.locks import lock_run
from trajectories.services.runs.attempts import lease_time, pause_if_spent
from trajectories.services.runs.budgets import Reservation, affordable, reservation_of
from trajectories.services.runs.lifecycle import audit_run
from trajectories.services.runs.requests import maker_of
from trajectories.services.spending.holding import FREE, Room, has_limits, room_for_attempts
from trajectories.services.spending.ledger import Payer
from trajectories.services.spending.waiting import wait_for_room

WAITED = timedelta(seconds=10)
WINDOW = 4
MOST_IN_WINDOW = 1024
"""Attempts are chosen from so many times as many, so that those with the same prompt go one after the other; a large
claim has enough of the same prompt by itself, and each that is looked at is locked and read."""


@dataclass(frozen=True, slots=True)
class Claim:
    """New attempts under the session's lease, and how many calls it may have in flight now."""

    attempts: Sequence[Attempt]
    allowed: int


MOST_AHEAD = 512
SECONDS_AHEAD = 2.0


def ahead_of(allowed: int, pace: float = 0.0) -> int:
    """Attempts to hold ready beyond those in flight: half as many again, and of a quick model what it draws in two
    seconds, where `pace` is how many samples a second have come of late. A claim costs much the same for many as for
    one. None where no call is allowed."""
    return max(allowed // 2, min(MOST_AHEAD, round(SECONDS_AHEAD * pace))) if allowed else 0


NOTHING = Claim([], 0)


@transaction.atomic
def claim_attempts(*, run_id: int, lease_token: uuid.UUID, concurrency: int, pace: float = 0.0) -> Claim:
    """Lease as many attempts as the sampler may have in flight beside those that others hold, and some more, so that
    a free place never waits for the database: see `ahead_of`.

    Runs and jobs of one sampler share its places evenly. A budget that cannot pay for one more call pauses the run once
    nothing is in flight.
    """
    run = lock_run(run_id)
    if run.state not in Run.ACTIVE_STATES or pause_if_spent(run):
        return NOTHING
    if is_held(*lock_gate(run.sampler)):
        return NOTHING
    slots = run_slots(run=run, lease_token=lease_token, concurrency=concurrency)
    wanted = slots.allowed + ahead_of(slots.allowed, pace) - slots.mine
    attempts = _lease_affordable(run, lease_token, wanted, slots.of_run)
    return NOTHING if run.state == Run.State.PAUSED else Claim(attempts, slots.allowed)


@transaction.atomic
def claim_for_batch(*, run_id: int, lease_token: uuid.UUID, most: int) -> Claim:
    """Lease attempts of a run whose calls go out in batches. Those whose answers have come, and are paid for, come
    first; then new ones, as far as the budget covers them beside all that are leased, at the provider too."""
    run = lock_run(run_id)
    if run.state not in Run.ACTIVE_STATES or pause_if_spent(run):
        return NOTHING
    if attempts := _lease_answered(run, lease_token, most):
        _note_claim(run, attempts)
        return Claim(attempts, most)
    if is_held(*lock_gate(run.sampler)):
        return NOTHING
    held = Attempt.objects.filter(run=run, state=Attempt.State.LEASED).count()
    attempts = _lease_affordable(run, lease_token, most, held)
    return NOTHING if run.state == Run.State.PAUSED else Claim(attempts, most)


def _lease_answered(run: Run, lease_token: uuid.UUID, most: int) -> list[Attempt]:
    """Lease attempts whose answers came in a batch."""
    if not ProviderBatch.objects.filter(run=run, state=ProviderBatch.State.FETCHED).exists():
        return []
    answered = BatchItem.objects.filter(attempt=OuterRef("pk"), state=BatchItem.State.ANSWERED)
    return _lease(run, lease_token, most, Q(Exists(answered)))


def _lease_affordable(run: Run, lease_token: uuid.UUID, wanted: int, of_run: int) -> list[Attempt]:
    """Lease as many attempts as are wanted and can be paid for beside the `of_run` that are in flight. Where not even
    one can, and none is in flight, the run pauses."""
    most = cache(partial(reservation_of, run))  # reads the newest samples: once, and only where something limits them
    payable, lack = affordable(run, of_run, most)
    if payable is not None:
        if _is_judging(run):
            return []  # what the judge of its steps takes is not known before its answers are there
        wanted = min(wanted, payable)
        if payable == 0 and of_run == 0 and Attempt.objects.filter(run=run, state=Attempt.State.PENDING).exists():
            _pause(run, lack)
            return []
    if wanted > 0:
        today = _today(run, most, is_idle=of_run == 0)
        wanted = wanted if today.calls is None else min(wanted, today.calls)
    if run.state == Run.State.PAUSED:
        return []
    attempts = _lease(run, lease_token, wanted) if wanted > 0 else []
    _note_claim(run, attempts)
    return attempts


def _is_judging(run: Run) -> bool:
    return run.lease_token is not None and Run.objects.filter(pk=run.pk, lease_expires_at__gt=Now()).exists()


def _note_claim(run: Run, attempts: Sequence[Attempt]) -> None:
    """The first claim starts the run; every one answers its bell."""
    if run.state == Run.State.QUEUED and attempts:
        run.state, run.started_at = Run.State.RUNNING, run.started_at or database_now()
    run.rung_at = Now()
    run.save(update_fields=["state", "started_at", "rung_at"])


def _today(run: Run, most: Callable[[], Reservation], *, is_idle: bool) -> Room:
    """How many more attempts daily limits pay for. Where none, the run pauses once it has nothing in flight, until a
    limit allows it again."""
    payer = Payer("run", run.pk, run.sampler_id, run.created_by_id)
    if not has_limits(payer=payer):
        return FREE
    each = most().cost
    room = room_for_attempts(payer=payer, each=each)
    pending = Attempt.objects.filter(run=run, state=Attempt.State.PENDING)
    if room.calls == 0 and is_idle and each is not None and pending.exists():
        wait_for_room(payer=payer, cost=each, reason=room.lack)
        _pause(run, room.lack)
    return room


def others_wait(*, run_id: int) -> bool:
    """Whether work of another kind or run waits for a worker: traces to verify, or a run that nobody is at."""
    waited = Now() - WAITED
    if PendingVerification.objects.filter(lease_expires_at__isnull=True, created_at__lt=waited).exists():
        return True
    attempts = Attempt.objects.filter(run=OuterRef("pk"))
    pending, leased = (attempts.filter(state=state) for state in (Attempt.State.PENDING, Attempt.State.LEASED))
    others = Run.objects.filter(state__in=Run.ACTIVE_STATES).exclude(pk=run_id)
    return others.filter(Exists(pending), ~Exists(leased)).exists()


def _pause(run: Run, reason: str) -> None:
    run.state, run.state_reason = Run.State.PAUSED, reason
    run.save(update_fields=["state", "state_reason"])
    audit_run(None, "paused", run, {"reason": reason})
    tell_parent(run)


_LEASE = """
UPDATE trajectories_attempt SET state = %s, lease_token = %s, lease_expires_at = statement_timestamp() + %s,
    claims = claims + 1
WHERE id = ANY(%s) RETURNING *
"""


def _lease(run: Run, lease_token: uuid.UUID, wanted: int, which: Q | None = None) -> list[Attempt]:
    """Lease the first pending attempts, of `which` where that is given; those that share a prompt together."""
    pending = Attempt.objects.filter(run=run, state=Attempt.State.PENDING).order_by("id")
    pending = pending if which is None else pending.filter(which)
    if maker_of(run.pk, run.seed).plan.settings.get("memory"):
        pending = pending.filter(~Exists(_still_before()))
    columns = ("problem_id", "instruction_id", "temperature", "ordinal", "pk")
    locked = pending.select_for_update(skip_locked=True, no_key=True).values_list(*columns)
    looked_at = max(wanted, min(WINDOW * wanted, MOST_IN_WINDOW))
    ids = [row[-1] for row in sorted(locked[:looked_at])[:wanted]]
    if not ids:
        return []
    leased = Attempt.objects.raw(_LEASE, [Attempt.State.LEASED.value, lease_token, lease_time(), ids])
    found = {attempt.pk: attempt for attempt in leased}
    attempts = [found[key] for key in ids]
    # Most share a problem, whose tasks are long: each is read once and not once an attempt.
    prefetch_related_objects(attempts, "problem", "instruction")
    for attempt in attempts:
        attempt.run = run
    return attempts


def _still_before() -> QuerySet[Attempt]:
    """Earlier episodes of the same sample that have not ended: with a memory of them one waits for the one before."""
    same = {name: OuterRef(name) for name in ("run", "instruction", "temperature", "ordinal")}
    unended = (Attempt.State.PENDING, Attempt.State.LEASED)
    return Attempt.objects.filter(**same, pk__lt=OuterRef("pk"), state__in=unended)
