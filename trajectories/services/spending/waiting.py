"""Jobs that a daily limit has paused: remembering them, and finding those that may go on."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import BooleanField, ExpressionWrapper, Model, Q
from django.db.models.functions import Now

from trajectories.models import JOB_KINDS, Run, SpendHold, SpendWait
from trajectories.models.job_kinds import CANCELLED, PAUSED
from trajectories.selectors.spending import STEP_JUDGE, in_flight, limits_for, spent_today
from trajectories.services.spending.ledger import Payer

STALE = timedelta(minutes=10)
"""A job that is not paused for its limit's reason so long after it was written down has gone on, or ended."""

ENDED = (CANCELLED, "finished", "failed")


Taken = tuple[str, int]
"""A limit by its scope and id: that of all projects has its id from another table."""


def wait_for_room(*, payer: Payer, cost: Decimal, reason: str) -> None:
    """Write down that a job is about to be paused with this reason, and goes on once a call of this cost fits."""
    SpendWait.objects.update_or_create(
        kind=payer.kind,
        job_id=payer.job_id,
        defaults={
            "sampler_id": payer.sampler_id,
            "person_id": payer.person_id,
            "cost": cost,
            "reason": reason,
            "created_at": Now(),
        },
    )


@transaction.atomic
def jobs_to_resume() -> list[tuple[str, int]]:
    """(kind, id) of the waiting jobs that fit into their limits now, longest waiting first; they wait no more.

    A job that somebody has paused themselves, or ended, is forgotten.
    """
    taken: dict[Taken, Decimal] = {}
    found = []
    waits = SpendWait.objects.select_for_update(of=("self",), skip_locked=True).select_related("sampler")
    for wait in waits.annotate(is_stale=_older()).order_by("created_at", "pk"):
        job = JOB_KINDS[wait.kind].model._default_manager.filter(pk=wait.job_id).values("state", "state_reason").first()
        if job is None or job["state"] in ENDED:
            wait.delete()
        elif (job["state"], job["state_reason"]) != (PAUSED, wait.reason):
            if wait.is_stale:
                wait.delete()
        elif _fits(wait, taken):
            found.append((wait.kind, wait.job_id))
            wait.delete()
    return found


def _older() -> Any:
    return ExpressionWrapper(Q(created_at__lt=Now() - STALE), output_field=BooleanField())


def _fits(wait: SpendWait, taken: dict[Taken, Decimal]) -> bool:
    """Whether a call fits into what is left beside those that were let through before; counts it where it does."""
    limits = limits_for(sampler_name=wait.sampler.name, person_id=wait.person_id)
    for limit in limits:
        used = spent_today(limit) + in_flight(limit) + taken.get((limit.scope, limit.pk), Decimal(0))
        if used + wait.cost > limit.amount:
            return False
    for limit in limits:
        key = (limit.scope, limit.pk)
        taken[key] = taken.get(key, Decimal(0)) + wait.cost
    return True


def drop_holds() -> None:
    """Forget what was held for jobs that have ended."""
    models: dict[str, type[Model]] = {**{kind: reading.model for kind, reading in JOB_KINDS.items()}, STEP_JUDGE: Run}
    for kind, model in models.items():
        ids = list(SpendHold.objects.filter(kind=kind).values_list("job_id", flat=True))
        if ids:
            ended = model._default_manager.filter(pk__in=ids, state__in=ENDED).values_list("pk", flat=True)
            SpendHold.objects.filter(kind=kind, job_id__in=list(ended)).delete()
