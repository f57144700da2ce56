"""Reviews: what people said."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from trajectories.core.curation.reviews import Decision
from trajectories.core.curation.suggestions import Use
from trajectories.models.adjudications import ReviewVoid
from trajectories.models.queues import Queue, QueueGuidelines
from trajectories.models.traces import Trace

SEE_REVIEWS = "trajectories.see_reviews"
"""The permission to see everybody's decisions at any time; see selectors.blinding."""


class Review(models.Model):
    """An append-only event. A change of mind is a new review that supersedes; undo is a `withdraw` that supersedes.

    A reviewer's standing review of a trace is the one that nothing supersedes, unless it is a withdrawal. `key` makes a
    repeated submission the same review. A review given in a queue names it and the version of its guidelines; `scores`
    are its further scores by name, 1 to 5 each, and `tags` a list of its tags.

    A lead can void somebody's reviews: each is superseded by a withdrawal that names the `void`. Where that is undone,
    a copy supersedes the withdrawal; `decided_at` is then when its reviewer had decided, null in all other reviews.

    `suggestion` is what was suggested, the stored form of core's Suggestion, and `suggestion_use` what became of it:
    the decision is the reviewer's in each case.
    """

    # Its reviews are found by review_of_trace.
    trace = models.ForeignKey(Trace, on_delete=models.PROTECT, related_name="reviews", db_index=False)
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="reviews")
    decision = models.CharField(max_length=10, choices=[(each.value, each.value.title()) for each in Decision])
    score = models.PositiveSmallIntegerField(null=True, blank=True)
    reason = models.CharField(max_length=40, blank=True)
    comment = models.TextField(blank=True)
    step_labels = models.JSONField(default=dict)
    # The place of each labelled step in the trace's text, [start, end] by the same index: labels hang on the text, and
    # stay where they are when it is cut into other steps. A step that stands nowhere in the text has none.
    step_spans = models.JSONField(default=dict)
    # How the trace was cut into the steps that the labels count; empty for the steps that it was stored with.
    segmentation = models.CharField(max_length=30, blank=True, default="", db_default="")
    supersedes = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="superseded_by")
    key = models.UUIDField(unique=True)
    seconds = models.FloatField(null=True)
    queue = models.ForeignKey(Queue, null=True, on_delete=models.PROTECT, related_name="reviews", db_index=False)
    guidelines = models.ForeignKey(
        QueueGuidelines, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    scores = models.JSONField(default=dict)
    tags = models.JSONField(default=list)
    void = models.ForeignKey(ReviewVoid, null=True, on_delete=models.PROTECT, related_name="reviews", db_index=False)
    decided_at = models.DateTimeField(null=True)
    suggestion = models.JSONField(null=True)
    suggestion_use = models.CharField(
        max_length=10, choices=[(use.value, use.value) for use in Use], blank=True, default="", db_default=""
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(score__isnull=True) | Q(score__range=(1, 5)), name="review_score_1_to_5"
            ),
            models.UniqueConstraint(
                fields=["trace", "reviewer"], condition=Q(supersedes__isnull=True), name="review_first_once"
            ),
        ]
        indexes = [
            models.Index(fields=["reviewer", "-id"], name="review_by_reviewer"),
            # With what release rules count and average of all that people said.
            models.Index(fields=["trace", "id"], include=["decision", "score", "reviewer"], name="review_of_trace"),
            models.Index(fields=["queue", "id"], name="review_by_queue", condition=Q(queue__isnull=False)),
            models.Index(fields=["void", "id"], name="review_by_void", condition=Q(void__isnull=False)),
        ]
        permissions = [("see_reviews", "Can see other people's reviews before their own")]

    def __str__(self) -> str:
        return f"{self.decision} of trace {self.trace_id}"
