"""Reading what leads voided of somebody's reviews, and restored."""

from django.contrib.auth.models import User

from trajectories.models import ReviewVoid

SHOWN = 50


def list_voids(reviewer: User) -> list[ReviewVoid]:
    """The newest events about a person's reviews, newest first, with who did it and whether it was taken back."""
    events = ReviewVoid.objects.filter(reviewer=reviewer).select_related("actor", "undone_by", "undoes", "queue")
    return list(events.order_by("-pk")[:SHOWN])
