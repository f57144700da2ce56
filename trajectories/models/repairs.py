"""Repairs: traces that people have edited, and that they take them back."""

from django.conf import settings
from django.db import models

from trajectories.models.traces import Trace


class Repair(models.Model):
    """Append-only: a person's edit of one trace, the original, which made another one. `key` makes a repeated
    submission the same repair; `changed` names what was edited: "thoughts", "answer", "program".
    """

    trace = models.OneToOneField(Trace, on_delete=models.PROTECT, related_name="repair")
    original = models.ForeignKey(Trace, on_delete=models.PROTECT, related_name="repairs")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="repairs")
    changed = models.JSONField(default=list)
    note = models.TextField(blank=True)
    key = models.UUIDField(unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"trace {self.trace_id}, a repair of trace {self.original_id}"


class RepairWithdrawal(models.Model):
    """Append-only: a repair that was taken back. Its trace stays, and is in no list and no release any more."""

    repair = models.OneToOneField(Repair, on_delete=models.PROTECT, related_name="withdrawal")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"withdrawal of {self.repair}"
