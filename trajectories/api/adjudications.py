"""Adjudications: the traces that people decided differently, their reviews side by side, and the final decision."""

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
from trajectories.api.shapes import Cursor, Free, IdempotencyKey, Key, Limit, Rows, Text, once
from trajectories.api.trace_shapes import ReviewShown, show_review
from trajectories.core.curation.reviews import COMMENT_CHARACTERS
from trajectories.core.records import JSON
from trajectories.forms.adjudications import AdjudicationForm
from trajectories.models import Adjudication, ApiToken, Trace
from trajectories.selectors.adjudications import adjudication_history, list_disputes, standing_with_reviewers
from trajectories.selectors.blinding import SEE_REVIEWS
from trajectories.services.curation.adjudications import MeanwhileError, adjudicate, known_of

ADJUDICATES = ("trajectories.add_adjudication", SEE_REVIEWS, "trajectories.view_trace")


class Final(Schema):
    """A final decision, or that a trace was reopened so that its reviews decide again."""

    id: int
    decision: str
    reason: str
    comment: str
    by: str
    created_at: str


class Opinion(Schema):
    """What one person says of a trace of the list."""

    id: int
    reviewer: str
    decision: str
    score: int | None
    reason: str
    comment: str


class DisputeShown(Schema):
    """A trace of the list: what it counts as, the reviews that stand, oldest first, and the final decision, if any."""

    trace: int
    problem_name: str
    decision: str
    disputed: bool
    reviews: list[Opinion]
    final: Final | None


class CaseShown(Schema):
    """A trace with its standing reviews, oldest first, and every final decision, newest first. `review` and
    `adjudication` are the newest ones there are, 0 for none: a decision sends them back."""

    trace: int
    decision: str
    disputed: bool
    review: int
    adjudication: int
    reviews: list[ReviewShown]
    history: list[Final]


class FinalDecide(Free):
    """A final decision. It is refused where somebody has reviewed or decided since you read the case."""

    decision: Literal["accept", "reject", "reopen"]
    review: Annotated[int, Field(ge=0, lt=2**63, description="As the case said.")]
    adjudication: Annotated[int, Field(ge=0, lt=2**63, description="As the case said.")]
    reason: Annotated[Text, Field(max_length=40, description="Why it is rejected, by its code.")] = ""
    comment: Annotated[Text, Field(max_length=COMMENT_CHARACTERS)] = ""


@door("GET", "/adjudications", *ADJUDICATES, answers=Rows[DisputeShown])
def list_adjudications(
    request: HttpRequest,  # noqa: ARG001
    state: Annotated[Literal["open", "decided"], Field(description="Disputed, or decided finally.")] = "open",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Any:
    """The traces that people decided differently, oldest first; or those that are decided finally, newest first."""
    page = list_disputes(state, after=cursor, size=limit)
    return {"items": [_row(row) for row in page.rows], "next": page.following}


def _row(row: Any) -> dict[str, JSON]:
    same = ("id", "decision", "score", "reason", "comment")
    return {
        "trace": row.trace.pk,
        "problem_name": row.trace.problem.name,
        "decision": row.trace.decision,
        "disputed": row.trace.disputed,
        "reviews": [
            {**{name: getattr(review, name) for name in same}, "reviewer": review.reviewer.username}
            for review in row.reviews
        ],
        "final": _final(row.final) if row.final else None,
    }


def _final(event: Adjudication) -> dict[str, JSON]:
    same = ("id", "decision", "reason", "comment")
    return {
        **{name: getattr(event, name) for name in same},
        "by": event.adjudicator.username,
        "created_at": event.created_at.isoformat(),
    }


@door("GET", "/adjudications/{trace_id}", *ADJUDICATES, answers=CaseShown)
def get_adjudication(request: HttpRequest, trace_id: Key) -> Any:  # noqa: ARG001
    """What everybody decided on one trace, disputed or not."""
    return _case(_find(trace_id))


def _find(trace_id: int) -> Trace:
    trace = Trace.objects.only("decision", "disputed").filter(pk=trace_id).first()
    if trace is None:
        raise Http404(f"There is no trace {trace_id}.")
    return trace


def _case(trace: Trace) -> dict[str, JSON]:
    known = known_of(trace)
    return {
        "trace": trace.pk,
        "decision": trace.decision,
        "disputed": trace.disputed,
        "review": known.review,
        "adjudication": known.adjudication,
        "reviews": [show_review(review) for review in standing_with_reviewers(trace)],
        "history": [_final(event) for event in adjudication_history(trace)],
    }


@door(
    "POST",
    "/adjudications/{trace_id}",
    *ADJUDICATES,
    scope=ApiToken.Scope.REVIEW,
    answers=CaseShown,
    status=201,
)
def decide_finally(
    request: HttpRequest, trace_id: Key, given: FinalDecide, idempotency_key: IdempotencyKey = None
) -> Status[Any]:
    """Decide finally on a trace, or reopen it, so that its reviews decide again. 409 where something happened to it
    since you read the case."""
    return once(request, idempotency_key, given, lambda: _decide(asking(request), trace_id, given))


def _decide(person: Any, trace_id: int, given: FinalDecide) -> dict[str, JSON]:
    trace = _find(trace_id)
    sent = {**given.model_dump(exclude={"reason"}), "key": uuid.uuid4()}
    sent["decision"] = f"{given.decision}:{given.reason}" if given.reason else given.decision
    form = AdjudicationForm(sent)
    if not form.is_valid():
        raise fault_of(form)
    try:
        adjudicate(actor=person, trace=trace, draft=form.draft(), key=form.cleaned_data["key"], known=form.known())
    except MeanwhileError as fault:
        raise ApiProblem(409, str(fault)) from fault
    return _case(_find(trace_id))
