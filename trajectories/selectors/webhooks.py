"""Reading webhooks and what they were sent."""

from django.db.models import Count, Q

from trajectories.models import Webhook, WebhookMessage
from trajectories.selectors.paging import Page, page_by_id

MESSAGES_SHOWN = 50


def list_webhooks() -> list[Webhook]:
    """Every webhook that is not removed, the newest first, each with how many messages wait (`waiting`)."""
    waiting = Count("messages", filter=Q(messages__state=WebhookMessage.State.WAITING))
    return list(Webhook.objects.filter(removed_at=None).annotate(waiting=waiting).order_by("-pk"))


def list_messages(
    webhook: Webhook, *, state: str = "", before: int | None = None, after: int | None = None
) -> Page[WebhookMessage, int]:
    """The messages of a webhook, the newest first; of one state, or of all for an empty word."""
    rows = WebhookMessage.objects.filter(webhook=webhook).select_related("event")
    if state:
        rows = rows.filter(state=state)
    return page_by_id(rows, size=MESSAGES_SHOWN, before=before, after=after)
