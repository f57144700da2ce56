"""Jobs that judge traces again."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class Reverification(models.Model):
    """Judging a selection of traces again, by verifiers of their present version and the present sandbox.

    `scope` is the selection as its query string; traces are taken in order of id up to `last_id`, the newest there was
    when it was asked for, and `cursor` is the last one done. One worker at a time holds the lease; `claims` counts how
    often the trace after the cursor was begun.
    """

    class State(models.TextChoices):
        """queued -> running -> finished | cancelled."""

        QUEUED = "queued"
        RUNNING = "running"
        FINISHED = "finished"
        CANCELLED = "cancelled"

    ACTIVE_STATES = (State.QUEUED, State.RUNNING)

    scope = models.CharField(max_length=400, blank=True)
    verifiers = models.JSONField(default=list)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    cursor = models.BigIntegerField(default=0)
    last_id = models.BigIntegerField()
    total_count = models.PositiveIntegerField()
    done_count = models.PositiveIntegerField(default=0)
    written_count = models.PositiveIntegerField(default=0)
    changed_count = models.PositiveIntegerField(default=0)
    claims = models.PositiveSmallIntegerField(default=0)
    lease_token = models.UUIDField(null=True)
    lease_expires_at = models.DateTimeField(null=True)
    rung_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"reverification {self.pk}"
