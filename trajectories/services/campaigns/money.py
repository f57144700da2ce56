"""What the runs of a campaign have taken together, and what each of them may still take of its budget."""

from collections.abc import Mapping, Sequence
from decimal import ROUND_DOWN, Decimal
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Max, Q, QuerySet

from trajectories.core.campaigns.stages import Stage
from trajectories.core.identity import derive_seed
from trajectories.models import Campaign, Generation, Run, Sampler
from trajectories.selectors.campaigns import runs_of, spent
from trajectories.services.jobs.steering import JobError
from trajectories.services.runs.estimates import estimate_plan
from trajectories.services.runs.lifecycle import MAX_SEED, MAX_TITLE, plan_run, set_budget
from trajectories.services.runs.plans import Budget, Plan, PlanError

LEAST: dict[str, Any] = {"cost": Decimal("0.000001"), "tokens": 1}
"""The least budgets there are: a run whose campaign has nothing left gets these, and pauses."""


class SpentError(JobError):
    """The budget of a campaign has nothing left for another run."""


def check_generation_budget(budget: Budget, sampler: Sampler) -> None:
    """Raise PlanError, with the field, for a budget of a generation that cannot be kept."""
    try:
        budget.check(sampler)
    except PlanError as fault:
        raise PlanError(f"For each generation: {fault}", field=fault.field.replace("budget", "generation")) from fault


def budget_left(campaign: Campaign) -> dict[str, Any]:
    """What its runs may still take together of the money ("cost") and the "tokens" of a campaign; None for no limit."""
    return _left({"cost": campaign.budget_cost, "tokens": campaign.budget_tokens}, spent(campaign))


def generation_left(campaign: Campaign, number: int) -> dict[str, Any]:
    """The same of the budget that each generation has; None for no limit of its own."""
    return _left({"cost": campaign.generation_cost, "tokens": campaign.generation_tokens}, spent(campaign, number))


def _left(budget: Mapping[str, Any], taken: tuple[Decimal, int, int]) -> dict[str, Any]:
    used = {"cost": taken[0], "tokens": taken[1] + taken[2]}
    return {name: None if amount is None else amount - used[name] for name, amount in budget.items()}


def _smaller(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """The smaller amount of each, None where neither has a limit."""
    return {name: min((each for each in (one[name], other[name]) if each is not None), default=None) for name in one}


def must_wait(campaign: Campaign) -> bool:
    """Whether another run has to wait until those under way have ended: where there is a budget, each run gets all that
    is left of it, and two at once could take it twice."""
    if not campaign.is_limited:
        return False
    # A run of an earlier generation that more was asked of, and that somebody paused, is waited for by nobody.
    rows = campaign.generations.exclude(stage=Stage.DONE).values_list("run", "evaluation")
    newest = {key for keys in rows for key in keys if key is not None}
    return open_runs(campaign).filter(Q(state__in=Run.ACTIVE_STATES) | Q(pk__in=newest)).exists()


def open_runs(campaign: Campaign) -> QuerySet[Run]:
    """The runs of a campaign that have not ended."""
    return Run.objects.filter(pk__in=runs_of(campaign), finished_at__isnull=True).order_by("pk")


def plan_campaign_run(  # noqa: PLR0913 (for which generation, what, and with which seed)
    campaign: Campaign, row: Generation, *, title: str, sampler: Sampler, plan: Plan, number: int, draw: int = 0
) -> Run:
    """A run of a generation with all that is left of its budget and of that of the campaign; `number` gives the seed, 0
    that of the held-out problems, and `draw` another one where a generation is drawn anew. Raises SpentError and
    PlanError."""
    whole, own = budget_left(campaign), generation_left(campaign, row.number)
    for left, of in ((whole, "the campaign"), (own, f"generation {row.number}")):
        for name, amount in left.items():
            if amount is not None and amount <= 0:
                word = "money" if name == "cost" else "token"
                raise SpentError(f"The {word} budget of {of} is spent; raise it and resume.")
    left = _smaller(whole, own)
    path = ("generation", number) if draw == 0 else ("generation", number, "draw", draw)
    return plan_run(
        actor=campaign.created_by,
        title=title[:MAX_TITLE],
        sampler=sampler,
        plan=plan,
        seed=derive_seed(campaign.seed, *path) % MAX_SEED,
        problem_set=campaign.held_out_set if number == 0 else campaign.training_set,
        budget=Budget(seconds=campaign.kept_plan.run_seconds, **left),
        options={"recalls": True, **_longest_prompt(plan, sampler)},
    )


def _longest_prompt(plan: Plan, sampler: Sampler) -> dict[str, int]:
    """What a budget of tokens has to know of a language model's prompts."""
    return {"prompt_tokens": estimate_plan(plan=plan, sampler=sampler).prompt_tokens} if sampler.is_chat else {}


def share_budget(*, actor: User, campaign: Campaign) -> None:
    """Give the runs that have not ended equal parts of what is left, on top of what each has taken already."""
    runs: Sequence[Run] = list(open_runs(campaign).select_related("sampler"))
    number = campaign.generations.aggregate(newest=Max("number", default=0))["newest"]
    left = _smaller(budget_left(campaign), generation_left(campaign, number))
    for run in runs:
        used = {"cost": run.cost, "tokens": run.input_tokens + run.output_tokens}
        mine = {name: _part(name, amount, len(runs), used[name]) for name, amount in left.items()}
        if (mine["cost"], mine["tokens"]) != (run.budget_cost, run.budget_tokens):
            set_budget(actor=actor, run=run, budget=Budget(seconds=run.budget_seconds, **mine))


def _part(name: str, amount: Any, among: int, used: Any) -> Any:
    if amount is None:
        return None
    if name == "tokens":
        return max(used + amount // among, LEAST[name])
    return max((used + amount / among).quantize(LEAST[name], rounding=ROUND_DOWN), LEAST[name])
