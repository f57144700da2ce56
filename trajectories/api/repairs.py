"""Edits of traces: what a person may write in, storing an edit beside its original, and taking it back."""

import uuid
from typing import Annotated, Any

from django.http import Http404, HttpRequest
from ninja import Schema
from ninja.responses import Status
from pydantic import Field

from trajectories.api.auth import asking
from trajectories.api.doors import door
from trajectories.api.faults import ApiProblem
from trajectories.api.form_filling import checked, filled_in
from trajectories.api.shapes import Free, IdempotencyKey, Key, Text, Word, once
from trajectories.core.faults import Fault
from trajectories.core.prompts.segmentation import AS_STORED
from trajectories.core.records import JSON
from trajectories.forms.repairs import RepairForm
from trajectories.models import ApiToken, Trace
from trajectories.selectors.repairs import newest_repair_of_others
from trajectories.selectors.segmentations import as_cut
from trajectories.selectors.traces import get_trace
from trajectories.services.traces.repairs import (
    LONGEST_NOTE,
    LONGEST_TEXT,
    RepairedMeanwhileError,
    check_repairable,
    original_of,
    submit_repair,
    withdraw_repair,
)

EDITS = ("trajectories.add_repair", "trajectories.view_trace")


class BoxShown(Schema):
    """A text of a trace that a person may write in."""

    name: str
    title: str
    hint: str
    text: str


class Editable(Schema):
    """What may be edited of a trace. `known` goes back with an edit: it is the newest one by somebody else."""

    trace: int
    boxes: list[BoxShown]
    known: int


class NewEdit(Free):
    """An edit: what stands in boxes from now on, by their names; those that are left out stay as they are."""

    texts: Annotated[dict[Word, Annotated[Text, Field(max_length=LONGEST_TEXT)]], Field(min_length=1, max_length=100)]
    note: Annotated[Text, Field(max_length=LONGEST_NOTE, description="What was wrong.")] = ""
    known: Annotated[int, Field(ge=0, lt=2**63, description="As it was told.")] = 0


class Edited(Schema):
    """An edit: the new `trace`, which is verified like others, and its `original`."""

    trace: int
    original: int


@door("GET", "/traces/{trace_id}/repair", *EDITS, answers=Editable, tag="traces")
def get_editable(request: HttpRequest, trace_id: Key) -> Any:
    """What may be edited of a trace. 409 where nothing may."""
    trace = _find(trace_id)
    boxes = RepairForm(original=original_of(trace)).boxes()
    return {
        "trace": trace.pk,
        "boxes": [{"name": box.name, "title": box.title, "hint": box.hint, "text": box.before} for box in boxes],
        "known": newest_repair_of_others(trace_id=trace.pk, author_id=asking(request).pk),
    }


def _find(trace_id: int, *, to_edit: bool = True) -> Trace:
    try:
        trace = as_cut(get_trace(trace_id), AS_STORED)
    except Trace.DoesNotExist as fault:
        raise Http404(f"There is no trace {trace_id}.") from fault
    if to_edit:
        try:
            check_repairable(trace)
        except Fault as fault:
            raise ApiProblem(409, str(fault)) from fault
    return trace


@door(
    "POST",
    "/traces/{trace_id}/repair",
    *EDITS,
    scope=ApiToken.Scope.REVIEW,
    answers=Edited,
    status=201,
    tag="traces",
)
def edit_trace(
    request: HttpRequest, trace_id: Key, given: NewEdit, idempotency_key: IdempotencyKey = None
) -> Status[Any]:
    """Store an edit of a trace as a trace of its own, beside its original. 409 where somebody else has edited it since
    you looked."""
    return once(request, idempotency_key, given, lambda: _edit(asking(request), trace_id, given))


def _edit(person: Any, trace_id: int, given: NewEdit) -> dict[str, JSON]:
    trace = _find(trace_id)
    original = original_of(trace)
    unbound = RepairForm(original=original)
    texts = {name: unbound[name].initial for name in (box.name for box in unbound.boxes())}
    if strange := sorted(given.texts.keys() - texts.keys()):
        said = f"texts: Found {strange[0][:60]!r}, expected one of {', '.join(texts)}."
        raise Fault(said, field="texts")
    more = {"note": given.note, "known": given.known, "key": str(uuid.uuid4())}
    form = checked(RepairForm(filled_in(unbound, {**given.texts, **more}), original=original))
    try:
        repair = submit_repair(author=person, trace=trace, draft=form.draft(), key=form.cleaned_data["key"])
    except RepairedMeanwhileError as fault:
        raise ApiProblem(409, str(fault)) from fault
    return {"trace": repair.trace_id, "original": trace.pk}


@door("POST", "/traces/{trace_id}/repair/withdraw", *EDITS, scope=ApiToken.Scope.REVIEW, answers=Edited, tag="traces")
def withdraw_edit(request: HttpRequest, trace_id: Key) -> Any:
    """Take an edit back: its trace leaves all lists and releases to come. 409 for a trace that was sampled, and for an
    edit of somebody else's, which a lead takes back."""
    trace = _find(trace_id, to_edit=False)
    try:
        withdrawal = withdraw_repair(actor=asking(request), trace=trace)
    except Fault as fault:
        raise ApiProblem(409, str(fault)) from fault
    return {"trace": trace.pk, "original": withdrawal.repair.original_id}
