"""Reviews: listing those that one may see, and deciding on a trace."""

import json
import uuid
from typing import Annotated, Any, Literal

from django.http import Http404, HttpRequest
from ninja import Schema
from ninja.responses import Status
from pydantic import Field

from trajectories.api.auth import asking
from trajectories.api.doors import door
from trajectories.api.faults import ApiProblem
from trajectories.api.runs import fault_of
from trajectories.api.shapes import (
    Body,
    Cursor,
    Free,
    IdempotencyKey,
    Key,
    Limit,
    OneOf,
    Rows,
    Text,
    Word,
    once,
    rows_of,
)
from trajectories.api.trace_shapes import ReviewShown, show_review
from trajectories.core.curation.reviews import COMMENT_CHARACTERS
from trajectories.core.records import JSON
from trajectories.forms.reviews import LONGEST_LOOK, ReviewForm
from trajectories.models import ApiToken, Trace
from trajectories.selectors.blinding import sight_of
from trajectories.selectors.review_lists import STATES, ReviewFilter, list_reviews
from trajectories.selectors.segmentations import as_cut
from trajectories.selectors.traces import get_trace
from trajectories.services.curation.reviews import DecidedMeanwhileError, submit_review, undo_last_review


class ReviewRow(Schema):
    """A review of a list."""

    id: int
    trace: int
    problem_name: str
    reviewer: str
    decision: str
    score: int | None
    reason: str
    comment: str
    queue: int | None
    seconds: float | None
    created_at: str


class Decide(Free):
    """What you say of a trace. `step_labels` are good, bad or neutral by the index of a step, from 0."""

    decision: Literal["accept", "reject"]
    reason: Annotated[Word, Field(description="Why it is rejected, by its code.")] = ""
    score: Annotated[int, Field(ge=0, le=5, description="1 to 5; 0 for none.")] = 0
    comment: Annotated[Text, Field(max_length=COMMENT_CHARACTERS)] = ""
    step_labels: Annotated[dict[str, str], Field(max_length=5_000)] = {}
    first_error: Annotated[bool, Field(description="The first bad step settles the labels of the others.")] = False
    seconds: Annotated[float, Field(ge=0, le=LONGEST_LOOK, description="How long you looked; 0 for not known.")] = 0


@door("GET", "/reviews", "trajectories.view_review", answers=Rows[ReviewRow])
def list_all_reviews(
    request: HttpRequest,
    state: Annotated[str, OneOf(STATES)] = "",
    reviewer: Annotated[int, Field(ge=0, lt=2**63, description="Id of a person; 0 for everybody.")] = 0,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Any:
    """Reviews that you may see, newest first: those that stand where no state is asked for."""
    scope = ReviewFilter(state, reviewer or None)
    return rows_of(list_reviews(scope, sight_of(asking(request)), before=cursor, size=limit), _row)


def _row(review: Any) -> dict[str, Any]:
    same = ("id", "decision", "score", "reason", "comment", "seconds")
    return {
        **{name: getattr(review, name) for name in same},
        "trace": review.trace_id,
        "problem_name": review.trace.problem.name,
        "reviewer": review.reviewer.username,
        "queue": review.queue_id,
        "created_at": (review.decided_at or review.created_at).isoformat(),
    }


class Undo(Body):
    """Which decision of yours is withdrawn: the last one on a trace, or of all; 0 for of all."""

    trace: Annotated[int, Field(ge=0, lt=2**63)] = 0


@door(
    "POST",
    "/reviews/undo",
    *("trajectories.view_trace", "trajectories.add_review"),
    scope=ApiToken.Scope.REVIEW,
    answers=ReviewShown,
    status=201,
)
def undo_review(request: HttpRequest, given: Undo, idempotency_key: IdempotencyKey = None) -> Status[Any]:
    """Withdraw your last decision. Nothing is deleted: the withdrawal is a review that supersedes, which is answered.
    409 where there is none."""
    return once(request, idempotency_key, given, lambda: _undo(asking(request), given))


def _undo(person: Any, given: Undo) -> dict[str, JSON]:
    trace = Trace.objects.only("pk").filter(pk=given.trace).first() if given.trace else None
    if given.trace and trace is None:
        raise Http404(f"There is no trace {given.trace}.")
    undone = undo_last_review(reviewer=person, key=uuid.uuid4(), trace=trace)
    if undone is None:
        raise ApiProblem(409, "There is no decision of yours to undo.")
    return show_review(undone)


@door(
    "POST",
    "/traces/{trace_id}/reviews",
    *("trajectories.view_trace", "trajectories.add_review"),
    scope=ApiToken.Scope.REVIEW,
    answers=ReviewShown,
    status=201,
    tag="reviews",
)
def submit_trace_review(
    request: HttpRequest, trace_id: Key, given: Decide, idempotency_key: IdempotencyKey = None
) -> Status[Any]:
    """Decide on a trace. The decision supersedes your earlier one, if any."""
    return once(request, idempotency_key, given, lambda: _review(asking(request), trace_id, given))


def _review(person: Any, trace_id: int, given: Decide) -> dict[str, JSON]:
    try:
        trace = as_cut(get_trace(trace_id))
    except Trace.DoesNotExist as fault:
        raise Http404(f"There is no trace {trace_id}.") from fault
    form = ReviewForm(as_form(given), step_count=len(trace.steps))
    if not form.is_valid():
        raise fault_of(form)
    try:
        return show_review(submit_review(reviewer=person, trace=trace, draft=form.draft(), key=uuid.uuid4()))
    except DecidedMeanwhileError as fault:
        raise ApiProblem(409, str(fault)) from fault


def as_form(given: Decide) -> dict[str, JSON]:
    """A decision as the form of the page has it."""
    same = ("decision", "reason", "comment", "first_error")
    return {
        **{name: getattr(given, name) for name in same},
        "score": str(given.score) if given.score else "",
        "seconds": given.seconds or None,
        "step_labels": json.dumps(given.step_labels),
        "key": str(uuid.uuid4()),
    }
