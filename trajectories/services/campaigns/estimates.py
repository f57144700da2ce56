"""What a campaign would take, before it is begun. Estimates, never bills."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User

from trajectories.adapters.training import TRAINERS
from trajectories.core.campaigns.plans import CampaignPlan
from trajectories.core.records import Usage
from trajectories.core.samplers.symbolic.population import GRID_CELLS, PIXEL_CELLS
from trajectories.services.campaigns.plans import Draft, Prepared
from trajectories.services.endpoints.local_models import counted_settings, serving_note
from trajectories.services.endpoints.samplers import WORK_A_SECOND
from trajectories.services.runs.estimates import Estimate, estimate_plan
from trajectories.services.runs.plans import Plan
from trajectories.services.spending.holding import note_of_plan
from trajectories.services.training.abilities import standing_of


@dataclass(frozen=True, slots=True)
class CampaignEstimate:
    """Runs and samples of a campaign. `samples` are those of the first rounds, `most_samples` those at the most.

    For a language model `cost` and `tokens` are about what all runs take together; `cost` is None where a price is not
    known. For the symbolic search `seconds` are processor seconds at the most. `notes` say why it would not go on now.
    """

    runs: int
    trainings: int
    samples: int
    most_samples: int
    cost: Decimal | None = None
    tokens: int | None = None
    seconds: float | None = None
    notes: Sequence[str] = ()


def limit_note_of(estimate: CampaignEstimate, draft: Draft, person: User | None) -> str:
    """Which daily limit will be short for what a campaign of that person would take; "" where it fits."""
    costs = {draft.sampler.name: estimate.cost}
    return note_of_plan(costs=costs, person_id=None if person is None else person.pk, noun="campaign")


def estimate_campaign(prepared: Prepared, draft: Draft) -> CampaignEstimate:
    """What a prepared campaign would take if every generation costs what the first one does. Raises ValueError for a
    sampler whose parameters are no settings."""
    plan, sampler = prepared.plan, draft.sampler
    arms = 2 if plan.control else 1
    evaluations = 1 + plan.generations * arms
    counts: dict[str, Any] = {"runs": plan.generations + evaluations, "trainings": plan.generations * arms}
    notes = [standing_of(TRAINERS[plan.trainer]).note, serving_note() if sampler.is_local else ""]
    counts["notes"] = [note for note in notes if note]
    samples = plan.generations * prepared.training.size + evaluations * prepared.held_out.size
    most = plan.generations * prepared.training.most + evaluations * prepared.held_out.most
    if not sampler.is_chat:
        each = _search_seconds(prepared.training, draft), _search_seconds(prepared.held_out, draft)
        seconds = plan.generations * each[0] + evaluations * each[1]
        return CampaignEstimate(**counts, samples=samples, most_samples=most, seconds=seconds)
    training = estimate_plan(plan=prepared.training, sampler=sampler)
    held_out = estimate_plan(plan=prepared.held_out, sampler=sampler)
    cost = None
    if training.cost is not None and held_out.cost is not None:
        cost = plan.generations * training.cost + evaluations * held_out.cost
    shown = _remembered(plan, training, held_out, arms, draft)
    cost = None if cost is None or shown[0] is None else cost + shown[0]
    tokens = shown[1] + plan.generations * _tokens(training) + evaluations * _tokens(held_out)
    return CampaignEstimate(**counts, samples=samples, most_samples=most, cost=cost, tokens=tokens)


def _remembered(
    plan: CampaignPlan, training: Estimate, held_out: Estimate, arms: int, draft: Draft
) -> tuple[Decimal | None, int]:
    """(money, tokens) of what memory shows once the first generation has drawn something: for each trace about the
    problem of a prompt and an answer, in every run but the first that is shown it."""
    settings = counted_settings(draft.sampler)
    each = [
        runs * plan.memory.count * (found.input_tokens + found.output_tokens)
        for runs, found in (
            (plan.generations, training),
            (plan.generations * arms if plan.measures_memory else 0, held_out),
        )
    ]
    return settings.cost_of(Usage(input_tokens=sum(each))), sum(each)


def _tokens(estimate: Estimate) -> int:
    return estimate.input_tokens + estimate.output_tokens


def _search_seconds(plan: Plan, draft: Draft) -> float:
    """Processor seconds of a run of the search at the most: grid and object views share one search, pixels another."""
    kept = draft.sampler.parameters.get("work")
    work = kept if type(kept) is int else GRID_CELLS
    if draft.is_limited:
        work = round((draft.search_seconds or 0) * WORK_A_SECOND)
    views = {instruction.view for instruction in plan.instructions}
    each = (work if views & {"grid", "object"} else 0) + (PIXEL_CELLS if "pixel" in views else 0)
    return len(plan.problems) * each / WORK_A_SECOND
