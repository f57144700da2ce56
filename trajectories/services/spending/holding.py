"""Holding money of daily limits for calls in flight, so that workers together overrun none.

Whoever begins calls locks the limits that hold for them, adds up what the day has taken and what everybody has in
flight at the most it may cost, and begins only what is left. Locks: the run's row, then limits, then holds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction

from trajectories.models import Sampler, SpendHold, SpendLimit
from trajectories.selectors.spending import in_flight, is_anything_limited, limits_for, spent_today
from trajectories.services.spending.ledger import Payer
from trajectories.services.spending.words import in_money


@dataclass(frozen=True, slots=True)
class Room:
    """How many more calls a day's limits pay for; None where no limit holds. `lack` says what there is too little of,
    for people."""

    calls: int | None
    lack: str = ""


FREE = Room(None)


def has_limits(*, payer: Payer) -> bool:
    """Whether any limit holds for a payer; what is held need not be worked out where none does."""
    if not is_anything_limited():
        return False
    name = Sampler.objects.only("name").get(pk=payer.sampler_id).name
    return bool(limits_for(sampler_name=name, person_id=payer.person_id))


def room_for_attempts(*, payer: Payer, each: Decimal | None) -> Room:
    """How many more attempts of a run, at so much money each, the daily limits of its payer leave room for. Call it in
    the transaction that leases them. Attempts without a known price are not limited."""
    if not each:
        return FREE
    sampler = Sampler.objects.only("name").get(pk=payer.sampler_id)
    limits = _locked(sampler.name, payer.person_id)
    if not limits:
        return FREE
    _keep(payer, sampler.name, each=each)
    rooms = []
    for limit in limits:
        spent, flying = spent_today(limit), in_flight(limit)
        calls = max(0, int((limit.amount - spent - flying) / each))
        rooms.append((calls, _lack(limit, spent, flying, each, "a sample")))
    return Room(*min(rooms))


@transaction.atomic
def hold_calls(*, payer: Payer, sampler: Sampler, flying: Decimal, more: Decimal) -> str:
    """Hold money for a call that may cost `more`, beside those of the job in flight, which may cost `flying`; the lack
    in one sentence where it cannot be made today, else nothing."""
    limits = _locked(sampler.name, payer.person_id)
    if not limits:
        return ""
    for limit in limits:
        spent = spent_today(limit)
        others = in_flight(limit, beside=(payer.kind, payer.job_id))
        if spent + others + flying + more > limit.amount:
            _keep(payer, sampler.name, cost=flying)
            return _lack(limit, spent, others + flying, more, "a call")
    _keep(payer, sampler.name, cost=flying + more)
    return ""


def lack_today(*, payer: Payer, more: Decimal) -> str:
    """What daily limits lack for a call that may cost so much more, in one sentence; nothing where it may be made. For
    calls that cost little: nothing is held for them, so that workers together can go a call each beyond a limit."""
    name = Sampler.objects.only("name").get(pk=payer.sampler_id).name
    for limit in limits_for(sampler_name=name, person_id=payer.person_id):
        spent, flying = spent_today(limit), in_flight(limit)
        if spent + flying + more > limit.amount:
            return _lack(limit, spent, flying, more, "a call")
    return ""


def note_of_plan(*, costs: Mapping[str, Decimal | None], person_id: int | None, noun: str = "run") -> str:
    """Which daily limit will be short of most money today, in one sentence, for a job of a person that will likely cost
    so much by the name of each sampler; nothing where it fits into each, or no cost is known."""
    wanted: dict[tuple[bool, int], tuple[SpendLimit, Decimal]] = {}
    for name, cost in costs.items():
        for limit in limits_for(sampler_name=name, person_id=person_id) if cost else ():
            key = limit.is_together, limit.pk
            _, before = wanted.get(key, (limit, Decimal(0)))
            wanted[key] = limit, before + (cost or 0)
    rooms = [(limit.amount - spent_today(limit) - in_flight(limit), limit, cost) for limit, cost in wanted.values()]
    short = [(left - cost, left, limit) for left, limit, cost in rooms if cost > left]
    if not short:
        return ""
    _, left, limit = min(short, key=lambda room: room[0])
    return (
        f"The daily limit of {limit.subject}, {in_money(limit.amount)}, has {in_money(max(left, Decimal(0)))} left "
        f"today: the {noun} will pause there, and go on by itself after midnight UTC."
    )


def _locked(sampler_name: str, person_id: int | None) -> list[SpendLimit]:
    if not limits_for(sampler_name=sampler_name, person_id=person_id):
        return []
    return limits_for(sampler_name=sampler_name, person_id=person_id, lock=True)


def _keep(payer: Payer, sampler_name: str, **amounts: Decimal) -> None:
    SpendHold.objects.update_or_create(
        kind=payer.kind,
        job_id=payer.job_id,
        defaults={"sampler_name": sampler_name, "person_id": payer.person_id, **amounts},
    )


def _lack(limit: SpendLimit, spent: Decimal, flying: Decimal, each: Decimal, noun: str) -> str:
    """Why nothing more is begun today, with what is in flight, but for what other projects spend."""
    left = max(Decimal(0), limit.amount - spent - flying)
    more = f" and up to {in_money(flying)} in flight" if flying else ""
    sums = "" if limit.is_together else f": {in_money(spent)} spent today{more}"
    return (
        f"The daily limit of {limit.subject}, {in_money(limit.amount)}, has {in_money(left)} left{sums}; "
        f"{noun} may cost {in_money(each)}. It goes on by itself after midnight UTC, or once the limit allows it."
    )
