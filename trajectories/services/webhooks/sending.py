"""Sending messages: each until it arrives, with longer and longer waits; what fails for days is paused with a sentence.

A message may arrive more than once, where a worker is killed between its arrival and the row that says so: receivers
tell by its id.
"""

import json
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Now

from trajectories.adapters.webhooks import Answer, post, signed_headers
from trajectories.models import Webhook, WebhookEvent, WebhookMessage
from trajectories.selectors.clock import database_now
from trajectories.services.endpoints.access import endpoint_access
from trajectories.services.jobs.leases import PATIENCE, lost_jobs, nobody_is_at
from trajectories.services.webhooks.secrets import secrets_of
from trajectories.services.webhooks.steering import pause_webhook

LEASE = timedelta(seconds=60)
"""Longer than one message takes, see adapters.webhooks.posting.SECONDS."""
WAITS = tuple(timedelta(seconds=seconds) for seconds in (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400))
"""How long after its first, second, ... failure a message is sent again: about three days together."""
DEAD_AFTER = timedelta(days=3)
"""A webhook at which nothing has arrived for so long is paused."""
OTHERS_WAIT = timedelta(minutes=5)
"""So long, at most, the other messages of a webhook wait after a failure: not all of them ask who is away."""
KEPT = timedelta(days=30)
"""What was sent, and what still waits then, is forgotten after this time."""
OTHER_KEY = (
    "The installation's SECRET_KEY is not the one that the secret was made under, so receivers would refuse the "
    "signature. Make a new secret, give it to the receiver, and resume."
)
State = WebhookMessage.State


def send_message(*, message_id: int) -> bool:
    """Send a message that is due, unless another worker is sending it; True where this call sent it.

    Safe to run twice at once.
    """
    if not _due().filter(pk=message_id).filter(nobody_is_at()).update(lease_expires_at=Now() + LEASE, rung_at=Now()):
        return False
    message = WebhookMessage.objects.select_related("webhook", "event").get(pk=message_id)
    webhook, now = message.webhook, database_now()
    others = WebhookMessage.objects.filter(webhook=webhook, lease_expires_at__gt=Now()).exclude(pk=message_id)
    if webhook.failing_since is not None and others.exists():
        # One at a time finds out whether it is back: the sweep rings for this one again.
        WebhookMessage.objects.filter(pk=message_id).update(lease_expires_at=None)
        return False
    secrets = secrets_of(webhook, now=now)
    if not secrets:
        WebhookMessage.objects.filter(pk=message_id).update(lease_expires_at=None)
        pause_webhook(actor=None, webhook=webhook, reason=OTHER_KEY)
        return False
    body = body_of(message.event)
    headers = signed_headers(message.event.message_id, body, at=now, secrets=secrets)
    _keep(message_id, now, post(webhook.address, body, headers, endpoint_access()))
    return True


def body_of(event: WebhookEvent) -> str:
    """What is sent of an event: the same text however often it is sent."""
    told = {"type": event.kind, "timestamp": event.created_at.isoformat(), "data": event.data}
    return json.dumps(told, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


@transaction.atomic
def _keep(message_id: int, at: datetime, answer: Answer) -> None:
    """Write down what came of sending a message, and when it is sent again where it did not arrive."""
    message = WebhookMessage.objects.select_for_update(of=("self",)).select_related("webhook").get(pk=message_id)
    webhook, now = message.webhook, database_now()
    message.tries.append(
        {"at": at.isoformat(), "status": answer.status, "fault": answer.fault, "seconds": answer.seconds}
    )
    message.lease_expires_at = None
    if not answer.fault:
        message.state, message.ended_at = State.ARRIVED, now
        Webhook.objects.filter(pk=webhook.pk).exclude(failing_since=None).update(failing_since=None)
    elif message.state == State.WAITING:
        message.failures += 1
        _put_off(message, answer, now)
    message.save(update_fields=["tries", "lease_expires_at", "state", "ended_at", "failures", "due_at", "rung_at"])


def _put_off(message: WebhookMessage, answer: Answer, now: datetime) -> None:
    """Say when a message that did not arrive is sent again, or give it up, and its webhook where it is dead."""
    webhook = message.webhook
    if webhook.failing_since is None:
        webhook.failing_since = now
        Webhook.objects.filter(pk=webhook.pk, failing_since=None).update(failing_since=now)
    if answer.ends:
        pause_webhook(actor=None, webhook=webhook, reason=answer.fault)
        return
    if webhook.failing_since < now - DEAD_AFTER:
        since = webhook.failing_since.strftime("%Y-%m-%d %H:%M")
        reason = f"Nothing has arrived there since {since} UTC. The last answer: {answer.fault}"
        pause_webhook(actor=None, webhook=webhook, reason=reason)
    if message.failures > len(WAITS):
        message.state, message.ended_at = State.FAILED, now
        return
    wait = max(WAITS[message.failures - 1], timedelta(seconds=answer.retry_after))
    message.due_at = now + wait
    message.rung_at = message.due_at - PATIENCE  # the sweep rings for it as soon as it is due
    until = now + min(wait, OTHERS_WAIT)
    others = WebhookMessage.objects.filter(webhook=webhook, state=State.WAITING, due_at__lt=until)
    others.exclude(pk=message.pk).update(due_at=until, rung_at=until - PATIENCE)


def _due() -> QuerySet[WebhookMessage]:
    """The messages that may be sent now."""
    active = Webhook.objects.filter(pk=OuterRef("webhook"), paused_at=None, removed_at=None)
    return WebhookMessage.objects.filter(Exists(active), state=State.WAITING, due_at__lte=Now())


def lost_messages() -> list[int]:
    """The messages that are due and whose bell is long unanswered, marked as rung."""
    return lost_jobs(_due())


def forget_events() -> int:
    """Forget the events whose time is over, with their messages; the number of events."""
    return WebhookEvent.objects.filter(created_at__lt=Now() - KEPT).delete()[1].get("trajectories.WebhookEvent", 0)
