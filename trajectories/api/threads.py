"""Threads: what people remark about a trace, its steps and passages; and where one is called."""

import uuid
from typing import Annotated, Any

from django.http import Http404, HttpRequest
from ninja import Query, Schema
from ninja.responses import Status
from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from trajectories.api.auth import asking
from trajectories.api.doors import door
from trajectories.api.faults import ApiProblem
from trajectories.api.runs import fault_of
from trajectories.api.shapes import Cursor, Free, IdempotencyKey, Key, Limit, OneOf, RowId, Rows, Text, once, rows_of
from trajectories.core.curation.spans import LONGEST_QUOTE, LONGEST_REMARK, SPAN_FAULTS
from trajectories.core.faults import Fault
from trajectories.core.records import JSON
from trajectories.forms.threads import MOST, RemarkForm, ThreadForm
from trajectories.models import ApiToken, QueueItem, Thread, ThreadEvent, Trace
from trajectories.selectors.blinding import ADD_REVIEWS, sight_of
from trajectories.selectors.paging import page_by_id
from trajectories.selectors.queues import may_know_others, may_work
from trajectories.selectors.segmentations import as_cut
from trajectories.selectors.threads import ShownThread, threads_of, unread_mentions
from trajectories.selectors.traces import get_trace
from trajectories.services.curation.threads import add_to_thread, open_thread, read_mention

REMARKS = ("trajectories.add_thread", "trajectories.view_trace")
Item = Annotated[
    RowId | SkipJsonSchema[None],
    Query(description="The item of a queue that you look at, whose rule then says what you may know of others."),
]
Remark = Annotated[Text, Field(max_length=LONGEST_REMARK, description="Markdown; @name calls somebody.")]


class RemarkShown(Schema):
    """Something said in a thread: a comment, or why it is resolved or opened again."""

    id: int
    kind: str
    body: str
    author: str
    created_at: str


class ThreadShown(Schema):
    """A thread with its remarks, oldest first: about the trace, a step of it from 0, or the words in `quote`, of equal
    passages the one with the number `nth` from 0, which `fault` may label."""

    id: int
    trace: int
    step: int | None
    quote: str
    nth: int
    fault: str
    is_open: bool
    author: str
    events: list[RemarkShown]
    created_at: str


class ThreadsShown(Schema):
    """The threads of a trace, open ones first. Unless you are `told`, they are what you said yourself: what others say
    shows up once your own decision is in."""

    told: bool
    items: list[ThreadShown]


class NewThread(Free):
    """A remark that begins a thread. A label of words needs no remark."""

    body: Remark = ""
    step: Annotated[int | None, Field(ge=0, le=MOST, description="From 0; null for the whole text.")] = None
    quote: Annotated[Text, Field(max_length=LONGEST_QUOTE, description="Words as they are written there.")] = ""
    nth: Annotated[int, Field(ge=0, le=MOST, description="Which of several equal passages, from 0.")] = 0
    fault: Annotated[str, OneOf(["", *SPAN_FAULTS])] = ""


class AddToThread(Free):
    """What is added to a thread: a comment, or that it is resolved or opened again, with or without a remark."""

    kind: Annotated[str, OneOf(ThreadEvent.Kind.values)] = ThreadEvent.Kind.COMMENT.value
    body: Remark = ""


class MentionShown(Schema):
    """Where you are called and have not read it; `body` is null where your own decision on the trace is not in yet."""

    id: int
    thread: int
    trace: int
    problem_name: str
    author: str | None
    body: str | None
    created_at: str


class MentionRead(Schema):
    """Whether there was such a mention of yours that you had not read."""

    read: bool


@door("GET", "/traces/{trace_id}/threads", "trajectories.view_trace", answers=ThreadsShown, tag="threads")
def list_threads(request: HttpRequest, trace_id: Key, item: Item = None) -> Any:
    """The threads of a trace as far as you may know them."""
    trace, person = _find(trace_id), asking(request)
    told = _told(person, trace_id, item)
    shown = threads_of(trace, reader_id=person.pk, told=told)
    return {"told": told, "items": [_shown(trace, each) for each in shown]}


def _find(trace_id: int) -> Trace:
    try:
        return as_cut(get_trace(trace_id))
    except (Trace.DoesNotExist, Fault) as fault:
        raise Http404(f"There is no trace {trace_id}.") from fault


def _told(person: Any, trace_id: int, item_id: int | None) -> bool:
    """Whether a person may know what others say of a trace: by the queue whose item they look at, else by their own
    decision, or by a permission."""
    if item_id is not None and person.has_perm(ADD_REVIEWS):
        item = QueueItem.objects.select_related("queue").filter(pk=item_id, trace=trace_id).first()
        if item is not None and may_work(item.queue, person):
            return may_know_others(item, person)
    return sight_of(person).covers(trace_id)


def _shown(trace: Trace, shown: ShownThread) -> dict[str, JSON]:
    thread = shown.thread
    return {
        "id": thread.pk,
        "trace": trace.pk,
        "step": shown.step,
        "quote": thread.quote,
        "nth": shown.nth,
        "fault": thread.fault,
        "is_open": shown.is_open,
        "author": thread.author.username,
        "events": [_event(event) for event in shown.events],
        "created_at": thread.created_at.isoformat(),
    }


def _event(event: ThreadEvent) -> dict[str, JSON]:
    return {
        **{name: getattr(event, name) for name in ("id", "kind", "body")},
        "author": event.author.username,
        "created_at": event.created_at.isoformat(),
    }


@door(
    "POST",
    "/traces/{trace_id}/threads",
    *REMARKS,
    scope=ApiToken.Scope.REVIEW,
    answers=ThreadShown,
    status=201,
    tag="threads",
)
def begin_thread(
    request: HttpRequest, trace_id: Key, given: NewThread, idempotency_key: IdempotencyKey = None
) -> Status[Any]:
    """Begin a thread on a trace, a step, or some words of its text."""
    return once(request, idempotency_key, given, lambda: _begin(asking(request), trace_id, given))


def _begin(person: Any, trace_id: int, given: NewThread) -> dict[str, JSON]:
    trace, form = _find(trace_id), ThreadForm({**given.model_dump(), "key": uuid.uuid4()})
    if not form.is_valid():
        raise fault_of(form)
    data = form.cleaned_data
    thread = open_thread(author=person, trace=trace, about=form.about(), body=data["body"], key=data["key"])
    mine = threads_of(trace, reader_id=person.pk, told=False)
    return next(_shown(trace, each) for each in mine if each.thread.pk == thread.pk)


@door(
    "POST",
    "/threads/{thread_id}/events",
    *REMARKS,
    scope=ApiToken.Scope.REVIEW,
    answers=RemarkShown,
    status=201,
)
def add_remark(
    request: HttpRequest,
    thread_id: Key,
    given: AddToThread,
    item: Item = None,
    idempotency_key: IdempotencyKey = None,
) -> Status[Any]:
    """Say something in a thread, resolve it or open it again. 403 where it is not yours and your own decision on the
    trace is not in yet."""
    return once(request, idempotency_key, given, lambda: _add(asking(request), thread_id, given, item))


def _add(person: Any, thread_id: int, given: AddToThread, item_id: int | None) -> dict[str, JSON]:
    thread = Thread.objects.filter(pk=thread_id).first()
    if thread is None:
        raise Http404(f"There is no thread {thread_id}.")
    if not _told(person, thread.trace_id, item_id) and thread.author_id != person.pk:
        raise ApiProblem(403, "What others say of this trace shows up once your own decision on it is in.")
    form = RemarkForm({"body": given.body, "key": uuid.uuid4()})
    if not form.is_valid():
        raise fault_of(form)
    data = form.cleaned_data
    return _event(add_to_thread(author=person, thread=thread, kind=given.kind, body=data["body"], key=data["key"]))


@door("GET", "/mentions", "trajectories.view_trace", answers=Rows[MentionShown], tag="threads")
def list_mentions(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> Any:
    """Where you are called and have not read it, newest first."""
    person = asking(request)
    page = page_by_id(unread_mentions(person, sight_of(person)), size=limit, before=cursor)
    return rows_of(page, _mention)


def _mention(mention: Any) -> dict[str, JSON]:
    event = mention.event
    return {
        "id": mention.pk,
        "thread": event.thread_id,
        "trace": event.thread.trace_id,
        "problem_name": event.thread.trace.problem.name,
        "author": event.author.username if mention.told else None,
        "body": event.body if mention.told else None,
        "created_at": event.created_at.isoformat(),
    }


@door(
    "POST",
    "/mentions/{mention_id}/read",
    "trajectories.view_trace",
    scope=ApiToken.Scope.REVIEW,
    answers=MentionRead,
    tag="threads",
)
def mark_mention_read(request: HttpRequest, mention_id: Key) -> Any:
    """Say that you have read a mention of yours."""
    return {"read": read_mention(person=asking(request), mention_id=mention_id)}
