"""Webhooks: the list, one with what it was sent, and what may be done with it."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from trajectories.core.faults import Fault
from trajectories.forms.webhooks import WebhookForm
from trajectories.models import Webhook, WebhookMessage
from trajectories.selectors.webhooks import list_messages, list_webhooks
from trajectories.services.webhooks.secrets import fingerprint_of, new_salt, secret_of, still_signing
from trajectories.services.webhooks.sending import KEPT, body_of
from trajectories.services.webhooks.steering import (
    ACTS,
    change_webhook,
    make_webhook,
    renew_secret,
    send_again,
)
from trajectories.views.paging import read_key
from trajectories.views.permissions import needs
from trajectories.views.shown_once import lead_to_secret, secret_on_its_way, take_away
from trajectories.views.submissions import once, seed_of
from trajectories.views.visitors import visitor

manage_webhooks = needs("trajectories.add_webhook")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@manage_webhooks
def webhook_list(request: HttpRequest) -> HttpResponse:
    """Every webhook; a POST makes one and leads to its page, which shows its secret this once."""
    if request.method != "POST":
        return _list(request, WebhookForm())
    seed = seed_of(request)
    return lead_to_secret(request, _make(request, seed), secret_of(new_salt(seed)))


@once
def _make(request: HttpRequest, seed: str) -> HttpResponse:
    form = WebhookForm(request.POST)
    if form.is_valid():
        try:
            made, _ = make_webhook(actor=visitor(request), **form.cleaned_data, seed=seed)
        except Fault as fault:
            form.add_fault(fault)
        else:
            return redirect("webhook_detail", made.pk)
    return _list(request, form, status=422)


def _list(request: HttpRequest, form: WebhookForm, *, status: int = 200) -> HttpResponse:
    context = {"form": form, "webhooks": list_webhooks()}
    return render(request, "trajectories/webhooks/list.html", context, status=status)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@manage_webhooks
def webhook_detail(request: HttpRequest, webhook_id: int) -> HttpResponse:
    """A webhook with what it was sent; a POST changes what it is called, where it goes and what it is told of."""
    webhook = _find(webhook_id)
    known = {"title": webhook.title, "address": webhook.address, "events": webhook.events}
    if request.method != "POST":
        return take_away(request, _page(request, webhook, WebhookForm(initial=known)))
    form = WebhookForm(request.POST)
    if form.is_valid():
        try:
            change_webhook(actor=visitor(request), webhook=webhook, **form.cleaned_data)
        except Fault as fault:
            form.add_fault(fault)
        else:
            messages.success(request, "The webhook is changed.")
            return redirect("webhook_detail", webhook_id)
    return _page(request, webhook, form, status=422)


def _find(webhook_id: int) -> Webhook:
    return get_object_or_404(Webhook, pk=webhook_id, removed_at=None)


def _page(request: HttpRequest, webhook: Webhook, form: WebhookForm, *, status: int = 200) -> HttpResponse:
    """The page of a webhook; a secret that was just made is in it and nowhere else."""
    secret = secret_on_its_way(request)
    earlier = still_signing(webhook, now=timezone.now())
    state = request.GET.get("state", "")
    state = state if state in WebhookMessage.State.values else ""
    page = list_messages(webhook, state=state, before=read_key(request, "before"), after=read_key(request, "after"))
    context = {
        "webhook": webhook,
        "form": form,
        "secret": secret if fingerprint_of(secret) == webhook.fingerprint else "",
        "earlier": len(earlier),
        "earlier_until": datetime.fromisoformat(earlier[-1]["until"]) if earlier else None,
        "page": page.of([(message, body_of(message.event), _tries(message)) for message in page.rows]),
        "state": state,
        "states": WebhookMessage.State.choices,
        "kept_days": KEPT.days,
        "page_address": reverse("webhook_detail", args=[webhook.pk]),
    }
    return render(request, "trajectories/webhooks/detail.html", context, status=status)


def _tries(message: WebhookMessage) -> list[dict[str, Any]]:
    """What came of sending a message, the newest first."""
    return [{**each, "at": datetime.fromisoformat(each["at"])} for each in reversed(message.tries)]


@require_POST
@manage_webhooks
def webhook_secret(request: HttpRequest, webhook_id: int) -> HttpResponse:
    """Make a new secret, which the webhook's page shows, this once."""
    webhook = _find(webhook_id)
    seed = seed_of(request)
    try:
        response = _renew(request, webhook, seed)
    except Fault as fault:
        messages.error(request, str(fault))
        return redirect("webhook_detail", webhook_id)
    return lead_to_secret(request, response, secret_of(new_salt(seed)))


@once
def _renew(request: HttpRequest, webhook: Webhook, seed: str) -> HttpResponse:
    renew_secret(actor=visitor(request), webhook=webhook, seed=seed)
    return redirect("webhook_detail", webhook.pk)


@require_POST
@manage_webhooks
def webhook_steer(request: HttpRequest, webhook_id: int, verb: str) -> HttpResponse:
    """Pause a webhook, resume it, send it a test, or remove it."""
    if verb not in ACTS:
        raise Http404(f"Found {verb!r}, expected one of {', '.join(ACTS)}.")
    webhook = _find(webhook_id)
    act, done, nothing = ACTS[verb]
    try:
        happened = act(actor=visitor(request), webhook=webhook)
    except Fault as fault:
        messages.error(request, str(fault))
    else:
        tell = messages.info if happened is False else messages.success
        tell(request, (nothing if happened is False else done).format(webhook.title))
    return redirect("webhook_list") if verb == "remove" else redirect("webhook_detail", webhook_id)


@require_POST
@manage_webhooks
def webhook_again(request: HttpRequest, webhook_message_id: int) -> HttpResponse:
    """Send a message again."""
    message = get_object_or_404(WebhookMessage, pk=webhook_message_id, webhook__removed_at=None)
    try:
        send_again(actor=visitor(request), message=message)
    except Fault as fault:
        messages.error(request, str(fault))
    else:
        messages.success(request, "The message is on its way again.")
    return redirect("webhook_detail", message.webhook_id)
