"""Cutting traces into other steps: by a rule, or by a language model that reads each."""

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Schema
from ninja.responses import Status
from pydantic import Field

from trajectories.api.auth import asking, require_sight
from trajectories.api.doors import door
from trajectories.api.form_filling import checked, filled_in
from trajectories.api.queue_making import selection_of
from trajectories.api.shapes import Free, IdempotencyKey, OneOf, RowId, once
from trajectories.core.prompts.segmentation import BY_MODEL, SEGMENTATIONS
from trajectories.core.records import JSON
from trajectories.forms.segmentations import SegmentationForm
from trajectories.models import ApiToken
from trajectories.services.curation.segmentations import plan_segmentation

ADD = ("trajectories.view_trace", "trajectories.add_segmentationjob")


class Cut(Free):
    """Which traces are cut, and how: a way by its name, or `model` with the `cutter` that reads them."""

    selection: Annotated[dict[str, Any], Field(max_length=100, description="Empty for all traces.")] = {}
    segmentation: Annotated[
        str, OneOf([*SEGMENTATIONS, BY_MODEL]), Field(description="Empty for the steps as they were stored.")
    ] = ""
    cutter: Annotated[RowId | None, Field(description="Id of a language model.")] = None
    budget_cost: Annotated[float | None, Field(ge=0, lt=10**7)] = None
    budget_tokens: Annotated[int | None, Field(ge=0, le=10**15)] = None


class CuttingShown(Schema):
    """A job that cuts traces into other steps; it is steered as a job of the kind `segmentation`."""

    id: int
    state: str
    done: int
    total: int


@door("POST", "/segmentations", *ADD, scope=ApiToken.Scope.LAUNCH, answers=CuttingShown, status=201, tag="traces")
def cut_traces(request: HttpRequest, given: Cut, idempotency_key: IdempotencyKey = None) -> Status[Any]:
    """Have the traces of a selection cut into other steps, which a worker does. Labels keep their places in the
    text."""
    return once(request, idempotency_key, given, lambda: _cut(request, given))


def _cut(request: HttpRequest, given: Cut) -> dict[str, JSON]:
    scope = selection_of(given.selection)
    require_sight(asking(request), scope)
    values = given.model_dump(exclude={"selection"})
    form = checked(SegmentationForm(filled_in(SegmentationForm(), values)))
    job = plan_segmentation(actor=asking(request), selection=scope, cutting=form.cutting(), budget=form.budget())
    return {"id": job.pk, "state": job.state, "done": job.done_count, "total": job.total_count}
