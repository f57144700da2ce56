"""The curation screen: one item of a queue after another, decided from the keyboard."""

import json
import uuid
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_POST, require_safe

from trajectories.core.curation.reviews import Decision, ReviewError
from trajectories.core.curation.schemas import SKIP_REASONS
from trajectories.core.curation.suggestions import Suggestion
from trajectories.core.problems.kinds import is_grids
from trajectories.forms.queues import QueueReviewForm, SkipForm
from trajectories.forms.reviews import UndoForm
from trajectories.models import Assignment, Queue, QueueItem, Repair, Review
from trajectories.selectors.attachments import attached_to
from trajectories.selectors.blinding import Sight, stands, veil
from trajectories.selectors.my_work import agreed_in
from trajectories.selectors.queue_groups import last_group_decided
from trajectories.selectors.queue_screens import OpenedQueue, get_item_of, get_standing, open_queue
from trajectories.selectors.queues import Nothing, assignment_of, count_skipped, get_session, why_nothing
from trajectories.selectors.repairs import repairs_of
from trajectories.selectors.reviews import latest_review, review_history
from trajectories.selectors.segmentations import labels_as_cut
from trajectories.services.curation.assignments import lease_item, lease_next, skip_item
from trajectories.services.curation.decisions import (
    UNDONE_AT_MOST,
    DecidedElsewhereError,
    Submitted,
    decide_item,
    flag_item,
    undo_in_queue,
)
from trajectories.services.curation.suggestions import suggestion_of
from trajectories.views.ahead import ahead_token, is_ahead
from trajectories.views.fragments import wants_fragment
from trajectories.views.paging import read_keys
from trajectories.views.permissions import Refused, needs
from trajectories.views.shown.campaigns import part_of
from trajectories.views.shown.problems import grid_size, show_tests
from trajectories.views.traces import cut_of, find_trace, reading
from trajectories.views.visitors import visitor

works = needs("trajectories.view_queue", "trajectories.add_review")


def find_queue(request: HttpRequest, queue_id: int) -> OpenedQueue:
    """A queue that the visitor may work on; for who may not even see it, there is none."""
    opened = open_queue(visitor(request), queue_id)
    if opened is None:
        raise Http404(f"There is no queue {queue_id}.")
    if not opened.may_work:
        title = opened.queue.title
        raise Refused(f"You are not among those who work on the queue “{title}”. Its lead can add you.")
    return opened


def _find_item(
    request: HttpRequest, queue_id: int, item_id: int, *, alone: bool = True
) -> tuple[OpenedQueue, QueueItem, int]:
    """A queue that the visitor may work on, an item of it, and how many steps there are, the trace itself unread.

    The item is to be decided `alone`: in a queue by problem there is none such.
    """
    opened = find_queue(request, queue_id)
    if opened.queue.by_problem and alone:
        raise Http404(f"The samples of queue {queue_id} are decided on by problem.")
    try:
        item, step_count = get_item_of(opened.queue, item_id)
    except QueueItem.DoesNotExist as fault:
        raise Http404(f"There is no item {item_id} in queue {queue_id}.") from fault
    return opened, item, step_count


def _next_address(queue: Queue, *, skipped: bool = False) -> str:
    return reverse("queue_next", args=[queue.pk]) + ("?skipped=1" if skipped else "")


def _address(assignment: Assignment) -> str:
    return reverse("queue_item", args=[assignment.queue_id, assignment.item_id])


@require_safe
@works
def queue_next(request: HttpRequest, queue_id: int) -> HttpResponse:
    """Go to the visitor's next item, or say why there is none; in a queue by problem, to the next problem.

    A page asks for it with the header `X-Ahead` while it shows another, to have it ready; 204 says that there is none.
    `but` names traces that are on the screen or whose decisions are on their way; `skipped` asks for what was skipped.
    """
    opened, skipped = find_queue(request, queue_id), "skipped" in request.GET
    if opened.queue.by_problem:
        return redirect(reverse("queue_group_next", args=[queue_id]) + ("?skipped=1" if skipped else ""))
    return _show_next(request, opened, but=read_keys(request, "but"), skipped=skipped)


def _show_next(
    request: HttpRequest, opened: OpenedQueue, *, but: list[int], skipped: bool, note: str = ""
) -> HttpResponse:
    found = lease_next(
        reviewer=visitor(request), queue=opened.queue, but=but, skipped=skipped, token=ahead_token(request)
    )
    if found is None:
        return HttpResponse(status=204) if is_ahead(request) else render_nothing(request, opened.queue, note)
    if not wants_fragment(request):
        if note:
            messages.info(request, note)
        return redirect(_address(found))
    response = _render(request, opened, found.item, found, note=note)
    response["HX-Push-Url"] = _address(found)
    return response


@require_safe
@works
def queue_item(request: HttpRequest, queue_id: int, item_id: int) -> HttpResponse:
    """One item with its decision form; what the visitor has decided already can be changed there."""
    opened, item, _ = _find_item(request, queue_id, item_id, alone=False)
    if opened.queue.by_problem:
        return redirect("queue_group", queue_id, item.trace.problem_id)
    assignment = lease_item(reviewer=visitor(request), item=item, same_page=wants_fragment(request))
    if assignment is None:
        return render_nothing(request, item.queue, gone=item.trace_id)
    return _render(request, opened, item, assignment)


@require_POST
@works
def queue_decide(request: HttpRequest, queue_id: int, item_id: int) -> HttpResponse:
    """Store the decision, then show the next item, or by `then` this one again ("stay") or nothing ("behind")."""
    (opened, item, step_count), then = _find_item(request, queue_id, item_id), request.POST.get("then", "next")
    if cut := cut_of(request):
        item.trace = find_trace(item.trace_id, cut)
        step_count = len(item.trace.steps)
    form = _form(item, step_count, request.POST)
    if form.is_valid():
        data = form.cleaned_data
        try:
            sent = Submitted(form.draft(), data["key"], data["lease"])
            assignment = decide_item(reviewer=visitor(request), item=item, submitted=sent)
            if data["flag"].strip():
                flag_item(reviewer=visitor(request), item=item, note=data["flag"])
        except DecidedElsewhereError as fault:
            form.add_fault(fault)
            form.set_lease(fault.token)
        except ReviewError as fault:
            form.add_fault(fault, names={"note": "flag"})
        else:
            return _after(request, opened, assignment, then)
    return _refuse(request, opened, item, form, then)


def _after(request: HttpRequest, opened: OpenedQueue, assignment: Assignment, then: str) -> HttpResponse:
    item = assignment.item
    if then == "behind":
        return _behind(request, opened.queue)
    if then == "stay" or item.is_training:
        if not wants_fragment(request):
            return redirect(_address(assignment))
        response = _render(request, opened, item, assignment)
        response["HX-Push-Url"] = _address(assignment)
        return response
    return _show_next(request, opened, but=[item.trace_id], skipped="skipped" in request.GET)


def _refuse(
    request: HttpRequest, opened: OpenedQueue, item: QueueItem, form: QueueReviewForm, then: str
) -> HttpResponse:
    """The form with what is wrong; only the form for htmx, so that the reader stays where they are."""
    if then == "behind":
        faults = " ".join(str(fault) for faults in form.errors.values() for fault in faults)
        return HttpResponse(faults, status=422, content_type="text/plain; charset=utf-8")
    assignment = assignment_of(item, visitor(request))
    if assignment is None:
        return render_nothing(request, item.queue, gone=item.trace_id, status=422)
    if not wants_fragment(request):
        return _render(request, opened, item, assignment, form=form)
    context = _panel(request, opened, item, assignment, form) | {"trace": item.trace}
    response = render(request, "trajectories/queues/_panel.html", context, status=422)
    response["HX-Retarget"], response["HX-Reswap"] = "#review", "outerHTML"
    return response


def _behind(request: HttpRequest, queue: Queue) -> HttpResponse:
    """Progress and undo, each to go where it stands on the page."""
    return render(request, "trajectories/queues/_behind.html", panel_state(request, queue))


@require_POST
@works
def queue_skip(request: HttpRequest, queue_id: int, item_id: int) -> HttpResponse:
    """Pass the item over, then show the next one."""
    (opened, item, _), then = _find_item(request, queue_id, item_id), request.POST.get("then", "next")
    form = SkipForm(request.POST)
    if form.is_valid():
        if form.cleaned_data["flag"].strip():
            flag_item(reviewer=visitor(request), item=item, note=form.cleaned_data["flag"])
        skip_item(reviewer=visitor(request), item=item, reason=form.cleaned_data["skip_reason"])
    if then == "behind":
        return _behind(request, opened.queue)
    return _show_next(request, opened, but=[item.trace_id], skipped="skipped" in request.GET)


@require_POST
@works
def queue_undo(request: HttpRequest, queue_id: int) -> HttpResponse:
    """Take back the visitor's last decision in the queue and show the item it was about."""
    opened, form = find_queue(request, queue_id), UndoForm(request.POST)
    if opened.queue.by_problem:
        raise Http404(f"Decisions in queue {queue_id} are taken back by problem.")
    undone = None
    if form.is_valid():
        undone = undo_in_queue(reviewer=visitor(request), queue=opened.queue, key=form.cleaned_data["key"])
    if undone is None:
        note = f"There is no decision of yours to undo: your last {UNDONE_AT_MOST} in a queue can be taken back."
        return _show_next(request, opened, but=[], skipped=False, note=note)
    note = "Your decision on this trace is undone."
    if not wants_fragment(request):
        messages.info(request, note)
        return redirect(_address(undone))
    undone.item.queue = opened.queue
    response = _render(request, opened, undone.item, undone, note=note)
    response["HX-Push-Url"] = _address(undone)
    return response


def _form(item: QueueItem, step_count: int, data: Any = None, **options: Any) -> QueueReviewForm:
    return QueueReviewForm(data, step_count=step_count, schema=item.queue.asks, **options)


def _render(
    request: HttpRequest,
    opened: OpenedQueue,
    item: QueueItem,
    assignment: Assignment,
    *,
    form: QueueReviewForm | None = None,
    note: str = "",
) -> HttpResponse:
    """The page of an item, or for htmx its main part; `form` is one that came back with errors (status 422)."""
    # What came back with errors is about the steps that its page had.
    item.trace = find_trace(item.trace_id, (cut_of(request) if form else None) or item.queue.segmentation or None)
    attached = attached_to(item.trace, visitor(request))
    hides, decided = item.queue.hides, assignment.state == Assignment.State.DONE
    last = latest_review(trace=item.trace, reviewer=visitor(request)) if attached.own_reviews else None
    told = (not hides.reviews and not item.is_gold) or stands(last)
    # Another queue may hide more of the same trace.
    veil([item.trace], Sight(visitor(request).pk))
    hides_verdicts = item.trace.veiled_verdicts or (hides.verdicts and not decided)
    hides_sampler = item.trace.veiled_sampler or (hides.sampler and not decided)
    context = reading(request, item.trace, told=told, verified=not hides_verdicts, attached=attached)
    if hides_verdicts and is_grids(item.trace.problem.kind):
        # The grids of the task come with the verdicts elsewhere.
        context |= {"tests": show_tests(item.trace.problem), "grid_size": grid_size(item.trace.problem)}
    context |= {
        "note": note,
        "item": item,
        "raw": request.GET.get("view") == "raw",
        "reading_address": _address(assignment),
        "hides_verdicts": hides_verdicts,
        "hides_sampler": hides_sampler,
        "own_edit": _own_edit(request, item) if attached.family and not hides_verdicts else None,
        "feedback": assignment if item.is_training and decided else None,
        "history": list(review_history(item.trace)[:20]) if told and not item.is_gold else [],
        **_panel(request, opened, item, assignment, form or _filled(item, assignment, last)),
    }
    name = "_item" if wants_fragment(request) else "item"
    response = render(request, f"trajectories/queues/{name}.html", context, status=422 if form else 200)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _own_edit(request: HttpRequest, item: QueueItem) -> Repair | None:
    """The visitor's newest edit of the item's trace that they did not take back."""
    mine = repairs_of(item.trace, reader_id=visitor(request).pk, told=False)
    return mine.filter(withdrawal=None).first()


def _panel(
    request: HttpRequest, opened: OpenedQueue, item: QueueItem, assignment: Assignment, form: QueueReviewForm
) -> dict[str, Any]:
    """What the decision panel shows."""
    return {
        "item": item,
        "assignment": assignment,
        "mine": assignment if assignment.state == Assignment.State.DONE else None,
        "form": form,
        "suggestion": _shown_suggestion(assignment),
        "suggested_labels": _shown_labels(item, assignment),
        "schema": form.schema,
        "guidelines": opened.guidelines,
        "skip_reasons": list(SKIP_REASONS.items()),
        "skipped": "skipped" in request.GET,
        **_ways(request, item, assignment),
        **panel_state(request, opened.queue),
    }


def _ways(request: HttpRequest, item: QueueItem, assignment: Assignment) -> dict[str, str]:
    """Where a skip and the item to fetch ahead are; "" where there is none."""
    skipped, done = "skipped" in request.GET, assignment.state == Assignment.State.DONE
    skip = reverse("queue_skip", args=[item.queue_id, item.pk]) + ("?skipped=1" if skipped else "")
    ahead = f"{reverse('queue_next', args=[item.queue_id])}?but={item.trace_id}{'&skipped=1' if skipped else ''}"
    return {
        "skip_address": "" if done or item.is_training else skip,
        "next_address": ahead if not item.is_training and item.queue.state == Queue.State.OPEN else "",
    }


def _shown_suggestion(assignment: Assignment) -> Suggestion | None:
    """What is suggested for an item that is not decided; None for nothing, and for the control."""
    return None if assignment.state == Assignment.State.DONE or assignment.is_control else suggestion_of(assignment)


def _shown_labels(item: QueueItem, assignment: Assignment) -> str:
    """The labels that are suggested for the steps of an item as they are on the screen; "" for none."""
    suggestion = _shown_suggestion(assignment)
    is_alike = suggestion is not None and suggestion.segmentation == item.trace.cut_by
    return json.dumps(dict(suggestion.labels)) if suggestion is not None and suggestion.labels and is_alike else ""


def _filled(item: QueueItem, assignment: Assignment, last: Review | None) -> QueueReviewForm:
    """The form starts with what the visitor said in this queue before, taken back or not, else with what is suggested,
    and with a key of its own.

    `last` is the end of their chain on the trace.
    """
    said: dict[str, Any] = {"key": uuid.uuid4(), "lease": assignment.token}
    if (suggestion := _shown_suggestion(assignment)) is not None:
        said |= {"decision": str(suggestion.decision), "reason": suggestion.reason}
        said["step_labels"] = _shown_labels(item, assignment)
    if last is not None and last.decision == Decision.WITHDRAW:
        last = last.supersedes
    if item.is_gold:
        said |= assignment.answer or {}
    elif last is not None and last.queue_id == item.queue_id:
        said |= {name: getattr(last, name) for name in ("decision", "reason", "score", "comment", "tags")}
        said |= {f"score_{at}": last.scores.get(title) for at, title in enumerate(item.queue.asks.scores)}
        said["step_labels"] = json.dumps(labels_as_cut(last, item.trace))
    return _form(item, len(item.trace.steps), initial=said)


def panel_state(request: HttpRequest, queue: Queue) -> dict[str, Any]:
    """What of the panel a decision on any item changes."""
    standing = get_standing(queue, visitor(request), undone_at_most=UNDONE_AT_MOST)
    agreed = agreed_in(queue, visitor(request))
    shared = {"queue": queue, "standing": standing, "progress": standing.progress, "agreed": agreed}
    if queue.by_problem:
        group = last_group_decided(queue, visitor(request), most=UNDONE_AT_MOST)
        return {**shared, "undo": UndoForm() if group else None, "undone_group": group}
    return {**shared, "undo": UndoForm() if standing.undone_trace is not None else None}


def render_nothing(
    request: HttpRequest, queue: Queue, note: str = "", *, gone: int | None = None, status: int = 200
) -> HttpResponse:
    """The page that says why there is nothing to review now, and what one has done."""
    queue.refresh_from_db()
    why = why_nothing(queue, visitor(request))
    context = {
        "why": why.value,
        "note": note,
        "gone": gone,
        "refused": status != HTTPStatus.OK,
        "skipped_count": count_skipped(queue, visitor(request)) if why == Nothing.SKIPPED else 0,
        "session": get_session(queue, visitor(request)),
        "part_of": part_of(request, "queue", queue.pk) if why == Nothing.DONE else None,
        **panel_state(request, queue),
    }
    name = "_nothing" if wants_fragment(request) else "nothing"
    response = render(request, f"trajectories/queues/{name}.html", context, status=status)
    if wants_fragment(request) and gone is None:
        response["HX-Push-Url"] = _next_address(queue)
    patch_vary_headers(response, ["HX-Request"])
    return response
