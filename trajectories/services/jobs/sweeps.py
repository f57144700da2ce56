"""Finding work whose bell was lost. What is found is marked as rung, so that a busy queue is not filled with bells."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now

from trajectories.models import Attempt, PendingVerification, Run

VERIFICATIONS_PER_SWEEP = 512


def patience() -> timedelta:
    """How long a bell may go unanswered before it is rung again (the BELL_SECONDS setting)."""
    return timedelta(seconds=settings.BELL_SECONDS)


def claim_lost_bells() -> list[int]:
    """Active runs with pending attempts that nobody works on and whose bell is long unanswered. Attempts that wait at a
    provider are held without an end, and nobody works on them."""
    leased = Attempt.objects.filter(run=OuterRef("pk"), state=Attempt.State.LEASED, lease_expires_at__isnull=False)
    pending = Attempt.objects.filter(run=OuterRef("pk"), state=Attempt.State.PENDING)
    silent = Run.objects.filter(state__in=Run.ACTIVE_STATES, rung_at__lt=Now() - patience())
    with transaction.atomic():
        lost = silent.filter(Exists(pending), ~Exists(leased)).select_for_update(skip_locked=True, no_key=True)
        run_ids = sorted(lost.values_list("pk", flat=True))
        Run.objects.filter(pk__in=run_ids).update(rung_at=Now())
    return run_ids


def claim_lost_verifications() -> list[int]:
    """The longest waiting traces whose verification nobody has begun, or whose verifier was lost."""
    free = Q(lease_expires_at__isnull=True) | Q(lease_expires_at__lt=Now())
    waiting = PendingVerification.objects.filter(free, rung_at__lt=Now() - patience()).order_by("rung_at", "pk")
    with transaction.atomic():
        lost = waiting.select_for_update(skip_locked=True, no_key=True)
        trace_ids = list(lost.values_list("pk", flat=True)[:VERIFICATIONS_PER_SWEEP])
        PendingVerification.objects.filter(pk__in=trace_ids).update(rung_at=Now())
    return sorted(trace_ids)


def settleable_run_ids() -> list[int]:
    """Runs that have not ended though their counters say that all is done."""
    ended = F("done_count") + F("failed_count") + F("cancelled_count")
    return list(
        Run.objects.exclude(state__in=(*Run.ENDED_STATES, Run.State.DRAFT))
        .filter(planned_count=ended, verified_count=F("done_count"))
        .values_list("pk", flat=True)
    )
