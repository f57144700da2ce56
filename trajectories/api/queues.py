"""Queues: listing them, being handed the next item, deciding on it, skipping it or letting it go."""

import uuid
from collections.abc import Sequence
from typing import Annotated, Any

from django.db.models import Sum
from django.http import Http404, HttpRequest
from ninja import Query, Schema
from ninja.responses import Status
from pydantic import Field

from trajectories.api.auth import asking
from trajectories.api.doors import door
from trajectories.api.faults import ApiProblem
from trajectories.api.reviews import Decide, as_form
from trajectories.api.runs import fault_of
from trajectories.api.shapes import (
    Cursor,
    Free,
    IdempotencyKey,
    Key,
    Limit,
    OneOf,
    RowId,
    Rows,
    Text,
    Word,
    once,
)
from trajectories.api.trace_shapes import TraceShown, show_trace
from trajectories.core.curation.schemas import SKIP_REASONS
from trajectories.core.faults import Fault
from trajectories.core.records import JSON
from trajectories.forms.queues import QueueReviewForm
from trajectories.models import ApiToken, Assignment, Queue, QueueItem, QueueWork, Trace
from trajectories.selectors.blinding import Sight, stands, take_off, veil
from trajectories.selectors.paging import page_by_id
from trajectories.selectors.queue_screens import OpenedQueue, get_item_of, open_queue
from trajectories.selectors.queues import queues_for, why_nothing
from trajectories.selectors.reviews import latest_review
from trajectories.selectors.segmentations import as_cut
from trajectories.selectors.traces import get_trace
from trajectories.services.curation.assignments import lease_next, release_assignments, skip_item
from trajectories.services.curation.decisions import (
    LONGEST_NOTE,
    DecidedElsewhereError,
    GoneItemError,
    Submitted,
    decide_item,
    flag_item,
)
from trajectories.services.curation.suggestions import suggestion_of

WORKS = ("trajectories.view_queue", "trajectories.add_review")
MOST_HELD = 100
Lease = Annotated[str, Field(pattern=r"^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$")]


class QueueRow(Schema):
    """A queue of a list: reviews given and needed by all, and whether its items are decided on by problem."""

    id: int
    title: str
    state: str
    by_problem: bool
    items: int
    reviewed: int
    needed: int
    mine: int
    due_on: str | None
    created_at: str


class Asks(Schema):
    """What a queue asks about each trace. `reasons` are by their codes, `steps` is each, first_error or off."""

    reasons: dict[str, str]
    scores: list[str]
    anchors: list[str]
    tags: list[str]
    steps: str


class Suggested(Schema):
    """A decision that is suggested and nobody's until you submit it."""

    decision: str
    reason: str
    by: str


class Item(Schema):
    """An item that is yours to decide on, for as long as its `lease` holds; asking again renews it."""

    id: int
    lease: str
    is_training: bool
    asks: Asks
    guidelines: str
    suggestion: Suggested | None
    trace: TraceShown


class Next(Schema):
    """Your next item; or null, and why there is none: paused, closed, filling, others, skipped, waits, done, empty."""

    item: Item | None
    why: str


class Decided(Schema):
    """What you decided. `right` is told of training items only."""

    item: int
    trace: int
    decided_at: str | None
    right: bool | None


class ItemDecision(Decide):
    """What you say of an item: as of a trace, by what its queue asks."""

    lease: Annotated[Lease | None, Field(description="The token that the item came with.")] = None
    tags: Annotated[list[Word], Field(max_length=100)] = []
    scores: Annotated[dict[str, Annotated[int, Field(ge=1, le=5)]], Field(max_length=20)] = {}
    flag: Annotated[Text, Field(max_length=LONGEST_NOTE, description="A question to the lead.")] = ""


class Skip(Free):
    """Why an item is passed over."""

    reason: Annotated[str, OneOf(SKIP_REASONS), Field(description="A code, or nothing.")] = ""
    flag: Annotated[Text, Field(max_length=LONGEST_NOTE, description="A question to the lead.")] = ""


class Skipped(Schema):
    """Whether an item was passed over; false where it was not yours any more."""

    skipped: bool


class LeasesReleased(Free):
    """The leases that are let go of."""

    leases: Annotated[list[Lease], Field(min_length=1, max_length=MOST_HELD)]


class Released(Schema):
    """How many leases were asked to be let go of."""

    asked: int


@door("GET", "/queues", "trajectories.view_queue", answers=Rows[QueueRow])
def list_all_queues(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> Any:
    """The queues that you may see, newest first."""
    page = page_by_id(queues_for(asking(request)), size=limit, before=cursor)
    rows = show_queues(page.rows, asking(request))
    return {"items": [rows[queue.pk] for queue in page.rows], "next": page.next}


def show_queues(queues: Sequence[Queue], person: Any) -> dict[int, dict[str, JSON]]:
    """Queues as they are answered to a person, by their ids."""
    work = QueueWork.objects.filter(queue__in=[queue.pk for queue in queues])
    done = dict(work.order_by().values_list("queue").annotate(Sum("done_count")))
    mine = {each.queue_id: each.done_count + each.gold_count for each in work.filter(reviewer=person)}
    return {
        queue.pk: {
            **{name: getattr(queue, name) for name in ("id", "title", "state", "by_problem")},
            "items": queue.item_count,
            "reviewed": done.get(queue.pk, 0),
            "needed": queue.review_count,
            "mine": mine.get(queue.pk, 0),
            "due_on": queue.due_on.isoformat() if queue.due_on else None,
            "created_at": queue.created_at.isoformat(),
        }
        for queue in queues
    }


def find_queue(person: Any, queue_id: int) -> OpenedQueue:
    """A queue that a person may work on item by item. Raises Http404 where they may not even see it, ApiProblem."""
    opened = open_to(person, queue_id)
    if opened.queue.by_problem:
        raise ApiProblem(409, "This queue is decided on by problem, all samples together: /queues/{id}/problems/next.")
    return opened


def open_to(person: Any, queue_id: int) -> OpenedQueue:
    """A queue that a person may work on, however it is decided on. Raises Http404, ApiProblem as `find_queue`."""
    opened = open_queue(person, queue_id)
    if opened is None:
        raise Http404(f"There is no queue {queue_id}.")
    if not opened.may_work:
        raise ApiProblem(403, f"You are not among those who work on the queue “{opened.queue.title}”.")
    return opened


def _find_item(person: Any, queue_id: int, item_id: int) -> tuple[OpenedQueue, QueueItem, int]:
    opened = find_queue(person, queue_id)
    try:
        item, step_count = get_item_of(opened.queue, item_id)
    except QueueItem.DoesNotExist as fault:
        raise Http404(f"There is no item {item_id} in queue {queue_id}.") from fault
    return opened, item, step_count


@door("POST", "/queues/{queue_id}/next", *WORKS, scope=ApiToken.Scope.REVIEW, answers=Next)
def lease_next_item(
    request: HttpRequest,
    queue_id: Key,
    skipped: Annotated[bool, Field(description="What you skipped before, and nothing else.")] = False,
    but: Annotated[list[RowId], Query(max_length=MOST_HELD, description="Traces that you hold already.")] = [],  # noqa: B006
) -> Any:
    """Be handed your next item; what you hold comes first, but for the traces in `but`."""
    person = asking(request)
    opened = find_queue(person, queue_id)
    found = lease_next(reviewer=person, queue=opened.queue, but=but, skipped=skipped)
    if found is None:
        opened.queue.refresh_from_db()
        return {"item": None, "why": why_nothing(opened.queue, person).value}
    return {"item": _shown(person, opened, found), "why": ""}


def _shown(person: Any, opened: OpenedQueue, assignment: Assignment) -> dict[str, JSON]:
    """An item as its reviewer may see it: by the rules of its screen."""
    queue, item = opened.queue, assignment.item
    suggestion = None if assignment.is_control else suggestion_of(assignment)
    return {
        "id": item.pk,
        "lease": str(assignment.token),
        "is_training": item.is_training,
        "asks": show_asks(queue),
        "guidelines": opened.guidelines.text if opened.guidelines else "",
        "suggestion": None
        if suggestion is None
        else {"decision": str(suggestion.decision), "reason": suggestion.reason, "by": suggestion.by},
        "trace": show_trace_of(person, item),
    }


def show_asks(queue: Queue) -> dict[str, JSON]:
    """What a queue asks about each trace, as it is answered."""
    asks = queue.asks
    return {
        "reasons": dict(asks.reason_titles()),
        "steps": str(asks.steps),
        **{name: list(getattr(asks, name)) for name in ("scores", "anchors", "tags")},
    }


def show_trace_of(person: Any, item: QueueItem, *, decided: bool = False) -> dict[str, JSON]:
    """The trace of an item without what its queue hides until one has decided, and without what another one hides."""
    trace, hides = _cut(item), item.queue.hides
    veil([trace], Sight(person.pk))
    take_off(
        trace,
        verdicts=trace.veiled_verdicts or (hides.verdicts and not decided),
        sampler=trace.veiled_sampler or (hides.sampler and not decided),
    )
    last = latest_review(trace=trace, reviewer=person)
    told = (not hides.reviews and not item.is_gold) or stands(last)
    return show_trace(trace, reader_id=person.pk, told=told)


def _cut(item: QueueItem) -> Trace:
    return as_cut(get_trace(item.trace_id), item.queue.segmentation or None)


@door("POST", "/queues/{queue_id}/items/{item_id}/decision", *WORKS, scope=ApiToken.Scope.REVIEW, answers=Decided)
def submit_item(
    request: HttpRequest, queue_id: Key, item_id: Key, given: ItemDecision, idempotency_key: IdempotencyKey = None
) -> Status[Any]:
    """Decide on an item. 409 where it is not yours any more, or you decided on it elsewhere."""

    def make() -> dict[str, JSON]:
        return _decide(asking(request), queue_id, item_id, given)

    return once(request, idempotency_key, given, make, status=200)


def _decide(person: Any, queue_id: int, item_id: int, given: ItemDecision) -> dict[str, JSON]:
    opened, item, _ = _find_item(person, queue_id, item_id)
    item.trace = _cut(item)
    form = QueueReviewForm(_item_form(given, opened.queue), step_count=len(item.trace.steps), schema=opened.queue.asks)
    if not form.is_valid():
        raise fault_of(form)
    sent = Submitted(form.draft(), uuid.uuid4(), form.cleaned_data["lease"])
    try:
        assignment = decide_item(reviewer=person, item=item, submitted=sent)
        if given.flag.strip():
            flag_item(reviewer=person, item=item, note=given.flag)
    except (DecidedElsewhereError, GoneItemError) as fault:
        raise ApiProblem(409, str(fault)) from fault
    at = assignment.decided_at
    return {
        "item": item.pk,
        "trace": item.trace_id,
        "decided_at": at.isoformat() if at else None,
        "right": assignment.is_right if item.is_training else None,
    }


def _item_form(given: ItemDecision, queue: Queue) -> dict[str, Any]:
    places = {title: at for at, title in enumerate(queue.asks.scores)}
    if strange := sorted(given.scores.keys() - places.keys()):
        expected = ", ".join(places) or "none"
        raise Fault(f"Found a score for {strange[0][:60]!r}, expected one of {expected}.", field="scores")
    scores = {f"score_{places[title]}": str(score) for title, score in given.scores.items()}
    return {**as_form(given), **scores, "tags": list(given.tags), "lease": given.lease, "flag": given.flag}


@door("POST", "/queues/{queue_id}/items/{item_id}/skip", *WORKS, scope=ApiToken.Scope.REVIEW, answers=Skipped)
def skip_queue_item(request: HttpRequest, queue_id: Key, item_id: Key, given: Skip) -> Any:
    """Pass an item over; you get it again only by asking for what you skipped."""
    _, item, _ = _find_item(asking(request), queue_id, item_id)
    if given.flag.strip():
        flag_item(reviewer=asking(request), item=item, note=given.flag)
    return {"skipped": skip_item(reviewer=asking(request), item=item, reason=given.reason)}


@door("POST", "/queues/{queue_id}/release", *WORKS, scope=ApiToken.Scope.REVIEW, answers=Released)
def release_items(request: HttpRequest, queue_id: Key, given: LeasesReleased) -> Any:
    """Let go of items that you hold, so that others may be handed them at once."""
    find_queue(asking(request), queue_id)
    release_assignments(reviewer=asking(request), tokens=[uuid.UUID(token) for token in given.leases])
    return {"asked": len(given.leases)}
