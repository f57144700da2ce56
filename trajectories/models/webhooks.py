"""Webhooks: addresses of programs that are told what happened here, and everything that they are told."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from trajectories.models.titles import TitleField


class Webhook(models.Model):
    """An address that is sent messages about the events it was made for, signed as Standard Webhooks says.

    The secret that messages are signed with is kept nowhere: it is derived from SECRET_KEY and `salt`
    (services.webhooks.secrets), shown once, and `fingerprint` tells whether that still gives the same one.
    `earlier_salts` are those before, oldest first: {"salt", "until"}, with the time until which their secrets sign too.
    `failing_since` is when the first message failed after the last that arrived; a webhook that fails for long is
    paused by itself. One that is removed is kept for its messages.
    """

    title = TitleField()
    address = models.CharField(max_length=500)
    events = models.JSONField(default=list)
    salt = models.CharField(max_length=32)
    fingerprint = models.CharField(max_length=16)
    earlier_salts = models.JSONField(default=list, db_default=[])
    paused_at = models.DateTimeField(null=True)
    pause_reason = models.TextField(blank=True)
    failing_since = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["id"], name="webhook_listening", condition=Q(removed_at=None))]

    def __str__(self) -> str:
        return self.title

    @property
    def state(self) -> str:
        """The word of its badge."""
        return "paused" if self.paused_at else "failed" if self.failing_since else "open"

    @property
    def event_titles(self) -> list[str]:
        """The events it is told of, as a page names them."""
        return [str(kind.label) for kind in WebhookEvent.Kind if kind.value in self.events]


class WebhookEvent(models.Model):
    """Something that happened, written in the transaction in which it happened (services.jobs.outbox).

    `data` is what is sent of it: ids, titles, states and counts, and never what a model wrote or a person decided.
    """

    class Kind(models.TextChoices):
        """What there is to be told of; the value is the `type` of a message."""

        RUN_ENDED = "run.ended", "A run has ended"
        RUN_PAUSED = "run.paused", "A run is paused"
        CAMPAIGN_ENDED = "campaign.ended", "A campaign has ended"
        CAMPAIGN_PAUSED = "campaign.paused", "A campaign is paused"
        TRAINING_ENDED = "training.ended", "A training has ended"
        TRAINING_WAITING = "training.waiting", "A training waits for its sampler"
        RELEASE_FROZEN = "release.frozen", "A release is frozen"
        QUEUE_DONE = "queue.done", "A queue has every review it needs"
        BUDGET_LOW = "budget.low", "A budget or a daily limit is nearly spent"
        TEST = "webhook.test", "A test"

    # What receivers know a message by: the same however often it is sent.
    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    data = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["created_at"], name="webhook_event_by_age")]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    @property
    def message_id(self) -> str:
        """The header `webhook-id`."""
        return f"msg_{self.key.hex}"


CHOSEN_KINDS = tuple(kind for kind in WebhookEvent.Kind if kind is not WebhookEvent.Kind.TEST)
"""The kinds that a webhook can be made for; a test goes to any."""


class WebhookMessage(models.Model):
    """An event on its way to one webhook.

    It is tried when it is due, until it arrives or has failed too often. `tries` has what came of each, oldest first:
    {"at", "status", "fault", "seconds"}, with a status of null where nothing answered; what a receiver answered beyond
    its status is not kept. `failures` counts those since it was last asked for.
    """

    class State(models.TextChoices):
        """Where it is."""

        WAITING = "waiting", "on its way"
        ARRIVED = "arrived", "arrived"
        FAILED = "failed", "given up"

    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="messages", db_index=False)
    event = models.ForeignKey(WebhookEvent, on_delete=models.CASCADE, related_name="messages")
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    due_at = models.DateTimeField(db_default=Now())
    failures = models.PositiveSmallIntegerField(default=0)
    tries = models.JSONField(default=list)
    ended_at = models.DateTimeField(null=True)
    lease_expires_at = models.DateTimeField(null=True)
    # When a bell was last rung for it: the sweep rings again only where this is long ago.
    rung_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["webhook", "event"], name="webhook_message_once")]
        indexes = [
            models.Index(fields=["webhook", "-id"], name="webhook_message_newest"),
            models.Index(fields=["due_at"], name="webhook_message_waiting", condition=Q(state="waiting")),
        ]

    def __str__(self) -> str:
        return f"message {self.pk}"
