"""Who reviews which trace of a queue: items, their assignments, and what was skipped or flagged."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from trajectories.core.curation.reviews import Decision
from trajectories.models.adjudications import ReviewVoid
from trajectories.models.queues import Queue
from trajectories.models.reviews import Review
from trajectories.models.traces import Trace

DECISIONS = [(word.value, word.value.title()) for word in (Decision.ACCEPT, Decision.REJECT)]


class QueueItem(models.Model):
    """A trace in a queue: `quota` people review it, `done_count` of them have. `rank` is its place in the order.

    A gold item has a known decision instead, with the reason for it and, for training, `known_why` in words. It has no
    quota: everybody gets it, and what they answer is compared and never becomes a review of the trace.
    """

    queue = models.ForeignKey(Queue, on_delete=models.PROTECT, related_name="items", db_index=False)
    trace = models.ForeignKey(Trace, on_delete=models.PROTECT, related_name="queue_items")
    rank = models.FloatField(default=0.0)
    quota = models.PositiveSmallIntegerField(default=1)
    done_count = models.PositiveSmallIntegerField(default=0)
    is_gold = models.BooleanField(default=False)
    is_training = models.BooleanField(default=False)
    known_decision = models.CharField(max_length=10, blank=True, choices=DECISIONS)
    known_reason = models.CharField(max_length=40, blank=True)
    known_why = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["queue", "trace"], name="queue_item_once"),
            models.CheckConstraint(
                condition=Q(is_gold=False, known_decision="", is_training=False)
                | (Q(is_gold=True) & ~Q(known_decision="")),
                name="queue_item_gold_is_known",
            ),
            models.CheckConstraint(
                condition=Q(is_gold=True) | Q(done_count__lte=models.F("quota")), name="queue_item_within_quota"
            ),
        ]
        indexes = [models.Index(fields=["queue", "rank", "id"], name="queue_item_gold", condition=Q(is_gold=True))]

    def __str__(self) -> str:
        return f"trace {self.trace_id} in queue {self.queue_id}"


class Assignment(models.Model):
    """One of the reviews that an item needs, from the moment it is wanted until somebody has given it.

    An item has as many rows as its quota, so that no more than these can be given; one of a gold item is made as it is
    handed out. `token` names a lease to the page; the page renews it as long as it is open, and after `expires_at` the
    row is as good as open. `rank` and `is_gold` are the item's. `answer` and `is_right` are those of gold items; other
    answers are the `review`. `decided_at` stays where a decision is taken back. `void` is the event that took the last
    review away with which the row was done: where that event is undone, the row is done again if it is free.

    `suggestion` is the stored form of core's Suggestion as it was when the item was handed out; where it `is_control`
    it stays hidden. Only `meant_for`, where a lead has said so, is handed the row.
    """

    class State(models.TextChoices):
        """How far it is."""

        OPEN = "open", "open"
        LEASED = "leased", "on somebody's screen"
        DONE = "done", "done"

    queue = models.ForeignKey(Queue, on_delete=models.PROTECT, related_name="assignments", db_index=False)
    item = models.ForeignKey(QueueItem, on_delete=models.PROTECT, related_name="assignments", db_index=False)
    number = models.PositiveIntegerField()
    rank = models.FloatField(default=0.0)
    is_gold = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="assignments", db_index=False
    )
    token = models.UUIDField(null=True)
    expires_at = models.DateTimeField(null=True)
    handed_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)
    review = models.ForeignKey(Review, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    answer = models.JSONField(null=True)
    answer_key = models.UUIDField(null=True)
    is_right = models.BooleanField(null=True)
    seconds = models.FloatField(null=True)
    void = models.ForeignKey(ReviewVoid, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    suggestion = models.JSONField(null=True)
    is_control = models.BooleanField(default=False, db_default=False)
    meant_for = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["item", "number"], name="assignment_number_once"),
            models.UniqueConstraint(
                fields=["item", "reviewer"], condition=Q(reviewer__isnull=False), name="assignment_reviewer_once"
            ),
            models.CheckConstraint(
                condition=Q(state="open", reviewer__isnull=True)
                | Q(state="leased", reviewer__isnull=False, token__isnull=False, expires_at__isnull=False)
                | Q(state="done", reviewer__isnull=False, decided_at__isnull=False),
                name="assignment_state_is_whole",
            ),
        ]
        indexes = [
            models.Index(
                fields=["queue", "rank", "id"], name="assignment_waiting", condition=~Q(state="done") & Q(is_gold=False)
            ),
            models.Index(fields=["reviewer", "queue"], name="assignment_leased", condition=Q(state="leased")),
            models.Index(
                fields=["meant_for", "queue"],
                name="assignment_meant",
                condition=Q(meant_for__isnull=False) & ~Q(state="done"),
            ),
            models.Index(
                fields=["queue", "reviewer", "-decided_at"],
                name="assignment_decided",
                condition=Q(decided_at__isnull=False),
            ),
            models.Index(fields=["void", "id"], name="assignment_by_void", condition=Q(void__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"review {self.number} of item {self.item_id}"


class QueueSkip(models.Model):
    """Somebody passed an item over: they get it again only where they ask for what they skipped."""

    item = models.ForeignKey(QueueItem, on_delete=models.PROTECT, related_name="skips", db_index=False)
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["item", "reviewer"], name="queue_skip_once")]

    def __str__(self) -> str:
        return f"skip of item {self.item_id}"


class QueueFlag(models.Model):
    """A question about an item that a reviewer puts to the lead, until it is settled."""

    item = models.ForeignKey(QueueItem, on_delete=models.PROTECT, related_name="flags")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    note = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)
    settled_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["id"], name="queue_flag_open", condition=Q(settled_at__isnull=True))]
        constraints = [
            models.UniqueConstraint(
                fields=["item", "reviewer"], condition=Q(settled_at__isnull=True), name="queue_flag_open_once"
            )
        ]

    def __str__(self) -> str:
        return f"flag on item {self.item_id}"
