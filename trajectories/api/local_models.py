"""Samplers that are models of the installation's own machine: which there are, adding one, and serving it otherwise."""

from typing import Annotated, Any

from django.http import Http404, HttpRequest
from ninja import Schema
from ninja.responses import Status
from pydantic import Field

from trajectories.api.auth import asking
from trajectories.api.doors import door
from trajectories.api.form_filling import checked, filled_in
from trajectories.api.samplers import SamplerShown, show_sampler
from trajectories.api.shapes import Free, IdempotencyKey, Key, OneOf, Word, once
from trajectories.forms.local_models import PRECISIONS, LocalModelForm, values_of
from trajectories.models import ApiToken, Sampler
from trajectories.services.endpoints.local_models import (
    add_local_sampler,
    offered_models,
    revise_local_sampler,
    serving_note,
)

ADD = "trajectories.add_sampler"


class LocalModels(Schema):
    """The folders of models on the installation's machine, and what is to be known before one is served there."""

    items: list[str]
    note: str


class LocalServing(Free):
    """How a model is served; what is left out stays as it is, or as the empty form has it."""

    title: Word | None = None
    batch: Annotated[int | None, Field(ge=1, le=1_024, description="Answers made together.")] = None
    max_output_tokens: Annotated[int | None, Field(ge=1, le=1_000_000)] = None
    top_p: Annotated[float | None, Field(ge=0.01, le=1)] = None
    seconds: Annotated[float | None, Field(ge=1, le=1_500, description="Time limit of an answer.")] = None
    memory_gib: Annotated[float | None, Field(ge=0, le=100_000, description="0 is no limit.")] = None
    precision: Annotated[str, OneOf([word for word, _ in PRECISIONS])] | None = None
    logprobs: bool | None = None


class NewLocalModel(LocalServing):
    """A model of this machine that becomes a sampler."""

    folder: Annotated[Word, Field(min_length=1, description="As GET /local_models lists it.")]
    name: Annotated[Word, Field(min_length=1, description="For commands: letters, digits, hyphens.")]
    title: Annotated[Word, Field(min_length=1)]


@door("GET", "/local_models", ADD, answers=LocalModels, tag="samplers")
def list_local_models(request: HttpRequest) -> Any:  # noqa: ARG001
    """The models on the installation's machine that can be made samplers."""
    return {"items": offered_models(), "note": serving_note()}


@door("POST", "/local_models", ADD, scope=ApiToken.Scope.WRITE, answers=SamplerShown, status=201, tag="samplers")
def create_local_sampler(
    request: HttpRequest, given: NewLocalModel, idempotency_key: IdempotencyKey = None
) -> Status[Any]:
    """Make a sampler of a model of this machine."""

    def make() -> dict[str, Any]:
        models = offered_models()
        unbound = LocalModelForm(models=models, initial=values_of(None))
        data = checked(LocalModelForm(filled_in(unbound, given.model_dump()), models=models)).cleaned_data
        sampler = add_local_sampler(actor=asking(request), name=data["name"], title=data["title"], local=data["local"])
        return show_sampler(sampler)

    return once(request, idempotency_key, given, make)


@door(
    "POST",
    "/local_models/{sampler_id}/versions",
    ADD,
    scope=ApiToken.Scope.WRITE,
    answers=SamplerShown,
    status=201,
    tag="samplers",
)
def revise_one_local_sampler(
    request: HttpRequest, sampler_id: Key, given: LocalServing, idempotency_key: IdempotencyKey = None
) -> Status[Any]:
    """Make the next version of a local model's sampler: the same model, served otherwise; the newest one where nothing
    has changed."""

    def make() -> dict[str, Any]:
        found = Sampler.objects.filter(pk=sampler_id, kind=Sampler.Kind.LOCAL).first()
        if found is None:
            raise Http404(f"There is no local model {sampler_id}.")
        models = offered_models()
        unbound = LocalModelForm(models=models, sampler=found, initial=values_of(found))
        filled = filled_in(unbound, given.model_dump())
        data = checked(LocalModelForm(filled, models=models, sampler=found)).cleaned_data
        newest = revise_local_sampler(actor=asking(request), sampler=found, title=data["title"], local=data["local"])
        return show_sampler(newest)

    return once(request, idempotency_key, given, make)
