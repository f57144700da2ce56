"""Reading what leads voided of somebody's reviews, and restored."""

from django.contrib.auth.models import User
from django.db.models import QuerySet

from trajectories.models import ReviewVoid

SHOWN = 50


def voids_of(reviewer: User) -> QuerySet[ReviewVoid]:
    """Events about a person's reviews, with who did it and whether it was taken back."""
    related = ("reviewer", "actor", "undone_by", "undoes", "queue")
    return ReviewVoid.objects.filter(reviewer=reviewer).select_related(*related)


def list_voids(reviewer: User) -> list[ReviewVoid]:
    """The newest events about a person's reviews, newest first."""
    return list(voids_of(reviewer).order_by("-pk")[:SHOWN])
