"""Keeping what endpoints said when calls to them failed, for admins."""

from django.db import transaction

from trajectories.core.text.storable import storable_text
from trajectories.models import EndpointFault, Sampler

KEPT = 20
"""So many of one version of a sampler are kept: enough to see what is wrong now."""

MAX_CHARACTERS = 2_000


@transaction.atomic
def keep_fault(*, sampler: Sampler, kind: str, detail: str) -> None:
    """Keep an endpoint's message, and drop the oldest beyond `KEPT`; an empty one is not kept."""
    if not detail:
        return
    EndpointFault.objects.create(sampler=sampler, kind=kind[:40], detail=storable_text(detail[:MAX_CHARACTERS]))
    newest = EndpointFault.objects.filter(sampler=sampler).order_by("-pk").values("pk")[:KEPT]
    EndpointFault.objects.filter(sampler=sampler).exclude(pk__in=list(newest.values_list("pk", flat=True))).delete()
