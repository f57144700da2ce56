"""Rate limits that all workers of an endpoint share, whatever the project, as token buckets in its gate's row."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from trajectories.core.text.storable import storable_text
from trajectories.models import EndpointGate, Sampler
from trajectories.selectors.samplers import gate_key

BURST_SECONDS = 3.0
"""A bucket holds what may be sent in so many seconds, and one request at least."""

LONGEST_HOLD = timedelta(days=1)


def lock_gate(sampler: Sampler) -> tuple[EndpointGate, datetime]:
    """(the gate's row, made on first use and locked until the transaction ends; now by the database's clock).

    Whoever also needs a run's row takes that first.
    """
    gates, key = EndpointGate.objects.select_for_update(no_key=True).annotate(now=Now()), gate_key(sampler)
    gate = gates.filter(pk=key).first()
    if gate is None:
        EndpointGate.objects.get_or_create(pk=key)
        gate = gates.get(pk=key)
    return gate, gate.now


def is_held(gate: EndpointGate, now: datetime) -> bool:
    """Whether the endpoint has asked for a pause that is not over yet."""
    return gate.held_until is not None and gate.held_until > now


def held_until(sampler: Sampler) -> float | None:
    """Seconds until the endpoint may be asked again; None where it may be asked now."""
    gate = EndpointGate.objects.annotate(now=Now()).filter(pk=gate_key(sampler)).first()
    if gate is None or gate.held_until is None or gate.held_until <= gate.now:
        return None
    return float((gate.held_until - gate.now).total_seconds())


@transaction.atomic
def reserve(*, sampler: Sampler, tokens: int) -> float:
    """Count one request of so many tokens; returns the seconds to wait until it may be sent.

    What cannot be sent at once is owed: the next one waits for longer, so that everybody is served in turn whichever
    worker asks, and nobody holds a lock while waiting.
    """
    requests_per_second, tokens_per_second = _rates(sampler)
    if requests_per_second is None and tokens_per_second is None:
        return 0.0
    gate, now = lock_gate(sampler)
    now = max(now, gate.filled_at or now)
    seconds = None if gate.filled_at is None else (now - gate.filled_at).total_seconds()
    gate.requests, wait_for_requests = _draw(gate.requests, seconds, requests_per_second, 1)
    gate.tokens, wait_for_tokens = _draw(gate.tokens, seconds, tokens_per_second, tokens)
    gate.filled_at = now
    gate.save(update_fields=["requests", "tokens", "filled_at"])
    return max(wait_for_requests, wait_for_tokens)


def _rates(sampler: Sampler) -> tuple[float | None, float | None]:
    limits = (sampler.parameters.get("requests_per_minute"), sampler.parameters.get("tokens_per_minute"))
    requests, tokens = (None if limit is None else limit / 60 for limit in limits)
    return requests, tokens


def _draw(level: float, seconds: float | None, rate: float | None, amount: float) -> tuple[float, float]:
    """(level after filling up for `seconds`, None for a full bucket, and taking `amount`; seconds until it is not
    below zero)."""
    if rate is None:
        return 0.0, 0.0
    most = max(1.0, rate * BURST_SECONDS)
    left = (most if seconds is None else min(most, level + seconds * rate)) - amount
    return left, max(0.0, -left / rate)


def settle(*, sampler: Sampler, tokens: int) -> None:
    """Count tokens beyond those reserved; negative where they were fewer."""
    if tokens and sampler.parameters.get("tokens_per_minute") is not None:
        EndpointGate.objects.filter(pk=gate_key(sampler)).update(tokens=F("tokens") - tokens)


@transaction.atomic
def hold(*, sampler: Sampler, seconds: float, reason: str) -> None:
    """Let nobody claim work for the sampler for so long, a day at most."""
    gate, now = lock_gate(sampler)
    until = now + min(timedelta(seconds=seconds), LONGEST_HOLD)
    gate.held_until = max(until, gate.held_until or until)
    gate.reason = storable_text(reason)
    gate.save(update_fields=["held_until", "reason"])
