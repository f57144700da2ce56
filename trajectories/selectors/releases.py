"""Reading releases: lists, and what is on its way."""

from trajectories.models import Freezing, Release

FREEZINGS_SHOWN = 20


def list_releases(*, before: int | None = None, size: int) -> list[Release]:
    """Releases, newest first, with who made them and their exports."""
    releases = Release.objects.select_related("created_by").prefetch_related("exports", "tags").order_by("-pk")
    return list((releases if before is None else releases.filter(pk__lt=before))[:size])


def list_active_freezings() -> list[Freezing]:
    """The releases on their way, oldest first."""
    active = Freezing.objects.filter(state__in=Freezing.ACTIVE_STATES).select_related("created_by")
    return list(active.order_by("pk")[:FREEZINGS_SHOWN])
