"""Budgets: what a run is charged, and how many more attempts it can pay for, counting what is in flight at the most it
may cost."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from decimal import Decimal

from django.db.models import F, Max

from trajectories.adapters.chat_api import ChatSettings
from trajectories.core.records import Usage
from trajectories.models import Attempt, BatchItem, Reply, Run, Trace
from trajectories.services.endpoints.local_models import counted_settings
from trajectories.services.runs.requests import attempt_payer
from trajectories.services.spending.ledger import Payer, book
from trajectories.services.spending.words import in_money

UNKNOWN_PROMPT_TOKENS = 8_192
"""For a run whose prompts were not measured when it was planned."""
NEWEST = 100
"""So many samples of a run are looked at for what one may take."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """What one sample may take at the most; `cost` is None where a price is unknown."""

    tokens: int
    cost: Decimal | None


def reservation_of(run: Run) -> Reservation:
    """The most one sample of the run may take: its longest prompt and an answer that uses all it may, or of an agent
    all the tokens that its calls may take together. Where one of the run's newest samples took more, as with an
    endpoint that charges thoughts beyond the limit of tokens, so much as that one."""
    stated = _stated(run)
    if not run.done_count:
        return stated
    newest = Trace.objects.filter(run=run).order_by("-pk").values("pk")[:NEWEST]
    seen = Trace.objects.filter(pk__in=newest).aggregate(
        tokens=Max(F("input_tokens") + F("output_tokens"), default=0), cost=Max("cost", default=Decimal(0))
    )
    cost = None if stated.cost is None else max(stated.cost, seen["cost"])
    return Reservation(max(stated.tokens, seen["tokens"]), cost)


def _stated(run: Run) -> Reservation:
    """What one sample may take by what sampler and plan say."""
    settings = counted_settings(run.sampler)
    plan = run.kept_plan
    if plan.agent is not None:
        return _of_agent(settings, plan.agent["turns"], plan.agent["tokens"])
    prompt = UNKNOWN_PROMPT_TOKENS if plan.prompt_tokens is None else plan.prompt_tokens
    usage = Usage(input_tokens=prompt, output_tokens=settings.max_output_tokens)
    return Reservation(usage.input_tokens + usage.output_tokens, settings.reserved(settings.cost_of(usage)))


def _of_agent(settings: ChatSettings, turns: int, tokens: int) -> Reservation:
    """Of an agent's tokens as many count as output as its answers may have, where output is the dearer."""
    written = min(tokens, turns * settings.max_output_tokens)
    costs = [settings.cost_of(Usage(input_tokens=tokens - output, output_tokens=output)) for output in (0, written)]
    known = [cost for cost in costs if cost is not None]
    return Reservation(tokens, max(known) if known else None)


def affordable(run: Run, in_flight: int, most: Callable[[], Reservation] | None = None) -> tuple[int | None, str]:
    """(how many more attempts may start beside those in flight, None without a budget; what there is too little of).

    `most` says what one sample may take, for a caller that asks it elsewhere too; it is asked only with a budget.
    """
    if run.budget_tokens is None and run.budget_cost is None:
        return None, ""
    each = reservation_of(run) if most is None else most()
    found: list[tuple[int, str]] = []
    if run.budget_tokens is not None:
        left = run.budget_tokens - run.input_tokens - run.output_tokens
        word = (
            f"The token budget of {run.budget_tokens:,} has {max(0, left):,} left; a sample may take {each.tokens:,}."
        )
        found.append((max(0, left // each.tokens - in_flight), word))
    if run.budget_cost is not None and each.cost:
        money = run.budget_cost - run.cost
        word = (
            f"The money budget of {in_money(run.budget_cost)} has {in_money(max(money, Decimal(0)))} left; "
            f"a sample may cost {in_money(each.cost)}."
        )
        found.append((max(0, int(money / each.cost) - in_flight), word))
    return min(found) if found else (None, "")


def charge_run(run: Run, usage: Usage, cost: Decimal | None, *, sampler_id: int | None = None) -> None:
    """Count what was paid for, to the run's sampler or to another one; the run's row is locked. A cost that nobody
    knows adds none."""
    counts = {name: F(name) + count for name, count in asdict(usage).items() if count}
    if counts or cost:
        Run.objects.filter(pk=run.pk).update(cost=F("cost") + (cost or 0), **counts)
    book(payer=Payer("run", run.pk, sampler_id or run.sampler_id, run.created_by_id), usage=usage, cost=cost)


def charge_unstored(run: Run) -> None:
    """Count the answers of batches that came for attempts without a sample yet, before these are dropped: nobody will
    collect what they took. The run's row is locked, and `run` has the new sums."""
    waiting = (Attempt.State.PENDING, Attempt.State.LEASED)
    answered = BatchItem.objects.filter(
        batch__run=run, state=BatchItem.State.ANSWERED, attempt__state__in=waiting
    ).values_list("request_hash", "attempt_id")
    payers = {key: attempt_payer(attempt_id) for key, attempt_id in answered}
    for reply in Reply.objects.filter(pk__in=payers):
        if reply.payer == payers[reply.pk]:
            charge_run(run, usage_of(reply), reply.cost)
    if payers:
        run.refresh_from_db(fields=["cost", *(field.name for field in fields(Usage))])


def usage_of(reply: Reply) -> Usage:
    """What an answer took."""
    return Usage(reply.input_tokens, reply.cached_tokens, reply.reasoning_tokens, reply.output_tokens)
