"""Withdrawing traces from releases: releases that hold one stay what they are, and are superseded."""

from django.contrib.auth.models import User
from django.db import transaction

from trajectories.core.faults import Fault
from trajectories.models import AuditEvent, ReleaseItem, Tombstone, Trace
from trajectories.services.locks import take_turn

LONGEST_REASON = 400


@transaction.atomic
def withdraw_trace(*, actor: User | None, trace: Trace, reason: str) -> Tombstone:
    """Have no release take a trace any more, for ever; one that is withdrawn already keeps its first reason.

    Releases that hold it are superseded from then on: their pages, manifests and files say so. One that is being read
    at this moment may still take it, and is superseded at once. Raises Fault without a reason.
    """
    reason = reason.strip()
    if not 0 < len(reason) <= LONGEST_REASON:
        raise Fault(f"reason: found {len(reason)} characters, expected 1 to {LONGEST_REASON}.", field="reason")
    take_turn("withdraw trace", trace.pk)
    if (known := Tombstone.objects.filter(trace=trace).first()) is not None:
        return known
    made = Tombstone.objects.create(trace=trace, reason=reason, created_by=actor)
    held_by = sorted(ReleaseItem.objects.filter(trace=trace).values_list("release", flat=True))
    AuditEvent.objects.create(
        actor=actor,
        verb="trace.withdraw",
        object_type="trace",
        object_id=trace.pk,
        data={"reason": reason, "superseded": held_by},
    )
    return made
