"""Answers already paid for."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from trajectories.adapters.chat_api import CallError, PaidReply
from trajectories.core.identity import text_hash
from trajectories.core.records import Usage
from trajectories.core.text.storable import storable_text
from trajectories.models import Reply, Sampler
from trajectories.services.endpoints import rate_limits
from trajectories.services.endpoints.faults import keep_fault
from trajectories.services.jobs.outages import patiently
from trajectories.services.rows import insert_rows
from trajectories.services.texts import store_texts

T = TypeVar("T")


def recall(*, wanted: Mapping[str, str | None]) -> dict[str, PaidReply]:
    """The newest answers by request hash; `wanted` may name for a hash the one payer whose answer is meant."""
    kept = Reply.objects.select_related("raw").in_bulk(list(wanted))
    return {
        key: PaidReply(
            found.raw.body,
            Usage(found.input_tokens, found.cached_tokens, found.reasoning_tokens, found.output_tokens),
            found.seconds,
            found.max_output_tokens,
            found.payer,
            found.cost,
        )
        for key, found in kept.items()
        if wanted[key] is None or wanted[key] == found.payer
    }


@transaction.atomic
def remember(*, replies: Mapping[str, PaidReply]) -> None:
    """Keep answers by request hash in place of earlier ones; in one order, so that no two writers block each other."""
    raws = {key: storable_text(reply.raw) for key, reply in replies.items()}
    hashes = {key: text_hash(raw) for key, raw in raws.items()}
    store_texts({hashes[key]: raw for key, raw in raws.items()})
    now = timezone.now()
    rows = [
        {
            "request_hash": key,
            "raw_id": hashes[key],
            "seconds": reply.seconds,
            "max_output_tokens": reply.max_output_tokens,
            "payer": reply.payer,
            "cost": reply.cost,
            "created_at": now,
            **{name: getattr(reply.usage, name) for name in COUNTED},
        }
        for key, reply in sorted(replies.items())
    ]
    insert_rows(Reply, rows, conflicts=_REPLACE)


COUNTED = tuple(field.name for field in fields(Usage))
_REPLACED = ("raw_id", "seconds", "max_output_tokens", "payer", "cost", *COUNTED)
_REPLACE = f"(request_hash) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in _REPLACED)}"


class DatabasePorts:
    """adapters.chat_api.Ports on the database. `recalls` says whether replies that were paid for earlier may be used
    again. New replies are kept in any case, so that a crash loses none that is paid for."""

    def __init__(self, sampler: Sampler, *, recalls: bool) -> None:
        self._sampler, self._recalls = sampler, recalls

    def reserve(self, tokens: int) -> float:
        """See services.endpoints.rate_limits."""
        return _ask(lambda: rate_limits.reserve(sampler=self._sampler, tokens=tokens))

    def settle(self, tokens: int) -> None:
        """See services.endpoints.rate_limits."""
        _ask(lambda: rate_limits.settle(sampler=self._sampler, tokens=tokens))

    def hold(self, seconds: float, reason: str) -> None:
        """See services.endpoints.rate_limits."""
        _ask(lambda: rate_limits.hold(sampler=self._sampler, seconds=seconds, reason=reason))

    def note(self, kind: str, detail: str) -> None:
        """See services.endpoints.faults."""
        _ask(lambda: keep_fault(sampler=self._sampler, kind=kind, detail=detail))

    def recall(self, wanted: Mapping[str, str]) -> dict[str, PaidReply]:
        """See `recall`."""
        payers = dict.fromkeys(wanted) if self._recalls else {key: payer for key, payer in wanted.items() if payer}
        return _ask(lambda: recall(wanted=payers))

    def remember(self, replies: Mapping[str, PaidReply]) -> None:
        """See `remember`."""
        _ask(lambda: remember(replies=replies))

    def close(self) -> None:
        """Close the thread's connection."""
        connection.close()


def _ask(act: Callable[[], T]) -> T:
    """What `act` gives, also where the database is away for a while. Raises CallError where it stays away: the call may
    be made later."""
    try:
        return patiently(act)
    except (OperationalError, InterfaceError) as fault:
        raise CallError("database", f"The database did not answer: {fault}", retryable=True) from fault
