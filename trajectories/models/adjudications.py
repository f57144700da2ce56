"""Adjudications: what a lead decides finally, and whose reviews count for nothing."""

from django.conf import settings
from django.db import models

from trajectories.core.curation.adjudications import FinalDecision
from trajectories.models.queues import Queue
from trajectories.models.traces import Trace


class Adjudication(models.Model):
    """An append-only event: the final decision on a trace, which outweighs all reviews until another supersedes it.

    Reopening is an event too; after it the reviews decide again. `last_review` is the newest review of the trace at
    that time, 0 for none. `key` makes a repeated submission the same event.
    """

    trace = models.ForeignKey(Trace, on_delete=models.PROTECT, related_name="adjudications")
    adjudicator = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    decision = models.CharField(max_length=10, choices=[(word.value, word.value.title()) for word in FinalDecision])
    reason = models.CharField(max_length=40, blank=True)
    comment = models.TextField(blank=True)
    last_review = models.BigIntegerField(default=0)
    supersedes = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="superseded_by")
    key = models.UUIDField(unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["trace"], condition=models.Q(supersedes__isnull=True), name="adjudication_first_once"
            )
        ]
        permissions = [("see_quality", "Can see how far reviewers agree and how reliable each is")]

    def __str__(self) -> str:
        return f"final {self.decision} of trace {self.trace_id}"


class ReviewVoid(models.Model):
    """An append-only event: the decisions of one person from `since` on count for nothing, or count again.

    It is carried out by reviews that supersede those decisions, see Review.void. An event that takes another one back
    `undoes` it. `review_count` is how many reviews it superseded. Where it names a `queue`, only what was decided
    there is meant.
    """

    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    since = models.DateTimeField()
    queue = models.ForeignKey(Queue, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    reason = models.TextField(blank=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    review_count = models.PositiveIntegerField(default=0)
    undoes = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="undone_by")
    key = models.UUIDField(unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["reviewer", "-id"], name="review_void_by_reviewer")]

    def __str__(self) -> str:
        return f"{'restored' if self.undoes_id else 'voided'} reviews of {self.reviewer} since {self.since:%Y-%m-%d}"
