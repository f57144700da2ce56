"""Reading what endpoints said when calls to them failed."""

from django.db.models import QuerySet

from trajectories.models import EndpointFault, Sampler


def newest_faults(sampler: Sampler) -> QuerySet[EndpointFault]:
    """What is kept of one version of a sampler, newest first. For admins only."""
    return EndpointFault.objects.filter(sampler=sampler).order_by("-pk")
