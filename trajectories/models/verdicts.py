"""Verdicts: what verifiers found."""

from django.db import models
from django.db.models import F, Q

from trajectories.core.records import Outcome
from trajectories.models.judging import JudgeJob
from trajectories.models.reverifications import Reverification
from trajectories.models.traces import Trace


class Verdict(models.Model):
    """Append-only. An error is never a score of zero; `score` in [0, 1] only where one was earned.

    Of the verdicts of a verifier on a trace the newest counts. `revision` numbers those of one version from 0:
    verifying again adds one only where it differs. `previous_outcome` is the outcome of the verdict before, "" for the
    first. `is_newest` is kept by the database: a verdict that is inserted takes it off the one before, and of each
    verifier on a trace one has it.
    """

    trace = models.ForeignKey(Trace, on_delete=models.CASCADE, related_name="verdicts", db_index=False)
    verifier = models.CharField(max_length=40)
    version = models.PositiveIntegerField()
    revision = models.PositiveSmallIntegerField(default=0)
    outcome = models.CharField(max_length=10, choices=[(outcome.value, outcome.value) for outcome in Outcome])
    score = models.FloatField(null=True)
    message = models.TextField(blank=True)
    evidence = models.JSONField(default=dict)
    seconds = models.FloatField(default=0.0)
    engine = models.CharField(max_length=120, blank=True)
    previous_outcome = models.CharField(max_length=10, blank=True)
    reverification = models.ForeignKey(Reverification, null=True, on_delete=models.PROTECT, related_name="verdicts")
    judge_job = models.ForeignKey(JudgeJob, null=True, on_delete=models.PROTECT, related_name="verdicts")
    created_at = models.DateTimeField(auto_now_add=True)
    is_newest = models.BooleanField(default=True, db_default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["trace", "verifier", "version", "revision"], name="verdict_once"),
            # Release rules read the newest verdict of a verifier from this alone, in several processes.
            models.UniqueConstraint(
                fields=["verifier", "trace"],
                include=["outcome", "score"],
                name="verdict_newest",
                condition=Q(is_newest=True),
            ),
        ]
        indexes = [
            models.Index(
                fields=["-id"],
                name="verdict_changed",
                condition=~Q(previous_outcome="") & ~Q(previous_outcome=F("outcome")),
            ),
            # Lists of traces by the verdict of one verifier.
            models.Index(fields=["verifier", "outcome", "trace"], name="verdict_by_outcome"),
        ]

    def __str__(self) -> str:
        return f"{self.verifier} on trace {self.trace_id}: {self.outcome}"
