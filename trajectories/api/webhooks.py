"""Webhooks: making them, with a secret that is told once, steering them, and what they were sent."""

from typing import Annotated, Any, Literal

from django.http import Http404, HttpRequest
from ninja import Schema
from ninja.responses import Status
from pydantic import Field

from trajectories.api.auth import asking
from trajectories.api.doors import door
from trajectories.api.runs import fault_of
from trajectories.api.shapes import Body, Cursor, IdempotencyKey, Key, Limit, OneOf, Rows, Text, Word, once, rows_of
from trajectories.core.records import JSON
from trajectories.forms.webhooks import WebhookForm
from trajectories.models import ApiToken, Webhook, WebhookMessage
from trajectories.models.webhooks import CHOSEN_KINDS
from trajectories.selectors.paging import page_by_id
from trajectories.services.webhooks.secrets import fingerprint_of, secret_of
from trajectories.services.webhooks.steering import (
    ACTS,
    LONGEST_ADDRESS,
    change_webhook,
    make_webhook,
    renew_secret,
    send_again,
)

MANAGE = "trajectories.add_webhook"
SCOPE = ApiToken.Scope.MANAGE
EVENTS = tuple(kind.value for kind in CHOSEN_KINDS)


class WebhookShown(Schema):
    """A webhook. `state` is open, paused, failed or removed, `reason` why it is paused. `fingerprint` tells two secrets
    apart, and tells neither."""

    id: int
    title: str
    address: str
    events: list[str]
    state: str
    reason: str
    fingerprint: str
    created_at: str


class WebhookWithSecret(WebhookShown):
    """A webhook with the secret that its messages are signed with, which is told this once: to whoever makes it, and to
    the same request with the same key. It is null once another one was made."""

    secret: str | None


class WebhookGiven(Body):
    """What a webhook is called, where its messages go, and what it is told of."""

    title: Annotated[Word, Field(min_length=1)]
    address: Annotated[Text, Field(min_length=1, max_length=LONGEST_ADDRESS)]
    events: Annotated[list[Annotated[str, OneOf(EVENTS)]], Field(min_length=1, max_length=50)] = list(EVENTS)


class Try(Schema):
    """What came of sending a message once; a status of null is for no answer."""

    at: str
    status: int | None
    fault: str
    seconds: float | None


class MessageRow(Schema):
    """A message to a webhook: `event` is its type, `message_id` what its receiver knows it by. `state` is waiting,
    arrived or failed; `tries` are oldest first."""

    id: int
    event: str
    message_id: str
    state: str
    data: dict[str, Any]
    tries: list[Try]
    created_at: str
    ended_at: str | None


@door("GET", "/webhooks", MANAGE, scope=SCOPE, answers=Rows[WebhookShown])
def list_all_webhooks(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> Any:  # noqa: ARG001
    """Every webhook that is not removed, newest first."""
    return rows_of(page_by_id(Webhook.objects.filter(removed_at=None), size=limit, before=cursor), _shown)


def _shown(webhook: Webhook) -> dict[str, JSON]:
    return {
        **{name: getattr(webhook, name) for name in ("id", "title", "address", "events", "fingerprint")},
        "state": "removed" if webhook.removed_at else webhook.state,
        "reason": webhook.pause_reason,
        "created_at": webhook.created_at.isoformat(),
    }


@door("GET", "/webhooks/{webhook_id}", MANAGE, scope=SCOPE, answers=WebhookShown)
def get_webhook(request: HttpRequest, webhook_id: Key) -> Any:  # noqa: ARG001
    """One webhook."""
    return _shown(_find(webhook_id))


def _find(webhook_id: int) -> Webhook:
    found = Webhook.objects.filter(pk=webhook_id, removed_at=None).first()
    if found is None:
        raise Http404(f"There is no webhook {webhook_id}.")
    return found


@door("POST", "/webhooks", MANAGE, scope=SCOPE, answers=WebhookWithSecret, status=201)
def create_webhook(request: HttpRequest, given: WebhookGiven, idempotency_key: IdempotencyKey = None) -> Status[Any]:
    """Have an address told what happens here. The answer has the secret that its messages are signed with."""

    def make() -> dict[str, JSON]:
        made, _ = make_webhook(actor=asking(request), **_checked(given))
        return _shown(made)

    return _with_secret(once(request, idempotency_key, given, make))


def _checked(given: WebhookGiven) -> dict[str, Any]:
    """What was given, as the form of the page has it. Raises Fault, with the field."""
    form = WebhookForm(given.model_dump())
    if not form.is_valid():
        raise fault_of(form)
    return form.cleaned_data


def _with_secret(answer: Status[Any]) -> Status[Any]:
    """An answer with the secret that it is about. It is worked out anew each time: what is kept for a key has its
    fingerprint alone."""
    webhook = Webhook.objects.get(pk=answer.value["id"])
    secret = secret_of(webhook.salt) if webhook.salt else ""
    is_same = bool(secret) and fingerprint_of(secret) == answer.value["fingerprint"]
    return Status(answer.status_code, {**answer.value, "secret": secret if is_same else None})


@door("POST", "/webhooks/{webhook_id}", MANAGE, scope=SCOPE, answers=WebhookShown)
def change_one_webhook(request: HttpRequest, webhook_id: Key, given: WebhookGiven) -> Any:
    """Give a webhook another title, address or events; its secret stays."""
    return _shown(change_webhook(actor=asking(request), webhook=_find(webhook_id), **_checked(given)))


@door("POST", "/webhooks/{webhook_id}/secret", MANAGE, scope=SCOPE, answers=WebhookWithSecret, status=201)
def renew_webhook_secret(request: HttpRequest, webhook_id: Key, idempotency_key: IdempotencyKey = None) -> Status[Any]:
    """Make a new secret; for a day messages are signed with the one before too."""
    webhook = _find(webhook_id)

    def make() -> dict[str, JSON]:
        renew_secret(actor=asking(request), webhook=webhook)
        return _shown(_find(webhook_id))

    return _with_secret(once(request, idempotency_key, {}, make))


@door("POST", "/webhooks/{webhook_id}/{verb}", MANAGE, scope=SCOPE, answers=WebhookShown)
def steer_webhook(request: HttpRequest, webhook_id: Key, verb: Literal["pause", "resume", "test", "remove"]) -> Any:
    """Pause a webhook, send to it again, send it a test, which its messages show, or remove it for good."""
    webhook = _find(webhook_id)
    ACTS[verb][0](actor=asking(request), webhook=webhook)
    webhook.refresh_from_db()
    return _shown(webhook)


@door("GET", "/webhooks/{webhook_id}/messages", MANAGE, scope=SCOPE, answers=Rows[MessageRow])
def list_webhook_messages(
    request: HttpRequest,  # noqa: ARG001
    webhook_id: Key,
    state: Annotated[str, OneOf(["", *WebhookMessage.State.values])] = "",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Any:
    """What a webhook was sent, newest first, with what came of each try."""
    rows = WebhookMessage.objects.filter(webhook=_find(webhook_id)).select_related("event")
    return rows_of(page_by_id(rows.filter(state=state) if state else rows, size=limit, before=cursor), _message)


def _message(message: WebhookMessage) -> dict[str, JSON]:
    event = message.event
    return {
        "id": message.pk,
        "event": event.kind,
        "message_id": event.message_id,
        "state": message.state,
        "data": event.data,
        "tries": [_try(each) for each in message.tries],
        "created_at": event.created_at.isoformat(),
        "ended_at": message.ended_at.isoformat() if message.ended_at else None,
    }


def _try(tried: dict[str, Any]) -> dict[str, JSON]:
    return {**{name: tried.get(name) for name in ("at", "status", "seconds")}, "fault": tried.get("fault") or ""}


@door("POST", "/webhooks/messages/{webhook_message_id}/again", MANAGE, scope=SCOPE, answers=MessageRow)
def send_message_again(request: HttpRequest, webhook_message_id: Key) -> Any:
    """Send a message once more, whether it has arrived or not. 422 while its webhook is paused."""
    rows = WebhookMessage.objects.filter(webhook__removed_at=None).select_related("event")
    message = rows.filter(pk=webhook_message_id).first()
    if message is None:
        raise Http404(f"There is no message {webhook_message_id}.")
    send_again(actor=asking(request), message=message)
    return _message(rows.get(pk=webhook_message_id))
