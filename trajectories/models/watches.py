"""Attempts that somebody looks at while they are sampled."""

from django.db import models

from trajectories.models.runs import Attempt


class AttemptWatch(models.Model):
    """What a worker tells of an attempt that it is at, for as long as somebody looks: nobody pays for it otherwise.

    `steps` are those of the calls that have ended, as in Trace, and `take` counts the workers' sessions that told of
    the attempt: another one begins its steps anew. Of the call under way, the `calls`-th: when it was `asked_at`, null
    where none is, and the `thoughts` and the `text` that it has streamed; `revision` counts how often these did not go
    on from what they were. `told_at` is null until a worker has told anything.
    """

    attempt = models.OneToOneField(Attempt, on_delete=models.CASCADE, primary_key=True, related_name="watch")
    wanted_until = models.DateTimeField()
    take = models.PositiveIntegerField(default=0)
    steps = models.JSONField(default=list)
    calls = models.PositiveIntegerField(default=0)
    asked_at = models.DateTimeField(null=True)
    revision = models.PositiveIntegerField(default=0)
    thoughts = models.TextField(blank=True)
    text = models.TextField(blank=True)
    told_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "attempt watches"
        indexes = [
            models.Index(fields=["wanted_until"], name="attempt_watched"),
        ]

    def __str__(self) -> str:
        return f"watch of attempt {self.attempt_id}"
