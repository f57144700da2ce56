"""Campaigns and trainings: how the loop goes that samples, verifies, curates and trains, and deciding otherwise."""

from decimal import Decimal
from typing import Annotated, Any

from django.http import Http404, HttpRequest
from ninja import Schema
from pydantic import Field

from trajectories.api.auth import asking
from trajectories.api.doors import door
from trajectories.api.shapes import Body, Cursor, Key, Limit, Rows, Text, rows_of
from trajectories.core.records import JSON
from trajectories.models import ApiToken, Campaign, Training
from trajectories.selectors.blinding import SEE_REVIEWS
from trajectories.selectors.campaigns import list_campaigns, list_generations, spent
from trajectories.selectors.paging import page_by_id
from trajectories.services.campaigns.gating import LONGEST_REASON, overrule_gate

VIEW = ("trajectories.view_campaign", SEE_REVIEWS)
VIEW_TRAINING = ("trajectories.view_training", SEE_REVIEWS)
MADE = ("run", "release", "training", "sampler", "evaluation", "queue")


class CampaignRow(Schema):
    """A campaign of a list: `done` of `generations` are over, `champion` is the sampler that is best so far."""

    id: int
    title: str
    state: str
    reason: str
    template: str
    training_set: str
    held_out_set: str
    first_sampler: int
    champion: int
    generations: int
    done: int
    created_by: str | None
    created_at: str
    finished_at: str | None


class GenerationShown(Schema):
    """One arm of one generation: ids of what it made, the figures of its evaluation, and what the gate said."""

    number: int
    arm: str
    stage: str
    is_stuck: bool
    run: int | None
    release: int | None
    training: int | None
    sampler: int | None
    evaluation: int | None
    queue: int | None
    measured: dict[str, Any]
    decision: dict[str, Any]


class CampaignShown(CampaignRow):
    """A campaign with its plan, its generations in order, what it has taken, and what it and each of its generations
    may take; null is no limit."""

    plan: dict[str, Any]
    rows: list[GenerationShown]
    cost: float
    tokens: int
    budget_cost: float | None
    budget_tokens: int | None
    generation_cost: float | None
    generation_tokens: int | None
    seed: int
    cloned_from: int | None


class Overrule(Body):
    """Which generation's gate is decided otherwise, and why."""

    number: Annotated[int, Field(ge=1, lt=2**15)]
    reason: Annotated[Text, Field(min_length=1, max_length=LONGEST_REASON)]


class TrainingRow(Schema):
    """A training: `done` of `total` in `unit`. `sampler` is what it made, once it is there."""

    id: int
    title: str
    trainer: str
    state: str
    reason: str
    release: int
    base: int | None
    sampler: int | None
    seed: int
    done: int
    total: int
    unit: str
    created_by: str | None
    created_at: str
    finished_at: str | None


class TrainingShown(TrainingRow):
    """A training with its parameters, the rule that chose its rows, and what became known of it."""

    parameters: dict[str, Any]
    rule: dict[str, Any]
    facts: dict[str, Any]


@door("GET", "/campaigns", *VIEW, answers=Rows[CampaignRow])
def list_all_campaigns(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> Any:  # noqa: ARG001
    """Campaigns, newest first. They are paused, resumed and cancelled as jobs of the kind `campaign`."""
    return rows_of(list_campaigns(before=cursor, size=limit), _row)


def _row(campaign: Campaign) -> dict[str, JSON]:
    return {
        **_job(campaign),
        "reason": campaign.state_reason,
        "template": campaign.template,
        "training_set": campaign.training_set.name,
        "held_out_set": campaign.held_out_set.name,
        "first_sampler": campaign.first_sampler_id,
        "champion": campaign.champion_id,
        "generations": campaign.generation_count,
        "done": campaign.done_count,
    }


def _job(job: Any) -> dict[str, JSON]:
    return {
        **{name: getattr(job, name) for name in ("id", "title", "state")},
        "created_by": job.created_by.username if job.created_by else None,
        "created_at": job.created_at.isoformat(),
        "finished_at": job.finished_at.isoformat() if job.finished_at else None,
    }


@door("GET", "/campaigns/{campaign_id}", *VIEW, answers=CampaignShown)
def get_campaign(request: HttpRequest, campaign_id: Key) -> Any:  # noqa: ARG001
    """One campaign with its generations."""
    return show_campaign(find_campaign(campaign_id))


def find_campaign(campaign_id: int) -> Campaign:
    """A campaign with what is told of it. Raises Http404."""
    related = ("training_set", "held_out_set", "created_by")
    found = Campaign.objects.select_related(*related).filter(pk=campaign_id).first()
    if found is None:
        raise Http404(f"There is no campaign {campaign_id}.")
    return found


def show_campaign(campaign: Campaign) -> dict[str, Any]:
    """A campaign as it is answered."""
    cost, input_tokens, output_tokens = spent(campaign)
    return {
        **_row(campaign),
        "plan": campaign.plan,
        "rows": [_generation(row) for row in list_generations(campaign)],
        "cost": float(cost),
        "tokens": input_tokens + output_tokens,
        **{name: _money(getattr(campaign, name)) for name in ("budget_cost", "generation_cost")},
        **{name: getattr(campaign, name) for name in ("budget_tokens", "generation_tokens", "seed")},
        "cloned_from": campaign.cloned_from_id,
    }


def _money(amount: Decimal | None) -> float | None:
    return None if amount is None else float(amount)


def _generation(row: Any) -> dict[str, JSON]:
    same = ("number", "arm", "stage", "is_stuck", "measured", "decision")
    return {**{name: getattr(row, name) for name in same}, **{name: getattr(row, f"{name}_id") for name in MADE}}


@door(
    "POST",
    "/campaigns/{campaign_id}/overrule",
    *("trajectories.add_campaign", SEE_REVIEWS),
    scope=ApiToken.Scope.LAUNCH,
    answers=CampaignShown,
)
def overrule_campaign(request: HttpRequest, campaign_id: Key, given: Overrule) -> Any:
    """Decide otherwise than the gate did on the newest challenger, with a reason."""
    find_campaign(campaign_id)
    overrule_gate(actor=asking(request), campaign_id=campaign_id, number=given.number, reason=given.reason)
    return show_campaign(find_campaign(campaign_id))


@door("GET", "/trainings", *VIEW_TRAINING, answers=Rows[TrainingRow])
def list_all_trainings(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> Any:  # noqa: ARG001
    """Trainings, newest first. They are cancelled and tried again as jobs of the kind `training`."""
    rows = Training.objects.select_related("created_by").defer("facts", "funnel")
    return rows_of(page_by_id(rows, size=limit, before=cursor), show_training)


def show_training(training: Training) -> dict[str, JSON]:
    """A training of a list as it is answered."""
    return {
        **_job(training),
        **{name: getattr(training, name) for name in ("trainer", "reason", "seed", "unit")},
        **{name: getattr(training, f"{name}_id") for name in ("release", "base", "sampler")},
        "done": training.done_count,
        "total": training.total_count,
    }


@door("GET", "/trainings/{training_id}", *VIEW_TRAINING, answers=TrainingShown)
def get_training(request: HttpRequest, training_id: Key) -> Any:  # noqa: ARG001
    """One training."""
    return show_whole_training(find_training(training_id))


def find_training(training_id: int) -> Training:
    """A training. Raises Http404."""
    found = Training.objects.select_related("created_by").filter(pk=training_id).first()
    if found is None:
        raise Http404(f"There is no training {training_id}.")
    return found


def show_whole_training(training: Training) -> dict[str, Any]:
    """A training with what became known of it."""
    same = {name: getattr(training, name) for name in ("parameters", "rule", "facts")}
    return {**show_training(training), **same}
