"""Doorbells of webhooks."""

from celery import shared_task

from trajectories.services.jobs.ringers import connect_bell
from trajectories.services.webhooks.sending import forget_events, lost_messages, send_message


@shared_task(name="trajectories.send_webhook")
def send_webhook(message_id: int) -> None:
    """Send one message; nothing happens where it is not due, or somebody is at it."""
    send_message(message_id=message_id)


@shared_task(name="trajectories.sweep_webhooks")
def sweep_webhooks() -> None:
    """Ring for messages that have come due and those whose bell was lost, and forget old ones. Safe at any time."""
    for message_id in lost_messages():
        send_webhook.delay(message_id)
    forget_events()


def _ring(message_id: int) -> None:
    send_webhook.delay(message_id)


connect_bell("webhooks", _ring)
