"""Setting and lifting daily limits."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction

from trajectories.adapters.acting import FIRST, acting_in, acting_project
from trajectories.core.faults import Fault
from trajectories.models import AuditEvent, Sampler, SpendLimit
from trajectories.services.jobs.ringers import ring

MOST = Decimal(10) ** 7


@transaction.atomic
def set_limit(
    *, actor: User | None, amount: Decimal, scope: str, sampler_name: str = "", person: User | None = None
) -> SpendLimit:
    """Set how much a day may take of everything, of a sampler or of a person's jobs, in place of what was set before.

    Jobs that waited for the limit go on where they now fit. Raises Fault, with its field, for what is no limit, and
    PermissionDenied where somebody else than a superuser sets a ceiling.
    """
    if not Decimal(0) <= amount <= MOST:
        raise Fault(f"Found a limit of {amount}; expected 0 to {MOST:,}.", field="amount")
    if scope == SpendLimit.Scope.SAMPLER and not Sampler.objects.filter(name=sampler_name).exists():
        raise Fault(f"Found no sampler {sampler_name!r}; expected the name of one.", field="sampler_name")
    if scope == SpendLimit.Scope.PERSON and person is None:
        raise Fault("Found nobody; expected whose jobs the limit is for.", field="person")
    with _kept(SpendLimit(scope=scope), actor):
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
def lift_limit(*, actor: User | None, limit_id: int, of_all_projects: bool = False) -> None:
    """Take a limit away; nothing happens where there is none. Jobs that waited for it go on.

    `of_all_projects` says that the id is the one of that limit. Raises PermissionDenied where somebody else than a
    superuser lifts a ceiling.
    """
    with acting_in(FIRST if of_all_projects else acting_project()):
        limit = SpendLimit.objects.select_for_update().filter(pk=limit_id).first()
        if limit is None or limit.is_together != of_all_projects:
            return
        with _kept(limit, actor):
            _audit(actor, "spend_limit.lifted", limit)
            limit.delete()
    ring("spending")


@contextmanager
def _kept(limit: SpendLimit, actor: User | None) -> Iterator[None]:
    """Act in the project that keeps a limit. Raises PermissionDenied for who may not change it."""
    if limit.is_ceiling and actor is not None and not actor.is_superuser:
        raise PermissionDenied("Ceilings of spending are set and lifted by superusers.")
    with acting_in(FIRST if limit.is_together else acting_project()):
        yield


def _audit(actor: User | None, verb: str, limit: SpendLimit) -> None:
    told = {"amount": str(limit.amount), "subject": limit.subject}
    AuditEvent.objects.create(actor=actor, verb=verb, object_type="spendlimit", object_id=limit.pk, data=told)
