"""Curation queues: which traces wait for whose review, and by what rules."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from trajectories.core.curation.schemas import Blinding, DecisionSchema
from trajectories.core.curation.suggestions import Source
from trajectories.core.selections import Selection
from trajectories.core.verifiers.opinions import LONGEST_SCORER_NAME
from trajectories.models.titles import TitleField


class Queue(models.Model):
    """Traces that people review by one set of rules.

    `selection`, `schema` and `blinding` are the stored forms of core's Selection, DecisionSchema and Blinding. A trace
    gets `reviews_each` reviews, and `doubled_percent` of the traces twice as many. `seed` draws these and the random
    order; `scorer_name` names the scorer that an order and suggestions by a scorer go by. `suggestions` says where
    pre-filled decisions come from. Of every `gold_every` decisions of a person one is about a gold item (0: none); with
    `has_training` everybody reviews the training items first. A live queue takes up traces that come to match the
    selection later. In a queue `by_problem` all samples of a problem are handed out, decided on and taken back
    together.

    Traces up to the id `last_trace` are taken up (null: all there are), which has been done while `is_filling` is
    false. `segmentation` names how the traces are cut into steps here, empty for how each is cut elsewhere. `marks` are
    the newest rows on which the selection depends, as they were found at `marked_at`. `item_count` and `review_count`
    are kept: the traces in it, gold aside, and the reviews that they need together. `done_told` is how many it needed
    when webhooks were last told that all are there (0: never).
    """

    class State(models.TextChoices):
        """Whether anything is handed out."""

        OPEN = "open", "open"
        PAUSED = "paused", "paused"
        CLOSED = "closed", "closed"

    class Order(models.TextChoices):
        """Which trace comes first."""

        RANDOM = "random", "Random, for each reviewer another"
        NEWEST = "newest", "Newest first"
        PROBLEM = "problem", "Grouped by problem"
        UNCERTAIN = "uncertain", "Split votes first"
        DISAGREEMENT = "disagreement", "Decided differently first"
        CONFLICT = "conflict", "Conflicting verdicts first"
        UNSURE = "unsure", "By a scorer: unsure first"
        UNLIKELY = "unlikely", "By a scorer: least likely right first"
        LIKELY = "likely", "By a scorer: most likely right first"

    BY_SCORER = (Order.UNSURE, Order.UNLIKELY, Order.LIKELY)
    TELLING_ORDERS = (Order.UNLIKELY, Order.LIKELY)
    """Orders in which the place of an item tells what the scorer says of it."""

    class Suggests(models.TextChoices):
        """Where suggested decisions come from."""

        NONE = Source.NONE.value, "None"
        VERDICTS = Source.VERDICTS.value, "By verdicts: right is to be accepted, wrong to be rejected"
        JUDGE = Source.JUDGE.value, "By a model judge: what its newest verdict says"
        STEPS = Source.STEPS.value, "By a model judge of steps: its labels, and whether a step is wrong"
        SCORER = Source.SCORER.value, "By a scorer: where it is sure"

    title = TitleField()
    selection = models.JSONField()
    is_live = models.BooleanField(default=False)
    schema = models.JSONField(default=dict)
    blinding = models.JSONField(default=dict)
    item_order = models.CharField(max_length=20, choices=Order.choices, default=Order.RANDOM)
    scorer_name = models.SlugField(
        max_length=LONGEST_SCORER_NAME, blank=True, default="", db_default="", db_index=False
    )
    by_problem = models.BooleanField(default=False)
    reviews_each = models.PositiveSmallIntegerField(default=1)
    doubled_percent = models.PositiveSmallIntegerField(default=0)
    suggestions = models.CharField(max_length=10, choices=Suggests.choices, blank=True, default="", db_default="")
    segmentation = models.CharField(max_length=30, blank=True, default="", db_default="")
    gold_every = models.PositiveSmallIntegerField(default=0)
    has_training = models.BooleanField(default=False)
    seed = models.BigIntegerField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    due_on = models.DateField(null=True)
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="queues", blank=True)
    last_trace = models.BigIntegerField(null=True)
    is_filling = models.BooleanField(default=True)
    marks = models.JSONField(default=dict)
    marked_at = models.DateTimeField(db_default=Now())
    item_count = models.PositiveIntegerField(default=0)
    review_count = models.PositiveIntegerField(default=0)
    done_told = models.PositiveIntegerField(default=0, db_default=0)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        permissions = [("control_queue", "Can pause, close and change queues and see who works on them")]
        constraints = [
            models.CheckConstraint(condition=Q(reviews_each__range=(1, 20)), name="queue_reviews_each_1_to_20"),
            models.CheckConstraint(condition=Q(doubled_percent__range=(0, 100)), name="queue_doubled_percent"),
        ]
        indexes = [
            models.Index(fields=["id"], name="queue_filling", condition=Q(is_filling=True) | Q(is_live=True)),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def rule(self) -> Selection:
        """Which traces belong to it."""
        return Selection.from_json(self.selection)

    @property
    def asks(self) -> DecisionSchema:
        """What is asked about each trace."""
        return DecisionSchema.from_json(self.schema)

    @property
    def hides(self) -> Blinding:
        """What stays hidden from who reviews."""
        return Blinding.from_json(self.blinding)


class QueueGuidelines(models.Model):
    """One version of what the reviewers of a queue go by, in Markdown; editing makes a new version."""

    queue = models.ForeignKey(Queue, on_delete=models.PROTECT, related_name="guidelines")
    version = models.PositiveIntegerField(default=1)
    text = models.TextField(blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "queue guidelines"
        constraints = [models.UniqueConstraint(fields=["queue", "version"], name="queue_guidelines_version_once")]

    def __str__(self) -> str:
        return f"guidelines of {self.queue_id} (version {self.version})"


class QueueWork(models.Model):
    """What one person has done in one queue, kept: decisions that stand, seconds spent on them, and gold items.

    `trained_at` is when they finished the training round.
    """

    queue = models.ForeignKey(Queue, on_delete=models.PROTECT, related_name="work", db_index=False)
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="queue_work")
    done_count = models.PositiveIntegerField(default=0)
    skipped_count = models.PositiveIntegerField(default=0)
    seconds = models.FloatField(default=0.0)
    gold_count = models.PositiveIntegerField(default=0)
    gold_right = models.PositiveIntegerField(default=0)
    trained_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "queue work"
        constraints = [models.UniqueConstraint(fields=["queue", "reviewer"], name="queue_work_once")]

    def __str__(self) -> str:
        return f"work of {self.reviewer_id} in queue {self.queue_id}"
