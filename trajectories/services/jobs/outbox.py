"""Events that programs elsewhere are told of by webhooks: written in the transaction of what they report.

So nothing is told that was rolled back, and nothing that was committed is lost with a process that is killed.
services.webhooks sends what is written here.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction

from trajectories.core.records import JSON
from trajectories.models import Campaign, Run, Training, Webhook, WebhookEvent, WebhookMessage
from trajectories.services.jobs.ringers import ring

Kind = WebhookEvent.Kind


def announce(kind: WebhookEvent.Kind, data: Mapping[str, JSON]) -> None:
    """Write down for every webhook that listens that something happened, and ring for it once this transaction commits.

    Raises RuntimeError outside a transaction.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError(f"Found no transaction, expected that in which {kind.value} comes about.")
    listening = Webhook.objects.filter(removed_at=None, events__contains=[kind.value])
    address_to(kind, data, listening.order_by("pk").values_list("pk", flat=True))


def address_to(kind: WebhookEvent.Kind, data: Mapping[str, JSON], webhook_ids: Iterable[int]) -> None:
    """Write an event down for these webhooks; nothing is written for none."""
    ids = list(webhook_ids)
    if not ids:
        return
    event = WebhookEvent.objects.create(kind=kind, data=dict(data))
    messages = [WebhookMessage(webhook_id=key, event=event) for key in ids]
    for message in WebhookMessage.objects.bulk_create(messages):
        ring("webhooks", message.pk)


def announce_run(run: Any) -> None:
    """Announce that a run has just ended or been paused; nothing is announced of a run in another state."""
    if run.state not in (*Run.ENDED_STATES, Run.State.PAUSED):
        return
    counts = ("planned", "done", "failed", "cancelled")
    data: dict[str, JSON] = {
        "id": run.pk,
        "title": run.title,
        "state": str(run.state),
        "reason": run.state_reason,
        **{name: getattr(run, f"{name}_count") for name in counts},
        "page": run.job_kind.address(run.pk),
    }
    announce(Kind.RUN_PAUSED if run.state == Run.State.PAUSED else Kind.RUN_ENDED, data)


def announce_campaign(campaign: Any) -> None:
    """Announce that a campaign has just ended or been paused; nothing is announced of one in another state."""
    if campaign.state in Campaign.ACTIVE_STATES:
        return
    data: dict[str, JSON] = {
        "id": campaign.pk,
        "title": campaign.title,
        "state": str(campaign.state),
        "reason": campaign.state_reason,
        "generations": campaign.generation_count,
        "measured": campaign.done_count,
        "page": campaign.job_kind.address(campaign.pk),
    }
    announce(Kind.CAMPAIGN_PAUSED if campaign.state == Campaign.State.PAUSED else Kind.CAMPAIGN_ENDED, data)


def announce_training(training: Any) -> None:
    """Announce that a training has just ended, or waits for the sampler that comes of its package; nothing is announced
    of one in another state."""
    # What its worker holds is older than what it has just written.
    state, reason = Training.objects.values_list("state", "reason").get(pk=training.pk)
    if state not in (*Training.ENDED_STATES, Training.State.WAITING):
        return
    data: dict[str, JSON] = {
        "id": training.pk,
        "title": training.title,
        "state": state,
        "reason": reason,
        "page": training.job_kind.address(training.pk),
    }
    announce(Kind.TRAINING_WAITING if state == Training.State.WAITING else Kind.TRAINING_ENDED, data)
