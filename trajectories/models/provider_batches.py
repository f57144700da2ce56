"""Batches of calls at a provider: what a run waits for, and which of its attempts are in it."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from trajectories.models.runs import Attempt, Run


class ProviderBatch(models.Model):
    """A file of calls that a provider answers within a day, at a part of the price.

    Its attempts stay leased under `token`, without an end: no worker holds them, and no sweep puts them back before the
    batch is over. The provider's batch carries the token too, or else is known by the id of its file, so that one whose
    own id was never heard is found again.
    A worker that asks after it holds `lease_token` for that long. `completed_count` and `failed_count` are the
    provider's own; `reason` says for people why it is not as it should be, and after its end why it came to nothing.
    """

    class State(models.TextChoices):
        """sending -> waiting -> fetched, or dropped before any of its calls was made."""

        SENDING = "sending"
        WAITING = "waiting"
        FETCHED = "fetched"
        DROPPED = "dropped"

    OPEN = (State.SENDING, State.WAITING)

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="provider_batches")
    token = models.UUIDField(unique=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.SENDING)
    file_id = models.CharField(max_length=200, blank=True)
    provider_id = models.CharField(max_length=200, blank=True)
    status = models.CharField(max_length=40, blank=True)
    request_count = models.PositiveIntegerField()
    completed_count = models.PositiveIntegerField(default=0)
    failed_count = models.PositiveIntegerField(default=0)
    reason = models.TextField(blank=True)
    polls = models.PositiveIntegerField(default=0)
    poll_at = models.DateTimeField(db_default=Now())
    cancel_asked_at = models.DateTimeField(null=True)
    lease_token = models.UUIDField(null=True)
    lease_expires_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "provider batches"
        indexes = [
            models.Index(fields=["poll_at"], name="provider_batch_open", condition=Q(finished_at=None)),
            models.Index(fields=["run", "id"], name="provider_batch_of_run"),
        ]

    def __str__(self) -> str:
        return self.provider_id or f"batch {self.pk}"

    @property
    def status_words(self) -> str:
        """The provider's word for how it stands, for people."""
        return self.status.replace("_", " ")


class BatchItem(models.Model):
    """One attempt in a batch, by the hash under which its answer is kept. `error_kind` and `message` say why there is
    none; a request that is `missed` may be in a further batch."""

    class State(models.TextChoices):
        """asked -> answered | missed | failed."""

        ASKED = "asked"
        ANSWERED = "answered"
        MISSED = "missed"
        FAILED = "failed"

    batch = models.ForeignKey(ProviderBatch, on_delete=models.CASCADE, related_name="items")
    attempt = models.ForeignKey(Attempt, on_delete=models.CASCADE, related_name="batch_items")
    request_hash = models.CharField(max_length=64)
    input_tokens = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.ASKED)
    error_kind = models.CharField(max_length=40, blank=True)
    message = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "attempt"], name="batch_item_once")]

    def __str__(self) -> str:
        return f"attempt {self.attempt_id} in batch {self.batch_id}"
