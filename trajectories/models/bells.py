"""Bells that are out: messages in the queue that ask a worker to look for work."""

from django.db import models
from django.db.models.functions import Now


class Bell(models.Model):
    """One message that is in the queue, or that a worker is answering.

    A source of work has a few slots, and a slot has one bell at most: however much work there is, only so many messages
    wait. `token` is in the message; a copy of it that is heard later finds another token, or no row, and does nothing.
    """

    kind = models.CharField(max_length=20)
    # Whose work it is, by the kind: the id of a run, or 0 for traces of no run and for the words of any.
    source = models.BigIntegerField()
    slot = models.PositiveSmallIntegerField()
    token = models.UUIDField()
    rung_at = models.DateTimeField(db_default=Now())
    # While a worker answers it.
    lease_expires_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "source", "slot"], name="bell_once")]

    def __str__(self) -> str:
        return f"{self.kind} bell {self.slot} of {self.source}"
