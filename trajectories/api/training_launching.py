"""Launching trainings: the trainers there are, asking for a training, its curves, and which sampler came of it."""

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Schema
from ninja.responses import Status
from pydantic import Field

from trajectories.adapters.training import TRAINERS
from trajectories.adapters.training.base import Trainer
from trajectories.api.auth import asking
from trajectories.api.campaigns import VIEW_TRAINING, TrainingShown, find_training, show_whole_training
from trajectories.api.doors import door
from trajectories.api.form_bodies import body_of, known_names, sent_of
from trajectories.api.shapes import Body, IdempotencyKey, Key, Limit, RowId, Rows, once
from trajectories.core.faults import Fault
from trajectories.core.selections import GREATEST_ID
from trajectories.forms.plain import as_sent
from trajectories.forms.trainings import PREFIX, AttachForm, TrainingForm
from trajectories.models import ApiToken, Training
from trajectories.selectors.blinding import SEE_REVIEWS
from trajectories.selectors.trainings import curve_points
from trajectories.selectors.workers import living_trainers
from trajectories.services.training.abilities import standing_of
from trajectories.services.training.planning import attach_sampler, start_training, trainer_of

ADD = ("trajectories.add_training", SEE_REVIEWS)

TrainingWanted = body_of(
    "TrainingWanted",
    "What a training learns from and how, as on its form; what is left out is as the form begins. `release`, `base` and"
    " `replay_of` are ids; `parameters` are of the trainer, by name.",
    TrainingForm.base_fields,
    trainer=Annotated[str, Field(max_length=40, description="A key of GET /trainers; the first one if left out.")],
    parameters=Annotated[dict[str, bool | int | float | str], Field(description="Of the trainer, by name.")],
)


class ParameterShown(Schema):
    """A parameter of a trainer; `kind` is whole number, number, choice, yes or no, or text."""

    name: str
    label: str
    kind: str
    default: bool | int | float | str | None
    least: float | None
    most: float | None
    choices: list[str]
    help: str


class TrainerRow(Schema):
    """A trainer. `base_kinds` are the kinds of samplers that it begins from. `lacks` says in a sentence why nobody here
    has it, `waits` why a training of it would wait, else they are ""."""

    key: str
    label: str
    summary: str
    base_kinds: list[str]
    lacks: str
    waits: str
    parameters: list[ParameterShown]


class Trainers(Schema):
    """Every trainer."""

    items: list[TrainerRow]


class CurvePoint(Schema):
    """What a trainer told at one step, by name."""

    step: int
    values: dict[str, float]


class CameOf(Body):
    """The sampler that came of a training whose package was used elsewhere."""

    sampler: RowId


@door("GET", "/trainers", *VIEW_TRAINING, answers=Trainers, tag="trainings")
def list_trainers(request: HttpRequest) -> Any:  # noqa: ARG001
    """What can train a sampler, and with which parameters."""
    living = living_trainers()
    return {"items": [_trainer(each, standing_of(each, living)) for each in TRAINERS.values()]}


def _trainer(trainer: Trainer, standing: Any) -> dict[str, Any]:
    same = ("name", "label", "default", "least", "most", "help")
    return {
        **{name: getattr(trainer, name) for name in ("key", "label", "summary")},
        **{name: getattr(standing, name) for name in ("lacks", "waits")},
        "base_kinds": list(trainer.base_kinds),
        "parameters": [
            {
                **{name: getattr(each, name) for name in same},
                "kind": each.kind.value,
                "choices": [value for value, _ in each.choices],
            }
            for each in trainer.parameters
        ],
    }


@door("POST", "/trainings", *ADD, scope=ApiToken.Scope.LAUNCH, answers=TrainingShown, status=201)
def launch_training(
    request: HttpRequest,
    given: TrainingWanted,  # type: ignore[valid-type]
    idempotency_key: IdempotencyKey = None,
) -> Status[Any]:
    """Ask for a training of a release. A worker that can do it begins; GET /trainings/{id} says how far it is."""
    return once(request, idempotency_key, given, lambda: show_whole_training(_start(request, given)))


def _start(request: HttpRequest, given: Any) -> Training:
    trainer = trainer_of(next(iter(TRAINERS)) if given.trainer is None else given.trainer)
    asked = given.parameters or {}
    known_names(asked, [each.name for each in trainer.parameters], "parameters")
    blank = TrainingForm(trainer=trainer)
    values = {name: blank.get_initial_for_field(field, name) for name, field in blank.fields.items()}
    changes = sent_of(given, but=("trainer", "parameters"))
    changes |= {PREFIX + name: value for name, value in asked.items()}
    form = TrainingForm(as_sent(values | changes), trainer=trainer)
    if not form.is_valid():
        raise _fault_of(*next((name, str(errors[0])) for name, errors in form.errors.items()))
    data = form.cleaned_data
    try:
        return start_training(
            by=asking(request),
            release=data["release"],
            trainer=trainer.key,
            parameters=form.parameters,
            base=data["base"],
            rule=form.rule,
            seed=data["seed"] or 0,
        )
    except Fault as fault:
        is_parameter = any(each.name == fault.field for each in trainer.parameters)
        raise Fault(str(fault), field=f"parameters.{fault.field}" if is_parameter else fault.field) from fault


def _fault_of(name: str, text: str) -> Fault:
    """What is wrong with a field, under the name that a program sends it by."""
    if name == "__all__":
        return Fault(text)
    field = f"parameters.{name.removeprefix(PREFIX)}" if name.startswith(PREFIX) else name
    return Fault(f"{field}: {text}", field=field)


@door("GET", "/trainings/{training_id}/curves", *VIEW_TRAINING, answers=Rows[CurvePoint])
def list_training_curves(
    request: HttpRequest,  # noqa: ARG001
    training_id: Key,
    cursor: Annotated[
        int, Query(ge=0, le=GREATEST_ID, description="The `next` of the page before; 0 for the first.")
    ] = 0,
    limit: Limit = 50,
) -> Any:
    """What the trainer told at each step, in order: its curves."""
    read = list(curve_points(find_training(training_id)).filter(step__gte=cursor)[: limit + 1])
    following = read[limit].step if len(read) > limit else None
    return {"items": [{"step": each.step, "values": each.values} for each in read[:limit]], "next": following}


@door(
    "POST",
    "/trainings/{training_id}/sampler",
    *ADD,
    scope=ApiToken.Scope.LAUNCH,
    answers=TrainingShown,
)
def attach_trained_sampler(request: HttpRequest, training_id: Key, given: CameOf) -> Any:
    """Say which sampler came of a training whose package was used elsewhere. 409 unless it waits for one."""
    training = find_training(training_id)
    form = AttachForm({"sampler": given.sampler}, training=training)
    if not form.is_valid():
        raise _fault_of(*next((name, str(errors[0])) for name, errors in form.errors.items()))
    attach_sampler(by=asking(request), training_id=training_id, sampler=form.cleaned_data["sampler"])
    return show_whole_training(find_training(training_id))
