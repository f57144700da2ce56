"""The indexes by which jobs of any kind are listed together."""

from django.db import models
from django.db.models import Q

UNFINISHED = ("queued", "running", "paused")
TROUBLED = ("failed", "refused", "paused")
"""States of all kinds together; a kind need not have each of them."""


def job_indexes(name: str) -> list[models.Index]:
    """Newest first, all and those that somebody should look at, and the few that have not ended."""
    newest = ["-created_at", "-id"]
    return [
        models.Index(fields=newest, name=f"{name}_newest"),
        models.Index(fields=newest, name=f"{name}_trouble", condition=Q(state__in=TROUBLED)),
        models.Index(fields=["state"], name=f"{name}_unfinished", condition=Q(state__in=UNFINISHED)),
    ]
