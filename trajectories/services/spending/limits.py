"""Setting and lifting daily limits."""

from decimal import Decimal

from django.contrib.auth.models import User
from django.db import transaction

from trajectories.core.faults import Fault
from trajectories.models import AuditEvent, Sampler, SpendLimit
from trajectories.services.jobs.ringers import ring

MOST = Decimal(10) ** 7


@transaction.atomic
def set_limit(
    *, actor: User | None, amount: Decimal, scope: str, sampler_name: str = "", person: User | None = None
) -> SpendLimit:
    """Set how much a day may take of everything, of a sampler or of a person's jobs, in place of what was set before.

    Jobs that waited for the limit go on where they now fit. Raises Fault, with its field, for what is no limit.
    """
    if not Decimal(0) <= amount <= MOST:
        raise Fault(f"Found a limit of {amount}; expected 0 to {MOST:,}.", field="amount")
    if scope == SpendLimit.Scope.SAMPLER and not Sampler.objects.filter(name=sampler_name).exists():
        raise Fault(f"Found no sampler {sampler_name!r}; expected the name of one.", field="sampler_name")
    if scope == SpendLimit.Scope.PERSON and person is None:
        raise Fault("Found nobody; expected whose jobs the limit is for.", field="person")
    limit, _ = SpendLimit.objects.update_or_create(
        scope=scope,
        sampler_name=sampler_name if scope == SpendLimit.Scope.SAMPLER else "",
        person=person if scope == SpendLimit.Scope.PERSON else None,
        defaults={"amount": amount},
        create_defaults={"amount": amount, "created_by": actor},
    )
    _audit(actor, "spend_limit.set", limit)
    ring("spending")
    return limit


@transaction.atomic
def lift_limit(*, actor: User | None, limit_id: int) -> None:
    """Take a limit away; nothing happens where there is none. Jobs that waited for it go on."""
    limit = SpendLimit.objects.select_for_update().filter(pk=limit_id).first()
    if limit is None:
        return
    _audit(actor, "spend_limit.lifted", limit)
    limit.delete()
    ring("spending")


def _audit(actor: User | None, verb: str, limit: SpendLimit) -> None:
    told = {"amount": str(limit.amount), "subject": limit.subject}
    AuditEvent.objects.create(actor=actor, verb=verb, object_type="spendlimit", object_id=limit.pk, data=told)
