"""Candidates: generated problems, what speaks for and against them, and deciding which come into a set."""

import uuid
from collections.abc import Callable
from typing import Annotated, Any, Literal

from django.http import Http404, HttpRequest
from ninja import Query, Schema
from ninja.responses import Status
from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from trajectories.api.auth import asking
from trajectories.api.doors import door
from trajectories.api.faults import ApiProblem
from trajectories.api.form_filling import checked
from trajectories.api.queues import MOST_HELD, Lease
from trajectories.api.shapes import Cursor, Free, IdempotencyKey, Key, Limit, OneOf, RowId, Rows, Text, Word, once
from trajectories.api.shapes import rows_of as shown_rows
from trajectories.core.generation.reading import MAX_STATEMENT
from trajectories.core.records import JSON
from trajectories.forms.candidates import ANSWER_CHARACTERS, ChangeForm, DecisionForm
from trajectories.models import ApiToken, CandidateReview, ProblemCandidate, ReviewLease
from trajectories.selectors.candidates import CandidateScope, get_candidate, list_candidates, list_reviews
from trajectories.services.generation.candidate_leases import (
    claim_candidate,
    claim_next_candidate,
    release_candidate,
)
from trajectories.services.generation.candidates import (
    COMMENT_CHARACTERS,
    REJECTION_REASONS,
    CandidateError,
    accept_candidate,
    edit_candidate,
    reject_candidate,
    requeue_candidate,
    undo_last_decision,
)

VIEW, REVIEW = "trajectories.view_problemcandidate", "trajectories.review_problemcandidate"
Job = Annotated[RowId | SkipJsonSchema[None], Query(description="Id of a generation.")]
Words = Annotated[Word, Field(description="What statement or name hold.")]


class CandidateRow(Schema):
    """A generated problem of a list; `reason` says why the checks have sorted it out."""

    id: int
    generation: int
    name: str
    kind: str
    family: str
    state: str
    reason: str
    statement: str
    similarity: float | None
    created_at: str


class CandidateReviewShown(Schema):
    """What a reviewer did to a candidate."""

    id: int
    reviewer: str
    decision: str
    reason: str
    comment: str
    created_at: str


class CandidateAnswerShown(Schema):
    """What one sample that tried a candidate answers, or the error that it ended with."""

    answer: Any
    error_kind: str
    error: str


class CandidateShown(CandidateRow):
    """A generated problem with its answer, what that rests on (`reference_source`) and what its author stated; the
    votes of the samples that tried it (`agreement`); its nearest neighbour, a problem or another candidate; and, once
    it was let in, its problem. What others decided is there once it is decided, or where you may see reviews."""

    spec: dict[str, Any]
    reference: Any
    reference_source: str
    stated: Any
    difficulty: dict[str, Any]
    agreement: dict[str, Any] | None
    answers: list[CandidateAnswerShown]
    neighbour_problem: int | None
    neighbour_candidate: int | None
    problem: int | None
    reviews: list[CandidateReviewShown]


class HeldCandidate(CandidateShown):
    """A candidate that is yours to decide on, for as long as its `lease` holds."""

    lease: str


class NextCandidate(Schema):
    """Your next candidate; null where none waits that others do not hold."""

    candidate: HeldCandidate | None


class CandidatesWanted(Free):
    """Which candidates you are handed, those behind `after` first."""

    generation: RowId | None = None
    name: Words = ""
    after: Annotated[int, Field(ge=0, lt=2**63)] = 0
    but: Annotated[list[RowId], Field(max_length=MOST_HELD, description="Candidates that you hold already.")] = []


class CandidateDecide(Free):
    """Whether a candidate comes into its set."""

    lease: Lease
    decision: Literal["accept", "reject"]
    reason: Annotated[str, OneOf(["", *REJECTION_REASONS]), Field(description="Why it is rejected.")] = ""
    comment: Annotated[Text, Field(max_length=COMMENT_CHARACTERS)] = ""


class CandidateChange(Free):
    """What a candidate says from now on. Its answer is then yours; of a choice, its letter."""

    lease: Lease
    statement: Annotated[Text, Field(min_length=1, max_length=MAX_STATEMENT)]
    choices: Annotated[list[Text], Field(max_length=100)] = []
    answer: Annotated[Text, Field(max_length=ANSWER_CHARACTERS)] = ""


class CandidateReleased(Schema):
    """Which candidate was let go of."""

    candidate: int


@door("GET", "/candidates", VIEW, answers=Rows[CandidateRow])
def list_all_candidates(
    request: HttpRequest,  # noqa: ARG001
    generation: Job = None,
    state: Annotated[str, OneOf(["", *ProblemCandidate.State.values])] = "",
    name: Words = "",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Any:
    """Generated problems, newest first."""
    return shown_rows(list_candidates(CandidateScope(generation, state, name.strip()), before=cursor, size=limit), _row)


def _row(candidate: ProblemCandidate) -> dict[str, JSON]:
    same = ("id", "name", "kind", "family", "state", "reason", "statement", "similarity")
    return {
        **{name: getattr(candidate, name) for name in same},
        "generation": candidate.job_id,
        "created_at": candidate.created_at.isoformat(),
    }


@door("GET", "/candidates/{candidate_id}", VIEW, answers=CandidateShown)
def get_one_candidate(request: HttpRequest, candidate_id: Key) -> Any:
    """One generated problem with all that its page shows."""
    return _shown(_find(candidate_id), asking(request))


def _find(candidate_id: int) -> ProblemCandidate:
    found = get_candidate(candidate_id)
    if found is None:
        raise Http404(f"There is no candidate {candidate_id}.")
    return found


def _shown(candidate: ProblemCandidate, person: Any) -> dict[str, JSON]:
    same = ("spec", "reference", "reference_source", "stated", "difficulty", "agreement")
    return {
        **_row(candidate),
        **{name: getattr(candidate, name) for name in same},
        "answers": [
            {name: getattr(answer, name) for name in CandidateAnswerShown.model_fields}
            for answer in candidate.answers.order_by("ordinal")
        ],
        "neighbour_problem": candidate.neighbour_problem_id,
        "neighbour_candidate": candidate.neighbour_candidate_id,
        "problem": candidate.problem_id,
        "reviews": [_review(review) for review in list_reviews(candidate, person)],
    }


def _review(review: CandidateReview) -> dict[str, JSON]:
    return {
        **{name: getattr(review, name) for name in ("id", "decision", "reason", "comment")},
        "reviewer": review.reviewer.username,
        "created_at": review.created_at.isoformat(),
    }


def _held(lease: ReviewLease, person: Any) -> dict[str, JSON]:
    assert lease.candidate_id is not None
    return {**_shown(_find(lease.candidate_id), person), "lease": str(lease.token)}


@door("POST", "/candidates/next", REVIEW, scope=ApiToken.Scope.REVIEW, answers=NextCandidate)
def lease_next_candidate(request: HttpRequest, given: CandidatesWanted) -> Any:
    """Be handed the next generated problem that waits for review."""
    person, scope = asking(request), CandidateScope(given.generation, query=given.name.strip())
    lease = claim_next_candidate(reviewer=person, scope=scope, after=given.after, but=given.but)
    return {"candidate": None if lease is None else _held(lease, person)}


@door("POST", "/candidates/{candidate_id}/open", REVIEW, scope=ApiToken.Scope.REVIEW, answers=HeldCandidate)
def lease_one_candidate(request: HttpRequest, candidate_id: Key) -> Any:
    """Be handed one candidate. 409 where it does not wait, or somebody else holds it."""
    _find(candidate_id)
    lease = claim_candidate(reviewer=asking(request), candidate_id=candidate_id)
    if lease is None:
        raise ApiProblem(409, "This candidate does not wait for review, or somebody else holds it.")
    return _held(lease, asking(request))


@door(
    "POST",
    "/candidates/{candidate_id}/decision",
    REVIEW,
    scope=ApiToken.Scope.REVIEW,
    answers=CandidateShown,
    status=201,
)
def decide_candidate(
    request: HttpRequest, candidate_id: Key, given: CandidateDecide, idempotency_key: IdempotencyKey = None
) -> Status[Any]:
    """Let a candidate into the set of its generation, or keep it out. 409 where it is not yours any more, or is known
    by now."""
    return once(request, idempotency_key, given, lambda: _decide(asking(request), candidate_id, given))


def _decide(person: Any, candidate_id: int, given: CandidateDecide) -> dict[str, JSON]:
    _find(candidate_id)
    data = checked(DecisionForm({**given.model_dump(), "key": uuid.uuid4()})).cleaned_data
    about: dict[str, Any] = {
        "reviewer": person, "candidate_id": candidate_id, "token": data["lease"], "key": data["key"]
    }  # fmt: skip
    if data["decision"] == "accept":
        _done(lambda: accept_candidate(**about))
    else:
        _done(lambda: reject_candidate(**about, reason=data["reason"], comment=data["comment"]))
    return _shown(_find(candidate_id), person)


def _done(act: Callable[[], Any]) -> Any:
    """What an act gives. Raises ApiProblem with status 409 where the candidate does not allow it as it is; a fault
    about a field stays one."""
    try:
        return act()
    except CandidateError as fault:
        if fault.field:
            raise
        raise ApiProblem(409, str(fault)) from fault


@door(
    "POST",
    "/candidates/{candidate_id}/change",
    REVIEW,
    scope=ApiToken.Scope.REVIEW,
    answers=CandidateShown,
    status=201,
)
def change_candidate(
    request: HttpRequest, candidate_id: Key, given: CandidateChange, idempotency_key: IdempotencyKey = None
) -> Status[Any]:
    """Change what a candidate says. 409 where it is not yours any more."""
    return once(request, idempotency_key, given, lambda: _change(asking(request), candidate_id, given))


def _change(person: Any, candidate_id: int, given: CandidateChange) -> dict[str, JSON]:
    _find(candidate_id)
    sent = {**given.model_dump(), "choices": "\n".join(given.choices), "key": uuid.uuid4()}
    form = checked(ChangeForm(sent))
    data = form.cleaned_data
    _done(
        lambda: edit_candidate(
            reviewer=person, candidate_id=candidate_id, token=data["lease"], key=data["key"], change=form.change
        )
    )
    return _shown(_find(candidate_id), person)


@door("POST", "/candidates/{candidate_id}/release", REVIEW, scope=ApiToken.Scope.REVIEW, answers=CandidateReleased)
def release_one_candidate(request: HttpRequest, candidate_id: Key) -> Any:
    """Let go of a candidate that you hold, so that others may be handed it."""
    _find(candidate_id)
    release_candidate(reviewer=asking(request), candidate_id=candidate_id)
    return {"candidate": candidate_id}


@door("POST", "/candidates/{candidate_id}/requeue", REVIEW, scope=ApiToken.Scope.REVIEW, answers=CandidateShown)
def requeue_one_candidate(request: HttpRequest, candidate_id: Key) -> Any:
    """Have a candidate reviewed that the checks sorted out. 409 where they did not."""
    _find(candidate_id)
    _done(lambda: requeue_candidate(reviewer=asking(request), candidate_id=candidate_id, key=uuid.uuid4()))
    return _shown(_find(candidate_id), asking(request))


@door("POST", "/candidates/undo", REVIEW, scope=ApiToken.Scope.REVIEW, answers=CandidateShown, status=201)
def undo_candidate(request: HttpRequest, idempotency_key: IdempotencyKey = None) -> Status[Any]:
    """Take your last decision on a candidate back; it waits again. 409 where there is none, or its problem is in
    use."""
    return once(request, idempotency_key, {}, lambda: _undo(asking(request)))


def _undo(person: Any) -> dict[str, JSON]:
    undone = _done(lambda: undo_last_decision(reviewer=person, key=uuid.uuid4()))
    if undone is None:
        raise ApiProblem(409, "There is no decision of yours to undo.")
    return _shown(_find(undone.candidate_id), person)
