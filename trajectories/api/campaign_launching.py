"""Launching campaigns: the templates there are, what one would take, beginning it, and its figures."""

from collections.abc import Mapping
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Path, Schema
from ninja.responses import Status
from pydantic import Field

from trajectories.adapters.training import TRAINERS
from trajectories.api.auth import asking
from trajectories.api.campaigns import VIEW, CampaignShown, find_campaign, show_campaign
from trajectories.api.doors import door
from trajectories.api.form_bodies import as_decimal, body_of, known_names, sent_of
from trajectories.api.insights import FigureShown, show_figure
from trajectories.api.shapes import Body, IdempotencyKey, Key, OneOf, RowId, once
from trajectories.charts.campaigns import CAMPAIGN_CHARTS
from trajectories.core.campaigns.plans import BEGIN_FROM
from trajectories.core.campaigns.templates import EMBEDDED_ARC, TEMPLATES
from trajectories.core.faults import Fault
from trajectories.core.records import JSON
from trajectories.core.strategies import STRATEGIES
from trajectories.forms.campaign_beginnings import WITHOUT, beginning_of, filled_form
from trajectories.forms.campaign_templates import Offer, offers
from trajectories.forms.campaigns import CampaignForm
from trajectories.forms.run_choices import setting_name
from trajectories.forms.trainer_fields import trainer_field
from trajectories.models import ApiToken, Campaign
from trajectories.selectors.blinding import SEE_REVIEWS
from trajectories.selectors.campaigns import list_generations
from trajectories.services.campaigns.estimates import limit_note_of
from trajectories.services.campaigns.plans import plan_campaign
from trajectories.services.campaigns.steering import set_campaign_budget
from trajectories.services.prompts.instructions import ensure_symbolic_views
from trajectories.services.runs.plans import PARALLEL, Budget

ADD = ("trajectories.add_campaign", SEE_REVIEWS)
OWN = ("template", "like", "without", "settings", "parameters")
"""What a program sends beside the fields of the page."""
NOT_OF_CAMPAIGNS = (
    "memory_release",
    "memory_any_split",
    "memory_near",
    "memory_from",
    "trainer",
    "template",
    "temperatures",
)
"""Fields of the form that a campaign has not, or that are told otherwise here."""
Amount = Annotated[float, Field(ge=0, lt=10**7)]
Tokens = Annotated[int, Field(ge=0, le=10**15)]

CampaignWanted = body_of(
    "CampaignWanted",
    "What a campaign does, as on its form. What is left out is as the template, or the campaign that is cloned, has it;"
    " null is what the form calls empty.",
    {name: field for name, field in CampaignForm.base_fields.items() if name not in NOT_OF_CAMPAIGNS},
    template=Annotated[str, OneOf(TEMPLATES), Field(description="The template to begin with.")],
    like=Annotated[RowId, Field(description="Id of a campaign to clone, in place of a template; with another seed.")],
    without=Annotated[
        str,
        OneOf(WITHOUT),
        Field(description="What a clone leaves out, to measure what it brings; all else, the seed too, stays."),
    ],
    instructions=Annotated[list[RowId], Field(max_length=200, description="Ids of instructions.")],
    temperatures=Annotated[list[float], Field(min_length=1, max_length=20)],
    memory_from=Annotated[str, OneOf(("verifiers", "people")), Field(description="Who says which traces are good.")],
    trainer=Annotated[str, Field(max_length=40, description="A key of GET /trainers.")],
    settings=Annotated[dict[str, int], Field(description="Of the strategy, by name.")],
    parameters=Annotated[dict[str, bool | int | float | str], Field(description="Of the trainer, by name.")],
)


class CampaignEstimateShown(Schema):
    """What a campaign would take: its problems on both sides, how many training problems are left out because they are
    like held-out ones, runs, trainings, samples in the first rounds and at most. `tokens` and `cost` are of language
    models (null where no price is known), `seconds` of a processor of the embedded search. `notes` say what to know
    before."""

    training_problems: int
    held_out_problems: int
    left_out: int
    runs: int
    trainings: int
    samples: int
    most_samples: int
    tokens: int | None
    cost: float | None
    seconds: float | None
    notes: list[str]


class TemplateRow(Schema):
    """A template: what it `lacks` here, and why its trainings would wait, in one sentence each or "". `values`,
    `settings` and `parameters` are what a launch by it begins with, where that is not what every campaign does."""

    name: str
    title: str
    summary: str
    source: str
    needs_model: bool
    lacks: str
    waits: str
    values: dict[str, Any]
    settings: dict[str, Any]
    parameters: dict[str, Any]


class Templates(Schema):
    """Every template."""

    items: list[TemplateRow]


class CampaignBudget(Body):
    """What the runs of a campaign may take from now on in all, and those of each generation; 0 for no limit."""

    budget_cost: Amount = 0
    budget_tokens: Tokens = 0
    generation_cost: Amount = 0
    generation_tokens: Tokens = 0


@door("GET", "/campaign_templates", *VIEW, answers=Templates, tag="campaigns")
def list_campaign_templates(request: HttpRequest) -> Any:  # noqa: ARG001
    """The templates that a campaign may begin with."""
    ensure_symbolic_views()
    return {"items": [_template(each) for each in offers()]}


def _template(offer: Offer) -> dict[str, Any]:
    begin = beginning_of(template=offer.template)
    names = {name: ("settings", part) for name, part in _settings().items()}
    names |= {name: ("parameters", part) for name, part in _parameters().items()}
    told: dict[str, dict[str, Any]] = {"values": {}, "settings": {}, "parameters": {}}
    strategy, trainer = begin.get("strategy", ""), begin.get("trainer", "")
    for name, value in begin.items():
        part, (owner, known) = names.get(name, ("values", ("", name)))
        if owner in ("", strategy, trainer):
            told[part][known] = value
    same = ("name", "title", "summary", "source", "needs_model")
    return {
        **{name: getattr(offer.template, name) for name in same},
        "lacks": offer.lacks,
        "waits": offer.waits,
        **told,
    }


def _settings() -> Mapping[str, tuple[str, str]]:
    """(strategy, name of a setting) by the name of its field."""
    return {
        setting_name(each, part): (each.name, part.name) for each in STRATEGIES.values() for part in each.parameters
    }


def _parameters() -> Mapping[str, tuple[str, str]]:
    """(trainer, name of a parameter) by the name of its field."""
    return {trainer_field(each, part): (each.key, part.name) for each in TRAINERS.values() for part in each.parameters}


@door("POST", "/campaigns/estimate", *ADD, scope=ApiToken.Scope.LAUNCH, answers=CampaignEstimateShown)
def estimate_campaign(request: HttpRequest, given: CampaignWanted) -> Any:  # type: ignore[valid-type]
    """What a campaign would take. Nothing is launched."""
    data = _checked(given)
    found, prepared = data["estimate"], data["prepared"]
    same = ("runs", "trainings", "samples", "most_samples", "tokens", "seconds")
    limit_note = limit_note_of(found, data["draft"], asking(request))
    return {
        **{name: getattr(found, name) for name in same},
        "training_problems": len(prepared.plan.training_problems),
        "held_out_problems": len(prepared.plan.held_out_problems),
        "left_out": len(prepared.left_out),
        "cost": None if found.cost is None else float(found.cost),
        "notes": [*found.notes, *filter(None, [limit_note])],
    }


@door("POST", "/campaigns", *ADD, scope=ApiToken.Scope.LAUNCH, answers=CampaignShown, status=201)
def launch_campaign(
    request: HttpRequest,
    given: CampaignWanted,  # type: ignore[valid-type]
    idempotency_key: IdempotencyKey = None,
) -> Status[Any]:
    """Launch a campaign by a template, or one like another. It is checked and planned as one of its page. GET
    /campaigns/{id} says how far it is."""

    def make() -> dict[str, Any]:
        campaign = plan_campaign(actor=asking(request), draft=_checked(given)["draft"])
        return show_campaign(find_campaign(campaign.pk))

    return once(request, idempotency_key, given, make)


def _checked(given: Any) -> dict[str, Any]:
    """What a campaign is planned of, as its form has checked it. Raises Fault, with the field."""
    ensure_symbolic_views()
    like = None
    if given.like is not None:
        like = Campaign.objects.filter(pk=given.like).first()
        if like is None:
            raise Fault(f"Found {given.like}, expected the id of a campaign that is there.", field="like")
    if given.without and like is None:
        raise Fault("Found no campaign that is cloned, expected one in `like`.", field="without")
    if like is not None and given.template is not None:
        raise Fault("Found a campaign that is cloned too, expected one of both.", field="template")
    template = TEMPLATES[given.template] if given.template else EMBEDDED_ARC
    begin = beginning_of(template=template, like=like, without=given.without or "")
    changes = sent_of(given, but=OWN)
    if given.temperatures is not None:
        changes["temperatures"] = " ".join(f"{each:g}" for each in given.temperatures)
    changes |= _of_the_strategy(given, str(changes.get("strategy", begin.get("strategy", PARALLEL))))
    form = filled_form(begin, changes, like=like)
    parameters = _of_the_trainer(given, str(form["trainer"].value()))
    if parameters:
        form = filled_form(begin, changes | parameters, like=like)
    if not form.is_valid():
        raise _fault_of(form)
    return form.cleaned_data


def _of_the_strategy(given: Any, name: str) -> dict[str, JSON]:
    strategy, asked = STRATEGIES[name], given.settings or {}
    known_names(asked, [each.name for each in strategy.parameters], "settings")
    return {setting_name(strategy, each): asked[each.name] for each in strategy.parameters if each.name in asked}


def _of_the_trainer(given: Any, key: str) -> dict[str, JSON]:
    """What is asked of the trainer; which sampler each training begins from is said by the campaign."""
    trainer, asked = TRAINERS.get(key), given.parameters or {}
    if trainer is None:
        raise Fault(f"Found {key[:40]!r}, expected one of {', '.join(TRAINERS)}.", field="trainer")
    known_names(asked, [each.name for each in trainer.parameters if each.name != BEGIN_FROM], "parameters")
    return {trainer_field(trainer, each): asked[each.name] for each in trainer.parameters if each.name in asked}


def _fault_of(form: CampaignForm) -> Fault:
    """The first thing that is wrong, under the name that a program sends it by."""
    name, errors = next(iter(form.errors.items()))
    if name == "__all__":
        return Fault(str(errors[0]))
    of_strategy, of_trainer = _settings().get(name), _parameters().get(name)
    field = f"settings.{of_strategy[1]}" if of_strategy else f"parameters.{of_trainer[1]}" if of_trainer else name
    return Fault(f"{field}: {errors[0]}", field=field)


@door("POST", "/campaigns/{campaign_id}/budget", *ADD, scope=ApiToken.Scope.LAUNCH, answers=CampaignShown)
def set_whole_campaign_budget(request: HttpRequest, campaign_id: Key, given: CampaignBudget) -> Any:
    """Change what a campaign, and each of its generations, may take; one that is paused for want of it stays paused
    until it is resumed. 409 for one that has ended."""
    find_campaign(campaign_id)
    set_campaign_budget(
        actor=asking(request),
        campaign_id=campaign_id,
        budget=Budget(cost=as_decimal(given.budget_cost), tokens=given.budget_tokens or None),
        generation=Budget(cost=as_decimal(given.generation_cost), tokens=given.generation_tokens or None),
    )
    return show_campaign(find_campaign(campaign_id))


@door("GET", "/campaigns/{campaign_id}/figures/{name}", *VIEW, answers=FigureShown)
def get_campaign_figure(
    request: HttpRequest,  # noqa: ARG001
    campaign_id: Key,
    name: Annotated[str, OneOf(CAMPAIGN_CHARTS), Path(description="Name of a figure.")],
) -> Any:
    """A figure of a campaign, as the table of its numbers: what each generation makes of the held-out problems, with
    the control beside it."""
    return show_figure(name, CAMPAIGN_CHARTS[name].build(list_generations(find_campaign(campaign_id))))
