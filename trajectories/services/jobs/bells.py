"""Bells of work that many workers may do at once: few messages, however much work there is.

The owner of the work asks with `ring` for messages to send. Whoever hears one takes it with `answer`, works for a few
seconds, and then either puts it back into the queue (`ring_on`) or away (`put_away`). A slot whose message was lost
gets a copy of the same message from `ring`, so a queue in which messages wait for long is not filled with new ones.
"""

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from trajectories.core.records import JSON
from trajectories.models import Bell

SAMPLING, VERIFICATION, WORDS = "sampling", "verification", "words"
"""Kinds of bells."""


def lease_time() -> timedelta:
    """How long a worker's answer to a bell holds without `keep` (the setting LEASE_SECONDS). Where it runs out while
    the worker is still busy, a second worker joins in; only one of the two rings on."""
    return timedelta(seconds=settings.LEASE_SECONDS)


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a message carries: which bell it is, and the token by which it is known to be the current one."""

    kind: str
    source: int
    slot: int
    token: uuid.UUID

    def words(self) -> list[JSON]:
        """As the arguments of a task."""
        return [self.kind, self.source, self.slot, str(self.token)]

    @classmethod
    def read(cls, kind: str, source: int, slot: int, token: str) -> Self:
        """From the arguments of a task."""
        return cls(kind, source, slot, uuid.UUID(token))


@transaction.atomic
def ring(*, kind: str, source: int, bells: int) -> list[Ticket]:
    """The messages to send so that up to `bells` bells of this source are out; none where they are.

    A bell that was rung long ago (the BELL_SECONDS setting) and that nobody answers is sent again as it was.
    """
    wanted = [Bell(kind=kind, source=source, slot=slot, token=uuid.uuid4()) for slot in range(bells)]
    made = {bell.token for bell in wanted}
    Bell.objects.bulk_create(wanted, ignore_conflicts=True)
    ours = Bell.objects.filter(kind=kind, source=source)
    silent = ours.filter(_unanswered(), rung_at__lt=Now() - timedelta(seconds=settings.BELL_SECONDS))
    lost = list(silent.select_for_update(skip_locked=True, no_key=True))
    Bell.objects.filter(pk__in=[bell.pk for bell in lost]).update(rung_at=Now(), lease_expires_at=None)
    return [_ticket(bell) for bell in (*ours.filter(token__in=made).order_by("slot"), *lost)]


def answer(ticket: Ticket) -> bool:
    """Begin to work for a bell; False for an old copy of its message, or where another worker is busy with it."""
    return bool(_current(ticket).filter(_unanswered()).update(lease_expires_at=Now() + lease_time()))


def keep(ticket: Ticket) -> None:
    """Say that the work for it goes on."""
    _current(ticket).update(lease_expires_at=Now() + lease_time())


def ring_on(ticket: Ticket) -> Ticket | None:
    """The message to send because there is more to do; None where it was taken over."""
    token = uuid.uuid4()
    if not _current(ticket).update(token=token, rung_at=Now(), lease_expires_at=None):
        return None
    return Ticket(ticket.kind, ticket.source, ticket.slot, token)


def put_away(ticket: Ticket) -> None:
    """Nothing is left to do. Whoever puts a bell away looks once more afterwards: work that came in between found the
    bell out and did not ring."""
    _current(ticket).delete()


def _current(ticket: Ticket) -> QuerySet[Bell]:
    return Bell.objects.filter(kind=ticket.kind, source=ticket.source, slot=ticket.slot, token=ticket.token)


def _unanswered() -> Q:
    return Q(lease_expires_at=None) | Q(lease_expires_at__lt=Now())


def _ticket(bell: Bell) -> Ticket:
    return Ticket(bell.kind, bell.source, bell.slot, bell.token)
