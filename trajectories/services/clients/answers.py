"""Requests that are sent twice: whatever one with a key makes, it makes once, and both get the same answer."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Now

from trajectories.core.faults import Fault
from trajectories.core.identity import content_hash
from trajectories.core.records import JSON
from trajectories.models import ApiAnswer

REMEMBERED = timedelta(days=7)
"""How long a key is known again."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A status of HTTP with what was answered; `again` says that it was answered before."""

    status: int
    body: JSON
    again: bool = False


def answer_once(
    *, person_id: int, operation: str, key: str, content: JSON, make: Callable[[], tuple[int, JSON]]
) -> Answered:
    """What `make` gives, or gave when it was called for the same person, operation and key before.

    One transaction holds both, so that of many callers at once one makes it and the others wait for its answer. Where
    `make` raises, nothing is remembered. Raises Fault where the key came with other content before.
    """
    digest = content_hash([person_id, operation, key])
    sent = content_hash(content)
    with transaction.atomic():
        kept, is_first = ApiAnswer.objects.get_or_create(digest=digest, defaults={"content_hash": sent})
        if not is_first:
            if kept.content_hash != sent:
                raise Fault(
                    "Found a key that came with another request before, expected a new one for each request.",
                    field="Idempotency-Key",
                )
            return Answered(kept.status, kept.body, again=True)
        kept.status, kept.body = make()
        kept.save(update_fields=["status", "body"])
        return Answered(kept.status, kept.body)


def forget_answers() -> int:
    """Forget the answers that nobody asks for again; the number of them."""
    return ApiAnswer.objects.filter(created_at__lt=Now() - REMEMBERED).delete()[0]
