"""Leading a queue once it is made: who works on it, its guidelines, its gold items, and questions to its lead."""

from typing import Annotated, Any, Literal

from django.http import Http404, HttpRequest
from ninja import Schema
from ninja.responses import Status
from pydantic import Field

from trajectories.api.auth import asking
from trajectories.api.doors import door
from trajectories.api.faults import ApiProblem
from trajectories.api.queue_making import QueueShown, find_seen_queue, show_queue
from trajectories.api.runs import fault_of
from trajectories.api.shapes import Cursor, Free, IdempotencyKey, Key, Limit, RowId, Rows, Text, Word, once, rows_of
from trajectories.core.faults import Fault
from trajectories.core.records import JSON
from trajectories.forms.queues import GoldForm, GuidelinesForm, QueueChangeForm
from trajectories.models import ApiToken, Queue, QueueFlag, Trace
from trajectories.selectors.blinding import ADD_REVIEWS
from trajectories.selectors.paging import page_by_id
from trajectories.selectors.projects import people_with
from trajectories.selectors.queues import (
    CONTROL_QUEUES,
    PersonRow,
    current_guidelines,
    gold_items,
    list_people,
    open_flags,
)
from trajectories.services.curation.decisions import LONGEST_NOTE, settle_flag
from trajectories.services.curation.queues import (
    LONGEST_GUIDELINES,
    add_gold_item,
    change_queue,
    revise_guidelines,
)


class Person(Schema):
    """Somebody who may review."""

    id: int
    username: str


class QueuePerson(Schema):
    """What somebody did in a queue: decisions in all, in the last hour and day, skips, seconds looked at an item, and
    the trace that they look at now."""

    id: int
    username: str
    done: int
    skipped: int
    last_hour: int
    last_day: int
    seconds_each: float | None
    looking_at: int | None


class QueuePeople(Schema):
    """Who is a member of a queue (nobody: everybody who may review), and everybody who has worked on it."""

    members: list[Person]
    people: list[QueuePerson]


class QueueChange(Free):
    """What changes of a queue while people work; what is left out stays as it is."""

    title: Annotated[Word | None, Field(min_length=1)] = None
    due_on: Annotated[str | None, Field(pattern=r"^(\d{4}-\d\d-\d\d)?$", description="A day; empty for none.")] = None
    members: Annotated[
        list[RowId] | None, Field(max_length=1_000, description="Ids of people; an empty list for all who may review.")
    ] = None


class GuidelinesShown(Schema):
    """One version of a queue's guidelines; 0 where nothing was ever written."""

    version: int
    text: str


class NewGuidelines(Free):
    """The next version of a queue's guidelines, which takes the place of version `seen`."""

    text: Annotated[Text, Field(max_length=LONGEST_GUIDELINES, description="Markdown.")]
    seen: Annotated[int, Field(ge=0, lt=2**31, description="The version that you have read.")]


class GoldShown(Schema):
    """A gold item: what is known of its trace, and how many people have answered it, how many rightly."""

    item: int
    trace: int
    decision: str
    reason: str
    why: str
    is_training: bool
    answered: int
    right: int


class GoldItems(Schema):
    """The gold items of a queue, those for training first."""

    items: list[GoldShown]


class NewGold(Free):
    """A trace whose decision is known."""

    trace: RowId
    decision: Literal["accept", "reject"]
    reason: Annotated[Word, Field(description="Why it is to be rejected, by its code.")] = ""
    why: Annotated[Text, Field(max_length=LONGEST_NOTE, description="Told after a training item.")] = ""
    is_training: Annotated[bool, Field(description="For the training round, in which one is told what is right.")] = (
        False
    )


class FlagShown(Schema):
    """A question to the lead that is not settled."""

    id: int
    item: int
    trace: int
    by: str
    note: str
    created_at: str


class Flags(Schema):
    """The questions of a queue that are not settled, oldest first, at most 100."""

    items: list[FlagShown]


@door("GET", "/reviewers", CONTROL_QUEUES, answers=Rows[Person], tag="queues")
def list_reviewers(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> Any:  # noqa: ARG001
    """Everybody who may review here, in order of making: the members that a queue may have."""
    page = page_by_id(people_with(ADD_REVIEWS), size=limit, after=cursor, newest_first=False)
    return rows_of(page, _person)


def _person(person: Any) -> dict[str, JSON]:
    return {"id": person.pk, "username": person.username}


@door("GET", "/queues/{queue_id}/people", CONTROL_QUEUES, answers=QueuePeople)
def list_queue_people(request: HttpRequest, queue_id: Key) -> Any:
    """Who works on a queue, the busiest first."""
    queue = find_seen_queue(request, queue_id)
    members = [_person(person) for person in queue.members.order_by("username")]
    return {"members": members, "people": [_worker(row) for row in list_people(queue)]}


def _worker(row: PersonRow) -> dict[str, JSON]:
    return {
        **_person(row.work.reviewer),
        "done": row.work.done_count,
        "skipped": row.work.skipped_count,
        **{name: getattr(row, name) for name in ("last_hour", "last_day", "seconds_each")},
        "looking_at": row.looking.trace_id if row.looking else None,
    }


@door("POST", "/queues/{queue_id}/change", CONTROL_QUEUES, scope=ApiToken.Scope.WRITE, answers=QueueShown)
def change_one_queue(request: HttpRequest, queue_id: Key, given: QueueChange) -> Any:
    """Change the title, the due date or the members of a queue. What was meant for somebody who is not among them any
    more is anybody's."""
    queue = find_seen_queue(request, queue_id)
    due = (queue.due_on.isoformat() if queue.due_on else "") if given.due_on is None else given.due_on
    members = list(queue.members.values_list("pk", flat=True)) if given.members is None else given.members
    form = QueueChangeForm({"title": given.title or queue.title, "due_on": due or None, "members": members})
    if not form.is_valid():
        raise fault_of(form)
    data = form.cleaned_data
    change_queue(
        actor=asking(request),
        queue=queue,
        title=data["title"],
        due_on=data["due_on"],
        members=list(data["members"]),
    )
    return show_queue(find_seen_queue(request, queue_id), asking(request))


@door("GET", "/queues/{queue_id}/guidelines", "trajectories.view_queue", answers=GuidelinesShown)
def get_guidelines(request: HttpRequest, queue_id: Key) -> Any:
    """The newest version of a queue's guidelines."""
    return _guidelines(find_seen_queue(request, queue_id))


def _guidelines(queue: Queue) -> dict[str, JSON]:
    newest = current_guidelines(queue)
    return {"version": newest.version if newest else 0, "text": newest.text if newest else ""}


@door(
    "POST",
    "/queues/{queue_id}/guidelines",
    CONTROL_QUEUES,
    scope=ApiToken.Scope.WRITE,
    answers=GuidelinesShown,
    status=201,
)
def write_guidelines(
    request: HttpRequest, queue_id: Key, given: NewGuidelines, idempotency_key: IdempotencyKey = None
) -> Status[Any]:
    """Write the next version of a queue's guidelines. Decisions that are in keep theirs."""
    return once(request, idempotency_key, given, lambda: _write(request, queue_id, given))


def _write(request: HttpRequest, queue_id: int, given: NewGuidelines) -> dict[str, JSON]:
    queue, form = find_seen_queue(request, queue_id), GuidelinesForm({"guidelines": given.text, "seen": given.seen})
    if not form.is_valid():
        raise fault_of(form)
    revise_guidelines(actor=asking(request), queue=queue, text=form.cleaned_data["guidelines"], seen=given.seen)
    return _guidelines(queue)


@door("GET", "/queues/{queue_id}/gold", CONTROL_QUEUES, answers=GoldItems)
def list_gold(request: HttpRequest, queue_id: Key) -> Any:
    """The gold items of a queue."""
    return {"items": [_gold(item) for item in gold_items(find_seen_queue(request, queue_id))]}


def _gold(item: Any) -> dict[str, JSON]:
    return {
        "item": item.pk,
        "trace": item.trace_id,
        "decision": item.known_decision,
        "reason": item.known_reason,
        "why": item.known_why,
        **{name: getattr(item, name) for name in ("is_training", "answered", "right")},
    }


@door("POST", "/queues/{queue_id}/gold", CONTROL_QUEUES, scope=ApiToken.Scope.WRITE, answers=GoldItems, status=201)
def add_gold(
    request: HttpRequest, queue_id: Key, given: NewGold, idempotency_key: IdempotencyKey = None
) -> Status[Any]:
    """Make a trace a gold item of a queue: answers to it are compared with what is known, and never become reviews."""
    return once(request, idempotency_key, given, lambda: _add_gold(request, queue_id, given))


def _add_gold(request: HttpRequest, queue_id: int, given: NewGold) -> dict[str, JSON]:
    queue = find_seen_queue(request, queue_id)
    form = GoldForm(given.model_dump(), schema=queue.asks)
    if not form.is_valid():
        raise fault_of(form)
    trace = Trace.objects.filter(pk=given.trace).first()
    if trace is None:
        raise Fault(f"Found {given.trace}, expected the id of a trace.", field="trace")
    add_gold_item(actor=asking(request), queue=queue, trace=trace, known=form.known(), is_training=given.is_training)
    return {"items": [_gold(item) for item in gold_items(queue)]}


@door("GET", "/queues/{queue_id}/flags", CONTROL_QUEUES, answers=Flags)
def list_flags(request: HttpRequest, queue_id: Key) -> Any:
    """The questions to a queue's lead that are not settled."""
    return {"items": [_flag(flag) for flag in open_flags(find_seen_queue(request, queue_id))]}


def _flag(flag: QueueFlag) -> dict[str, JSON]:
    return {
        "id": flag.pk,
        "item": flag.item_id,
        "trace": flag.item.trace_id,
        "by": flag.reviewer.username,
        "note": flag.note,
        "created_at": flag.created_at.isoformat(),
    }


@door("POST", "/queues/{queue_id}/flags/{flag_id}/settle", CONTROL_QUEUES, scope=ApiToken.Scope.WRITE, answers=Flags)
def settle_one_flag(request: HttpRequest, queue_id: Key, flag_id: Key) -> Any:
    """Say that a question is settled. 409 where it was already."""
    queue = find_seen_queue(request, queue_id)
    flag = QueueFlag.objects.select_related("item").filter(pk=flag_id, item__queue=queue).first()
    if flag is None:
        raise Http404(f"There is no question {flag_id} in queue {queue_id}.")
    if not settle_flag(actor=asking(request), flag=flag):
        raise ApiProblem(409, "This question was settled already.")
    return {"items": [_flag(each) for each in open_flags(queue)]}
