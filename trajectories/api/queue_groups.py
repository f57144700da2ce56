"""Queues that are decided on by problem: being handed all samples of a problem, and deciding on them together. Also
taking the last decision in a queue of either sort back."""

import uuid
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from django.http import Http404, HttpRequest
from ninja import Query, Schema
from ninja.responses import Status
from pydantic import Field

from trajectories.api.auth import asking
from trajectories.api.doors import door
from trajectories.api.faults import ApiProblem
from trajectories.api.problems import ProblemAsked, show_asked
from trajectories.api.queues import (
    MOST_HELD,
    WORKS,
    Asks,
    Lease,
    Skipped,
    open_to,
    show_asks,
    show_trace_of,
)
from trajectories.api.runs import fault_of
from trajectories.api.shapes import Free, IdempotencyKey, Key, OneOf, RowId, Text, Word, once
from trajectories.api.trace_shapes import TraceShown
from trajectories.core.curation.groups import NOT_BEST
from trajectories.core.curation.reviews import COMMENT_CHARACTERS
from trajectories.core.curation.schemas import SKIP_REASONS
from trajectories.core.records import JSON
from trajectories.forms.queue_groups import BEST, GroupForm
from trajectories.forms.reviews import LONGEST_LOOK
from trajectories.models import ApiToken, Assignment, Problem
from trajectories.selectors.queue_groups import (
    SampleGroup,
    count_elsewhere,
    get_sample,
    group_samples,
    hidden_on_screen,
)
from trajectories.selectors.queue_screens import OpenedQueue
from trajectories.selectors.queues import why_nothing
from trajectories.services.curation.decisions import UNDONE_AT_MOST, DecidedElsewhereError, undo_in_queue
from trajectories.services.curation.group_decisions import (
    GoneGroupError,
    GroupSubmission,
    decide_group,
    undo_group,
)
from trajectories.services.curation.group_leases import MOST_SAMPLES, lease_group, lease_next_group, skip_group

NOTHING_TO_UNDO = f"There is no decision of yours to undo: your last {UNDONE_AT_MOST} in a queue can be taken back."
ItemKey = Annotated[str, Field(pattern=r"^[1-9]\d{0,17}$")]
AnswerKey = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class GroupSample(Schema):
    """One sample: its item and its trace. What its queue hides is empty or null."""

    item: int
    trace: int
    correctness: str
    train_passed: int | None
    train_total: int | None
    output_tokens: int
    finish_reason: str
    origin: str


class AnswerGroup(Schema):
    """The samples that give one answer, the one that stands for the others first, and their share of all."""

    hash: str
    answer: Any
    share: float
    samples: list[GroupSample]


class GroupShown(Schema):
    """All samples of a problem that are yours to decide on together, for as long as the `lease` holds. `elsewhere` is
    how many more of the problem are in the queue."""

    lease: str
    asks: Asks
    guidelines: str
    problem: ProblemAsked
    answers: list[AnswerGroup]
    elsewhere: int


class NextGroup(Schema):
    """Your next problem; or null, and why there is none, as for items."""

    group: GroupShown | None
    why: str


class AnswerMarked(Free):
    """What is to become of the samples that give one answer: the item that is kept while the others are rejected, or
    keep or reject for all of them; and why those are rejected that are."""

    best: RowId | None = None
    mark: Literal["", "keep", "reject"] = ""
    reason: Word = ""


class GroupDecide(Free):
    """What you say of all samples of a problem. `answers` is by the hash of an answer, `samples` by the number of an
    item and outweighs it. What is marked nowhere is rejected for `reason` as soon as anything is marked."""

    lease: Lease
    items: Annotated[list[RowId], Field(min_length=1, max_length=MOST_SAMPLES, description="All that you were handed.")]
    answers: Annotated[dict[AnswerKey, AnswerMarked], Field(max_length=MOST_SAMPLES)] = {}
    samples: Annotated[dict[ItemKey, Literal["keep", "reject"]], Field(max_length=MOST_SAMPLES)] = {}
    all_rejected: Annotated[bool, Field(description="No sample is good.")] = False
    reason: Annotated[Word, Field(description="Why samples are rejected, by its code.")] = NOT_BEST
    comment: Annotated[Text, Field(max_length=COMMENT_CHARACTERS)] = ""
    seconds: Annotated[float, Field(ge=0, le=LONGEST_LOOK, description="How long you looked; 0 for not known.")] = 0


class GroupDecided(Schema):
    """On how many samples you decided."""

    problem: int
    decided: int


class GroupSkip(Free):
    """Why a problem is passed over."""

    reason: Annotated[str, OneOf(SKIP_REASONS), Field(description="A code, or nothing.")] = ""


class Undone(Schema):
    """What is yours to decide on again: an item with its trace, or in a queue by problem the problem."""

    item: int | None
    trace: int | None
    problem: int | None


def _find(person: Any, queue_id: int) -> OpenedQueue:
    opened = open_to(person, queue_id)
    if not opened.queue.by_problem:
        raise ApiProblem(409, "The traces of this queue are decided on one by one: /queues/{id}/next.")
    return opened


@door("POST", "/queues/{queue_id}/problems/next", *WORKS, scope=ApiToken.Scope.REVIEW, answers=NextGroup)
def lease_next_problem(
    request: HttpRequest,
    queue_id: Key,
    skipped: Annotated[bool, Field(description="What you skipped before, and nothing else.")] = False,
    but: Annotated[list[RowId], Query(max_length=MOST_HELD, description="Problems that you hold already.")] = [],  # noqa: B006
) -> Any:
    """Be handed all samples of your next problem, in a queue that is decided on by problem."""
    person = asking(request)
    opened = _find(person, queue_id)
    found = lease_next_group(reviewer=person, queue=opened.queue, but=but, skipped=skipped)
    if not found:
        opened.queue.refresh_from_db()
        return {"group": None, "why": why_nothing(opened.queue, person).value}
    return {"group": _shown(person, opened, found), "why": ""}


@door("POST", "/queues/{queue_id}/problems/{problem_id}/open", *WORKS, scope=ApiToken.Scope.REVIEW, answers=NextGroup)
def lease_one_problem(request: HttpRequest, queue_id: Key, problem_id: Key) -> Any:
    """Be handed all samples of one problem: those that you hold, that are free, or that you decided on last."""
    person = asking(request)
    opened = _find(person, queue_id)
    found = lease_group(reviewer=person, queue=opened.queue, problem_id=problem_id)
    if not found:
        opened.queue.refresh_from_db()
        return {"group": None, "why": why_nothing(opened.queue, person).value}
    return {"group": _shown(person, opened, found), "why": ""}


def _shown(person: Any, opened: OpenedQueue, assignments: Sequence[Assignment]) -> dict[str, JSON]:
    queue, items = opened.queue, [each.item_id for each in assignments]
    hides = hidden_on_screen(queue, assignments, person)
    problem = Problem.objects.get(pk=assignments[0].item.trace.problem_id)
    groups = group_samples(items, verdicts=not hides.verdicts, origins=not hides.sampler)
    return {
        "lease": str(assignments[0].token),
        "asks": show_asks(queue),
        "guidelines": opened.guidelines.text if opened.guidelines else "",
        "problem": show_asked(problem),
        "answers": [_answer(group) for group in groups],
        "elsewhere": count_elsewhere(queue, problem.pk, items),
    }


def _answer(group: SampleGroup) -> dict[str, JSON]:
    same = ("correctness", "train_passed", "train_total", "output_tokens", "finish_reason", "origin")
    return {
        "hash": group.answer_hash,
        "answer": group.answer,
        "share": group.share,
        "samples": [
            {
                "item": sample.item_id,
                "trace": sample.trace_id,
                **{name: getattr(sample, name) for name in same},
            }
            for sample in group.samples
        ],
    }


@door("GET", "/queues/{queue_id}/samples/{item_id}", *WORKS, answers=TraceShown)
def get_one_sample(request: HttpRequest, queue_id: Key, item_id: Key) -> Any:
    """What one sample of a problem that you were handed says, as its queue shows it."""
    person = asking(request)
    item = get_sample(_find(person, queue_id).queue, item_id, person)
    if item is None:
        raise Http404(f"Sample {item_id} is none that you were handed.")
    decided = item.assignments.filter(reviewer=person, state=Assignment.State.DONE).exists()
    return show_trace_of(person, item, decided=decided)


@door(
    "POST",
    "/queues/{queue_id}/problems/{problem_id}/decision",
    *WORKS,
    scope=ApiToken.Scope.REVIEW,
    answers=GroupDecided,
)
def submit_problem(
    request: HttpRequest,
    queue_id: Key,
    problem_id: Key,
    given: GroupDecide,
    idempotency_key: IdempotencyKey = None,
) -> Status[Any]:
    """Decide on all samples of a problem at once. 409 where some are not yours any more, or you decided elsewhere."""

    def make() -> dict[str, JSON]:
        return _decide(asking(request), queue_id, problem_id, given)

    return once(request, idempotency_key, given, make, status=200)


def _decide(person: Any, queue_id: int, problem_id: int, given: GroupDecide) -> dict[str, JSON]:
    queue = _find(person, queue_id).queue
    form = GroupForm(_as_form(given), schema=queue.asks)
    if not form.is_valid():
        raise fault_of(form)
    data = form.cleaned_data
    sent = GroupSubmission(form.draft(), data["samples"], data["key"], data["lease"])
    try:
        decided = decide_group(reviewer=person, queue=queue, problem_id=problem_id, submitted=sent)
    except (DecidedElsewhereError, GoneGroupError) as fault:
        raise ApiProblem(409, str(fault)) from fault
    return {"problem": problem_id, "decided": decided}


def _as_form(given: GroupDecide) -> dict[str, Any]:
    """The marks as the form of the page has them."""
    answers: dict[str, str] = {}
    for key, marked in given.answers.items():
        answers[f"answer_{key}"] = f"{BEST}{marked.best}" if marked.best else marked.mark
        answers[f"why_{key}"] = marked.reason
    same = ("lease", "reason", "comment", "all_rejected")
    return {
        **answers,
        **{name: getattr(given, name) for name in same},
        "samples": ",".join(map(str, given.items)),
        "marks": ",".join(f"{item}:{mark}" for item, mark in given.samples.items()),
        "seconds": given.seconds or None,
        "key": str(uuid.uuid4()),
    }


@door("POST", "/queues/{queue_id}/problems/{problem_id}/skip", *WORKS, scope=ApiToken.Scope.REVIEW, answers=Skipped)
def skip_problem(request: HttpRequest, queue_id: Key, problem_id: Key, given: GroupSkip) -> Any:
    """Pass all samples of a problem over; you get it again only by asking for what you skipped."""
    queue, person = _find(asking(request), queue_id).queue, asking(request)
    return {"skipped": bool(skip_group(reviewer=person, queue=queue, problem_id=problem_id, reason=given.reason))}


@door("POST", "/queues/{queue_id}/undo", *WORKS, scope=ApiToken.Scope.REVIEW, answers=Undone)
def undo_last_in_queue(request: HttpRequest, queue_id: Key, idempotency_key: IdempotencyKey = None) -> Status[Any]:
    """Take your last decision in a queue back: what it was about is yours again. 409 where there is none."""
    return once(request, idempotency_key, {}, lambda: _undo(asking(request), queue_id), status=200)


def _undo(person: Any, queue_id: int) -> dict[str, JSON]:
    queue, key = open_to(person, queue_id).queue, uuid.uuid4()
    if queue.by_problem:
        problem = undo_group(reviewer=person, queue=queue, key=key)
        if problem is None:
            raise ApiProblem(409, NOTHING_TO_UNDO)
        return {"item": None, "trace": None, "problem": problem}
    undone = undo_in_queue(reviewer=person, queue=queue, key=key)
    if undone is None:
        raise ApiProblem(409, NOTHING_TO_UNDO)
    return {"item": undone.item_id, "trace": undone.item.trace_id, "problem": None}
