"""Telling programs that the budget of a run or of a campaign is nearly spent, once for each budget.

What was told is in the audit log, by which it is not told again, whether a webhook listened or not.
"""

from collections.abc import Iterator
from decimal import Decimal

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from trajectories.core.records import JSON
from trajectories.models import AuditEvent, Campaign, Run
from trajectories.selectors.campaigns import spent
from trajectories.services.jobs.outbox import Kind, announce
from trajectories.services.locks import take_turn

LOW_PERCENT = 80
"""A budget of which more than so much is spent is low."""


def note_low_budgets() -> int:
    """Tell of each run and campaign that goes on, or is paused, and whose budget is low; how many were new."""
    return sum(_note(job, budgets) for job, budgets in _low_runs()) + sum(
        _note(job, budgets) for job, budgets in _low_campaigns()
    )


def _low_runs() -> Iterator[tuple[Run, list[dict[str, JSON]]]]:
    money = Q(cost__gt=F("budget_cost") * LOW_PERCENT / 100)
    tokens = Q(budget_tokens__lt=(F("input_tokens") + F("output_tokens")) * 100.0 / LOW_PERCENT)
    running = Run.objects.filter(money | tokens, state__in=(*Run.ACTIVE_STATES, Run.State.PAUSED))
    for run in running.defer("plan").order_by("pk"):
        yield run, _low(run, run.cost, run.input_tokens + run.output_tokens)


def _low_campaigns() -> Iterator[tuple[Campaign, list[dict[str, JSON]]]]:
    budgeted = Campaign.objects.exclude(budget_cost=None, budget_tokens=None)
    for campaign in budgeted.filter(state__in=(*Campaign.ACTIVE_STATES, Campaign.State.PAUSED)).order_by("pk"):
        cost, input_tokens, output_tokens = spent(campaign)
        yield campaign, _low(campaign, cost, input_tokens + output_tokens)


def _low(job: Run | Campaign, cost: Decimal, tokens: int) -> list[dict[str, JSON]]:
    """The budgets of a job that are low: the amount, what is spent of it, and of what."""
    found = list[dict[str, JSON]]()
    if job.budget_cost is not None and cost * 100 > job.budget_cost * LOW_PERCENT:
        found.append({"amount": f"{job.budget_cost:f}", "spent": f"{cost:f}", "currency": str(settings.CURRENCY)})
    if job.budget_tokens is not None and tokens * 100 > job.budget_tokens * LOW_PERCENT:
        found.append({"amount": str(job.budget_tokens), "spent": str(tokens), "currency": "tokens"})
    return found


def _note(job: Run | Campaign, budgets: list[dict[str, JSON]]) -> int:
    return sum(_note_one(job, each) for each in budgets)


@transaction.atomic
def _note_one(job: Run | Campaign, budget: dict[str, JSON]) -> bool:
    """Write down that a budget is low, and tell webhooks; False where that was done for the same budget."""
    word = job.job_kind.word
    verb, same = f"{word}.budget_low", {name: budget[name] for name in ("amount", "currency")}
    take_turn(verb, job.pk)
    if AuditEvent.objects.filter(object_type=word, object_id=job.pk, verb=verb, data__contains=same).exists():
        return False
    AuditEvent.objects.create(actor=None, verb=verb, object_type=word, object_id=job.pk, data=budget)
    told: dict[str, JSON] = {"id": job.pk, "limit": f"{word} “{job.title}”", "level": "warning", "day": None}
    announce(Kind.BUDGET_LOW, {**told, **budget, "title": job.title, "page": job.job_kind.address(job.pk)})
    return True
