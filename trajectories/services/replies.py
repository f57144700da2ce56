"""Answers already paid for."""

from dataclasses import asdict

from django.db import connection

from trajectories.adapters.chat_api import PaidReply
from trajectories.core.identity import text_hash
from trajectories.core.records import Usage
from trajectories.core.storable import storable_text
from trajectories.models import Reply, Sampler
from trajectories.services import rate_limits
from trajectories.services.traces import store_texts


def recall(*, request_hash: str, payer: str | None = None) -> PaidReply | None:
    """The newest answer to the same request, of one payer only where one is named."""
    kept = Reply.objects.select_related("raw").filter(pk=request_hash)
    found = (kept if payer is None else kept.filter(payer=payer)).first()
    if found is None:
        return None
    usage = Usage(found.input_tokens, found.cached_tokens, found.reasoning_tokens, found.output_tokens)
    return PaidReply(found.raw.body, usage, found.seconds, found.max_output_tokens, found.payer)


def remember(*, request_hash: str, reply: PaidReply) -> None:
    """Keep an answer in place of an earlier one."""
    raw = storable_text(reply.raw)
    store_texts({text_hash(raw): raw})
    fields = {
        "raw_id": text_hash(raw),
        "seconds": reply.seconds,
        "max_output_tokens": reply.max_output_tokens,
        "payer": reply.payer,
        **asdict(reply.usage),
    }
    Reply.objects.bulk_create(
        [Reply(request_hash=request_hash, **fields)],
        update_conflicts=True,
        unique_fields=["request_hash"],
        update_fields=[name.removesuffix("_id") for name in fields],
    )


class DatabasePorts:
    """adapters.chat_api.Ports on the database. `recalls` says whether answers that others have paid for may be used;
    new ones are kept in any case, so that whoever paid gets them after a crash."""

    def __init__(self, sampler: Sampler, *, recalls: bool) -> None:
        self._sampler, self._recalls = sampler, recalls

    def reserve(self, tokens: int) -> float:
        """See services.rate_limits."""
        return rate_limits.reserve(sampler=self._sampler, tokens=tokens)

    def settle(self, tokens: int) -> None:
        """See services.rate_limits."""
        rate_limits.settle(sampler=self._sampler, tokens=tokens)

    def hold(self, seconds: float, reason: str) -> None:
        """See services.rate_limits."""
        rate_limits.hold(sampler=self._sampler, seconds=seconds, reason=reason)

    def recall(self, request_hash: str, payer: str) -> PaidReply | None:
        """See `recall`."""
        if not self._recalls and not payer:
            return None
        return recall(request_hash=request_hash, payer=None if self._recalls else payer)

    def remember(self, request_hash: str, reply: PaidReply) -> None:
        """See `remember`."""
        remember(request_hash=request_hash, reply=reply)

    def close(self) -> None:
        """Close the thread's connection."""
        connection.close()
