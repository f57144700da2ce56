"""Making webhooks, and what may be done with one. Every change is in the audit log."""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models.functions import Now

from trajectories.adapters.endpoints import AccessError
from trajectories.adapters.webhooks import read_receiver
from trajectories.core.faults import Fault
from trajectories.models import AuditEvent, Webhook, WebhookEvent, WebhookMessage
from trajectories.models.webhooks import CHOSEN_KINDS
from trajectories.selectors.clock import database_now
from trajectories.services.endpoints.access import endpoint_access
from trajectories.services.jobs.outbox import address_to
from trajectories.services.jobs.ringers import ring
from trajectories.services.webhooks.secrets import fingerprint_of, new_salt, secret_of, still_signing

MOST_WEBHOOKS = 50
LONGEST_ADDRESS = 500
OLD_SECRET = timedelta(hours=24)
"""So long a secret signs after the next one was made."""
MOST_SECRETS = 10
"""So many secrets sign at once, at most: each makes the header of a message longer."""
State = WebhookMessage.State


@transaction.atomic
def make_webhook(
    *, actor: User | None, title: str, address: str, events: Iterable[str], seed: str = ""
) -> tuple[Webhook, str]:
    """A new webhook, and its secret, which is kept nowhere: whoever made it sees it this once. The secret follows from
    the seed, if there is one.

    Raises Fault, with its field, for an address that nothing may be sent to and for no event.
    """
    checked, chosen = _check(address, events)
    if Webhook.objects.filter(removed_at=None).count() >= MOST_WEBHOOKS:
        raise Fault(f"Found {MOST_WEBHOOKS} webhooks, expected fewer. Remove one first.", field="title")
    salt = new_salt(seed)
    secret = secret_of(salt)
    webhook = Webhook.objects.create(
        title=title, address=checked, events=chosen, salt=salt, fingerprint=fingerprint_of(secret), created_by=actor
    )
    _audit(actor, "made", webhook, {"address": checked, "events": chosen})
    return webhook, secret


@transaction.atomic
def change_webhook(*, actor: User | None, webhook: Webhook, title: str, address: str, events: Iterable[str]) -> Webhook:
    """Give a webhook another title, address or events; the secret stays. Raises Fault, with its field."""
    checked, chosen = _check(address, events)
    held = _locked(webhook)
    before = {"title": held.title, "address": held.address, "events": held.events}
    held.title, held.address, held.events = title, checked, chosen
    held.save(update_fields=["title", "address", "events"])
    after = {"title": title, "address": checked, "events": chosen}
    if after != before:
        _audit(actor, "changed", held, {"before": before, "after": after})
    return held


def pause_webhook(*, actor: User | None, webhook: Webhook, reason: str = "") -> bool:
    """Send nothing any more; events go on being written down for it. False where it was paused already."""
    with transaction.atomic():
        paused = Webhook.objects.filter(pk=webhook.pk, paused_at=None, removed_at=None)
        if not paused.update(paused_at=Now(), pause_reason=reason):
            return False
        _audit(actor, "paused", webhook, {"reason": reason} if reason else {})
    return True


@transaction.atomic
def resume_webhook(*, actor: User | None, webhook: Webhook) -> bool:
    """Send again, what waits at once. False where it was not paused.

    Raises Fault where its secret is not the one that was shown any more, or the settings do not allow its address.
    """
    held = _locked(webhook)
    if held.paused_at is None:
        return False
    if fingerprint_of(secret_of(held.salt)) != held.fingerprint:
        raise Fault("Found another SECRET_KEY than its secret was made under, expected a new secret first.")
    _check(held.address, held.events)
    Webhook.objects.filter(pk=held.pk).update(paused_at=None, pause_reason="", failing_since=None)
    waiting = WebhookMessage.objects.filter(webhook=held, state=State.WAITING)
    waiting.update(due_at=Now(), rung_at=Now(), failures=0)
    for key in waiting.order_by("pk").values_list("pk", flat=True):
        ring("webhooks", key)
    _audit(actor, "resumed", held, {})
    return True


@transaction.atomic
def renew_secret(*, actor: User | None, webhook: Webhook, seed: str = "") -> str:
    """A new secret, shown this once; messages are signed with those before too, each for OLD_SECRET. It follows from
    the seed, if there is one.

    Raises Fault where as many as may sign were made within that time.
    """
    held, now = _locked(webhook), database_now()
    was_whole = fingerprint_of(secret_of(held.salt)) == held.fingerprint
    before = still_signing(held, now=now) if was_whole else []
    if len(before) >= MOST_SECRETS - 1:
        raise Fault(f"Found {MOST_SECRETS} secrets that sign, expected fewer: wait until the oldest signs no more.")
    if was_whole:
        before.append({"salt": held.salt, "until": (now + OLD_SECRET).isoformat()})
    salt = new_salt(seed)
    secret = secret_of(salt)
    held.earlier_salts, held.salt, held.fingerprint = before, salt, fingerprint_of(secret)
    held.save(update_fields=["salt", "fingerprint", "earlier_salts"])
    _audit(actor, "secret_renewed", held, {})
    return secret


@transaction.atomic
def remove_webhook(*, actor: User | None, webhook: Webhook) -> bool:
    """Send nothing any more, for good, and forget its secret; False where it was removed already."""
    removed = {"removed_at": Now(), "salt": "", "earlier_salts": [], "fingerprint": ""}
    if not Webhook.objects.filter(pk=webhook.pk, removed_at=None).update(**removed):
        return False
    _audit(actor, "removed", webhook, {"address": webhook.address})
    return True


@transaction.atomic
def send_test(*, actor: User | None, webhook: Webhook) -> None:
    """Send a message that reports nothing, to see whether it arrives."""
    held = _locked(webhook)
    address_to(WebhookEvent.Kind.TEST, {"title": held.title}, [held.pk])
    _audit(actor, "tested", held, {})


@transaction.atomic
def send_again(*, actor: User | None, message: WebhookMessage) -> None:
    """Send a message once more, whether it has arrived or not, and try for as long as one that is new.

    Raises Fault where its webhook is removed or paused.
    """
    held = WebhookMessage.objects.select_for_update(of=("self",)).select_related("webhook").get(pk=message.pk)
    if held.webhook.removed_at or held.webhook.paused_at:
        found = "removed" if held.webhook.removed_at else "paused"
        raise Fault(f"Found a webhook that is {found}, expected one that is not.")
    fresh = {"state": State.WAITING, "due_at": Now(), "rung_at": Now(), "failures": 0, "ended_at": None}
    WebhookMessage.objects.filter(pk=held.pk).update(**fresh)
    _audit(actor, "sent_again", held.webhook, {"message": held.pk})
    ring("webhooks", held.pk)


ACTS: Mapping[str, tuple[Callable[..., object], str, str]] = {
    "pause": (pause_webhook, "“{}” is paused: events are kept for it and nothing is sent.", "“{}” was paused before."),
    "resume": (resume_webhook, "“{}” is sent to again.", "“{}” was not paused."),
    "remove": (remove_webhook, "“{}” is removed.", "“{}” was removed before."),
    "test": (send_test, "A test is on its way to “{}”.", "A test is on its way to “{}”."),
}
"""What may be asked of a webhook beside a new secret: the function, what is said where it did something, and where it
returned False."""


def _locked(webhook: Webhook) -> Webhook:
    """The webhook, its row locked. Raises Fault for one that is removed."""
    held = Webhook.objects.select_for_update().filter(pk=webhook.pk, removed_at=None).first()
    if held is None:
        raise Fault("Found a webhook that is removed, expected one that is not.")
    return held


def _check(address: str, events: Iterable[str]) -> tuple[str, list[str]]:
    """The address in its one form, and the events in theirs. Raises Fault, with its field."""
    wanted = set(events)
    chosen = [kind.value for kind in CHOSEN_KINDS if kind.value in wanted]
    if not chosen or len(chosen) < len(wanted):
        unknown = ", ".join(sorted(wanted - set(chosen))) or "nothing"
        raise Fault(f"Found {unknown[:80]}, expected at least one of {', '.join(CHOSEN_KINDS)}.", field="events")
    if len(address) > LONGEST_ADDRESS:
        raise Fault(f"Found {len(address):,} characters, expected at most {LONGEST_ADDRESS}.", field="address")
    try:
        return str(read_receiver(address, endpoint_access())), chosen
    except AccessError as fault:
        raise Fault(fault.message, field="address") from fault


def _audit(actor: User | None, verb: str, webhook: Webhook, data: Mapping[str, object]) -> None:
    told = {"title": webhook.title, **data}
    AuditEvent.objects.create(
        actor=actor, verb=f"webhook.{verb}", object_type="webhook", object_id=webhook.pk, data=told
    )
