"""Quality: how far reviewers agree and how reliable each is, what they have open, and voiding reviews of theirs."""

import uuid
from dataclasses import asdict
from typing import Annotated, Any, Literal

from django.contrib.auth.models import User
from django.http import Http404, HttpRequest
from ninja import Query, Schema
from ninja.responses import Status
from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from trajectories.api.auth import asking
from trajectories.api.doors import door
from trajectories.api.faults import ApiProblem
from trajectories.api.runs import fault_of
from trajectories.api.shapes import Cursor, Free, IdempotencyKey, Key, Limit, RowId, Rows, Text, once, rows_of
from trajectories.core.records import JSON
from trajectories.forms.quality import REASON_CHARACTERS, QualityForm, ReassignForm, VoidForm
from trajectories.models import ApiToken, ReviewVoid
from trajectories.selectors.blinding import SEE_REVIEWS
from trajectories.selectors.gold import gold_rows
from trajectories.selectors.paging import page_by_id
from trajectories.selectors.quality_reports import quality_report
from trajectories.selectors.queues import open_by_queue
from trajectories.selectors.voids import voids_of
from trajectories.services.curation.reassigning import Moved, VoidDraft, reassign_items, reopen_items
from trajectories.services.curation.voids import VoidError, restore_reviews, void_reviews

SEES = ("trajectories.see_quality", SEE_REVIEWS)
REASSIGNS = ("trajectories.control_queue", *SEES)
VOIDS = ("trajectories.add_reviewvoid", *SEES)
Day = Annotated[str, Field(pattern=r"^(\d{4}-\d\d-\d\d)?$", description="A day, as 2026-11-28; empty for any.")]
OptionalId = RowId | SkipJsonSchema[None]


class QualityShown(Schema):
    """Agreement over the decisions that count: counts (`totals`), coefficients of all (`overall`) and of each pair of
    reviewers, each reviewer's reliability, reasons, agreement on steps, and the traces that are most in doubt. A
    coefficient has its value, its bounds and on how many things it rests, or says why it is undefined."""

    totals: dict[str, Any]
    overall: dict[str, Any]
    pairs: list[dict[str, Any]]
    reviewers: list[dict[str, Any]]
    reasons: list[dict[str, Any]]
    reason_figures: dict[str, Any]
    steps: list[dict[str, Any]]
    doubtful: list[dict[str, Any]]
    doubtful_count: int
    gold: list[dict[str, Any]]


class OpenShown(Schema):
    """What somebody has open in a queue: items on their screens, and items meant for them."""

    queue: int
    title: str
    leased: int
    meant: int


class OpenItems(Schema):
    """What somebody has open, by queue."""

    items: list[OpenShown]


class VoidShown(Schema):
    """Decisions of somebody that count for nothing from a moment on, or, where it `undoes` one, that count again."""

    id: int
    reviewer: str
    since: str
    queue: int | None
    reason: str
    reviews: int
    undoes: int | None
    undone_by: int | None
    by: str
    created_at: str


class Voided(VoidShown):
    """A void that was made; how many items of queues are open again for others, and how many of them for anybody."""

    moved: int | None
    to_anybody: int | None


class NewVoid(Free):
    """From which day on somebody's decisions count for nothing, why, and who decides on their items of queues instead:
    whoever is next, themselves included (empty), anybody else, or the people in `to`."""

    since: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d$", description="A day.")]
    reason: Annotated[Text, Field(min_length=1, max_length=REASON_CHARACTERS)]
    queue: Annotated[RowId | None, Field(description="Only what was decided in this queue.")] = None
    again: Literal["", "anybody", "people"] = ""
    to: Annotated[list[RowId], Field(max_length=1_000, description="Ids of people.")] = []


class Reassign(Free):
    """Whose turn it is instead at what somebody has not decided in a queue; nobody named: whoever is next."""

    queue: RowId
    to: Annotated[list[RowId], Field(max_length=1_000, description="Ids of people.")] = []


class Reassigned(Schema):
    """How many items went on, and how many of them to whoever is next."""

    moved: int
    to_anybody: int


@door("GET", "/quality", *SEES, answers=QualityShown)
def get_quality(
    request: HttpRequest,  # noqa: ARG001
    problem_set: Annotated[OptionalId, Query(description="Id of a set.")] = None,
    queue: Annotated[OptionalId, Query(description="Id of a queue.")] = None,
    since: Day = "",
    until: Day = "",
) -> Any:
    """How far reviewers agree, and how reliable each is, over all decisions or those of a set, a queue, some days."""
    form = QualityForm({"problem_set": problem_set, "queue": queue, "since": since, "until": until})
    if not form.is_valid():
        raise fault_of(form)
    scope = form.scope()
    report = asdict(quality_report(scope))
    return {**report, "gold": [asdict(row) for row in gold_rows(scope)]}


@door("GET", "/reviewers/{person_id}/open", *SEES, answers=OpenItems, tag="quality")
def list_open_items(request: HttpRequest, person_id: Key) -> Any:  # noqa: ARG001
    """What somebody has not decided yet and nobody else is handed, by queue."""
    return {"items": [asdict(row) for row in open_by_queue(_person(person_id))]}


def _person(person_id: int) -> User:
    person = User.objects.filter(pk=person_id).first()
    if person is None:
        raise Http404(f"There is nobody with the number {person_id}.")
    return person


@door(
    "POST",
    "/reviewers/{person_id}/reassign",
    *REASSIGNS,
    scope=ApiToken.Scope.WRITE,
    answers=Reassigned,
    status=201,
    tag="quality",
)
def reassign_open_items(
    request: HttpRequest, person_id: Key, given: Reassign, idempotency_key: IdempotencyKey = None
) -> Status[Any]:
    """Give what somebody has not decided in a queue to others."""
    return once(request, idempotency_key, given, lambda: _reassign(asking(request), person_id, given))


def _reassign(actor: Any, person_id: int, given: Reassign) -> dict[str, JSON]:
    reviewer = _person(person_id)
    form = ReassignForm({"from_queue": given.queue, "to": given.to}, reviewer=reviewer)
    if not form.is_valid():
        raise fault_of(form)
    data = form.cleaned_data
    return _moved(reassign_items(actor=actor, reviewer=reviewer, queue=data["from_queue"], to=list(data["to"])))


def _moved(moved: Moved | None) -> dict[str, JSON]:
    return {"moved": moved.count if moved else None, "to_anybody": moved.to_anybody if moved else None}


@door("GET", "/reviewers/{person_id}/voids", *SEES, answers=Rows[VoidShown], tag="quality")
def list_voids(request: HttpRequest, person_id: Key, cursor: Cursor = None, limit: Limit = 50) -> Any:  # noqa: ARG001
    """What was voided of somebody's reviews and restored, newest first."""
    return rows_of(page_by_id(voids_of(_person(person_id)), size=limit, before=cursor), _void)


def _void(event: ReviewVoid) -> dict[str, JSON]:
    undone = getattr(event, "undone_by", None)
    return {
        "id": event.pk,
        "reviewer": event.reviewer.username,
        "since": event.since.isoformat(),
        "queue": event.queue_id,
        "reason": event.reason,
        "reviews": event.review_count,
        "undoes": event.undoes_id,
        "undone_by": undone.pk if undone else None,
        "by": event.actor.username,
        "created_at": event.created_at.isoformat(),
    }


@door(
    "POST",
    "/reviewers/{person_id}/voids",
    *VOIDS,
    scope=ApiToken.Scope.WRITE,
    answers=Voided,
    status=201,
    tag="quality",
)
def void_reviews_of(
    request: HttpRequest, person_id: Key, given: NewVoid, idempotency_key: IdempotencyKey = None
) -> Status[Any]:
    """Let the decisions of somebody from a day on count for nothing. Nothing is deleted: each is superseded."""
    return once(request, idempotency_key, given, lambda: _void_all(asking(request), person_id, given))


def _void_all(actor: Any, person_id: int, given: NewVoid) -> dict[str, JSON]:
    reviewer = _person(person_id)
    form = VoidForm({**given.model_dump(exclude={"queue"}), "in_queue": given.queue, "key": uuid.uuid4()})
    if not form.is_valid():
        raise fault_of(form)
    data, moved = form.cleaned_data, None
    draft = VoidDraft(form.moment(), data["reason"], data["key"], data["in_queue"])
    if data["again"]:
        event, moved = reopen_items(actor=actor, reviewer=reviewer, draft=draft, to=list(data["to"]))
    else:
        event = void_reviews(
            actor=actor,
            reviewer=reviewer,
            since=draft.since,
            reason=draft.reason,
            key=draft.key,
            queue=draft.queue,
        )
    return {**_void(event), **_moved(moved)}


@door("POST", "/voids/{void_id}/undo", *VOIDS, scope=ApiToken.Scope.WRITE, answers=VoidShown, tag="quality")
def undo_void(request: HttpRequest, void_id: Key) -> Any:
    """Let voided decisions count again, where they were not decided anew since. Twice is once."""
    void = ReviewVoid.objects.select_related("reviewer").filter(pk=void_id).first()
    if void is None:
        raise Http404(f"There is no void {void_id}.")
    try:
        return _void(restore_reviews(actor=asking(request), void=void, key=uuid.uuid4()))
    except VoidError as fault:
        raise ApiProblem(409, str(fault)) from fault
