"""Threads: what people remark about a trace, one of its steps or some of its words, and who is called by it."""

from django.conf import settings
from django.db import models

from trajectories.core.curation.spans import SPAN_FAULTS
from trajectories.models.traces import Trace


class Thread(models.Model):
    """Append-only: what a conversation is about. `step` counts from 0; `start` and `end` are the place of `quote` in
    the trace's text, in characters, whatever steps it is cut into; without a quote, that of the step. All are null, and
    `quote` is empty, for the whole trace.
    """

    trace = models.ForeignKey(Trace, on_delete=models.PROTECT, related_name="threads")
    step = models.PositiveIntegerField(null=True)
    start = models.PositiveIntegerField(null=True)
    end = models.PositiveIntegerField(null=True)
    quote = models.TextField(blank=True)
    fault = models.CharField(max_length=20, blank=True, choices=list(SPAN_FAULTS.items()))
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="threads")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"thread {self.pk} on trace {self.trace_id}"


class ThreadEvent(models.Model):
    """Append-only: something said in a thread, or that it was resolved or opened again. `key` makes a repeated
    submission the same event."""

    class Kind(models.TextChoices):
        """What happened. A thread is open until it is resolved, and again once it is reopened."""

        COMMENT = "comment"
        RESOLVE = "resolve"
        REOPEN = "reopen"

    thread = models.ForeignKey(Thread, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    body = models.TextField(blank=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    key = models.UUIDField(unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.kind} in thread {self.thread_id}"


class Mention(models.Model):
    """Somebody who is called with @ in a thread; `read_at` is when they said that they have read it."""

    event = models.ForeignKey(ThreadEvent, on_delete=models.CASCADE, related_name="mentions")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    read_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["event", "person"], name="mention_once")]
        indexes = [
            models.Index(fields=["person", "-id"], name="mention_unread", condition=models.Q(read_at__isnull=True))
        ]

    def __str__(self) -> str:
        return f"{self.person} in event {self.event_id}"
