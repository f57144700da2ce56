"""Verdicts: what verifiers said."""

from django.db import models

from trajectories.core.records import Outcome
from trajectories.models.traces import Trace


class Verdict(models.Model):
    """Append-only. An error is never a score of zero; `score` in [0, 1] only where one was earned."""

    trace = models.ForeignKey(Trace, on_delete=models.CASCADE, related_name="verdicts")
    verifier = models.CharField(max_length=40)
    version = models.PositiveIntegerField()
    outcome = models.CharField(max_length=10, choices=[(outcome.value, outcome.value) for outcome in Outcome])
    score = models.FloatField(null=True)
    message = models.TextField(blank=True)
    evidence = models.JSONField(default=dict)
    seconds = models.FloatField(default=0.0)
    engine = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["trace", "verifier", "version"], name="verdict_once")]

    def __str__(self) -> str:
        return f"{self.verifier} on trace {self.trace_id}: {self.outcome}"
