"""The curation screen of a queue by problem: all samples of a problem, grouped by answer, decided by a few keys."""

import uuid
from collections.abc import Sequence
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_POST, require_safe

from trajectories.core.curation.groups import NOT_BEST
from trajectories.core.curation.reviews import ReviewError
from trajectories.core.curation.schemas import SKIP_REASONS, Blinding
from trajectories.core.problems.kinds import is_grids
from trajectories.forms.queue_groups import GroupForm
from trajectories.forms.queues import SkipForm
from trajectories.forms.reviews import UndoForm
from trajectories.models import Assignment, Problem, Queue
from trajectories.selectors.blinding import Sight, veil
from trajectories.selectors.queue_groups import (
    SampleGroup,
    count_elsewhere,
    get_sample,
    group_on_screen,
    group_samples,
    hidden_on_screen,
    said_of_samples,
)
from trajectories.selectors.queues import current_guidelines, may_know_others
from trajectories.selectors.segmentations import as_cut
from trajectories.selectors.traces import get_trace
from trajectories.services.curation.decisions import UNDONE_AT_MOST, DecidedElsewhereError
from trajectories.services.curation.group_decisions import GroupSubmission, decide_group, undo_group
from trajectories.services.curation.group_leases import lease_group, lease_next_group, skip_group
from trajectories.views.ahead import ahead_token, is_ahead
from trajectories.views.fragments import wants_fragment
from trajectories.views.paging import read_keys
from trajectories.views.queue_items import find_queue, panel_state, render_nothing, works
from trajectories.views.shown.answers import ShownAnswers, show_answers
from trajectories.views.shown.problems import grid_size, show_tests
from trajectories.views.traces import reading
from trajectories.views.visitors import visitor


def _find(request: HttpRequest, queue_id: int) -> Queue:
    """A queue by problem that the visitor may work on."""
    queue = find_queue(request, queue_id).queue
    if not queue.by_problem:
        raise Http404(f"The traces of queue {queue_id} are decided on one by one.")
    return queue


def _address(queue: Queue, problem_id: int) -> str:
    return reverse("queue_group", args=[queue.pk, problem_id])


@require_safe
@works
def queue_group_next(request: HttpRequest, queue_id: int) -> HttpResponse:
    """Go to the visitor's next problem, or say why there is none; see `queue_next`. `but` names problems."""
    return _show_next(request, _find(request, queue_id), but=read_keys(request, "but"))


def _show_next(request: HttpRequest, queue: Queue, *, but: Sequence[int] = (), note: str = "") -> HttpResponse:
    skipped = "skipped" in request.GET
    found = lease_next_group(
        reviewer=visitor(request), queue=queue, but=but, skipped=skipped, token=ahead_token(request)
    )
    if not found:
        return HttpResponse(status=204) if is_ahead(request) else render_nothing(request, queue, note)
    problem_id = found[0].item.trace.problem_id
    if not wants_fragment(request):
        return redirect(_address(queue, problem_id) + ("?skipped=1" if skipped else ""))
    response = _render(request, queue, problem_id, found, note=note)
    response["HX-Push-Url"] = _address(queue, problem_id)
    return response


@require_safe
@works
def queue_group(request: HttpRequest, queue_id: int, problem_id: int) -> HttpResponse:
    """All samples of a problem with one decision form; what the visitor has decided already can be changed there."""
    queue = _find(request, queue_id)
    same_page = wants_fragment(request)
    found = lease_group(reviewer=visitor(request), queue=queue, problem_id=problem_id, same_page=same_page)
    return _render(request, queue, problem_id, found) if found else render_nothing(request, queue)


@require_safe
@works
def queue_group_samples(request: HttpRequest, queue_id: int, problem_id: int) -> HttpResponse:
    """The samples that give one answer, which the page fetches as it is unfolded."""
    queue = _find(request, queue_id)
    assignments = group_on_screen(queue, problem_id, visitor(request))
    groups = _groups(assignments, hidden_on_screen(queue, assignments, visitor(request)))
    group = next((each for each in groups if each.answer_hash == request.GET.get("answer")), None)
    if group is None:
        raise Http404("No sample of yours gives this answer.")
    return render(request, "trajectories/queues/_group_samples.html", {"queue": queue, "group": group})


@require_safe
@works
def queue_sample(request: HttpRequest, queue_id: int, item_id: int) -> HttpResponse:
    """What one sample on the visitor's screen says, to be read beside the others."""
    item = get_sample(_find(request, queue_id), item_id, visitor(request))
    if item is None:
        raise Http404(f"Sample {item_id} is not on your screen.")
    trace = as_cut(get_trace(item.trace_id), item.queue.segmentation or None)
    decided = item.assignments.filter(reviewer=visitor(request), state=Assignment.State.DONE).exists()
    veil([trace], Sight(visitor(request).pk))
    hides_verdicts = trace.veiled_verdicts or (item.queue.hides.verdicts and not decided)
    told = may_know_others(item, visitor(request))
    context = reading(request, trace, told=told, verified=not hides_verdicts)
    context |= {"item": item, "queue": item.queue, "hides_verdicts": hides_verdicts}
    return render(request, "trajectories/queues/_group_reading.html", context)


@require_POST
@works
def queue_group_decide(request: HttpRequest, queue_id: int, problem_id: int) -> HttpResponse:
    """Store the decisions on all samples, then show the next problem, this one ("stay") or nothing ("behind")."""
    queue, then = _find(request, queue_id), request.POST.get("then", "next")
    form = GroupForm(request.POST, schema=queue.asks)
    if form.is_valid():
        data = form.cleaned_data
        sent = GroupSubmission(form.draft(), data["samples"], data["key"], data["lease"])
        try:
            decide_group(reviewer=visitor(request), queue=queue, problem_id=problem_id, submitted=sent)
        except DecidedElsewhereError as fault:
            form.add_fault(fault)
            form.set_lease(fault.token)
        except ReviewError as fault:
            form.add_fault(fault)
        else:
            return _after(request, queue, problem_id, then)
    return _refuse(request, queue, problem_id, form, then)


def _after(request: HttpRequest, queue: Queue, problem_id: int, then: str) -> HttpResponse:
    if then == "behind":
        return render(request, "trajectories/queues/_behind.html", panel_state(request, queue))
    if then != "stay":
        return _show_next(request, queue, but=[problem_id])
    if not wants_fragment(request):
        return redirect(_address(queue, problem_id))
    return _render(request, queue, problem_id, group_on_screen(queue, problem_id, visitor(request)))


def _refuse(request: HttpRequest, queue: Queue, problem_id: int, form: GroupForm, then: str) -> HttpResponse:
    """The form with what is wrong; only the panel for htmx, so that the marks and the reader stay where they are."""
    if then == "behind":
        faults = " ".join(str(fault) for faults in form.errors.values() for fault in faults)
        return HttpResponse(faults, status=422, content_type="text/plain; charset=utf-8")
    assignments = group_on_screen(queue, problem_id, visitor(request))
    if not assignments:
        return render_nothing(request, queue, status=422)
    if not wants_fragment(request):
        return _render(request, queue, problem_id, assignments, form=form)
    context = _panel(request, queue, get_object_or_404(Problem, pk=problem_id), assignments, form)
    response = render(request, "trajectories/queues/_group_panel.html", context, status=422)
    response["HX-Retarget"], response["HX-Reswap"] = "#review", "outerHTML"
    return response


@require_POST
@works
def queue_group_skip(request: HttpRequest, queue_id: int, problem_id: int) -> HttpResponse:
    """Pass all samples of the problem over, then show the next one."""
    queue, form = _find(request, queue_id), SkipForm(request.POST)
    if form.is_valid():
        reason = form.cleaned_data["skip_reason"]
        skip_group(reviewer=visitor(request), queue=queue, problem_id=problem_id, reason=reason)
    if request.POST.get("then") == "behind":
        return render(request, "trajectories/queues/_behind.html", panel_state(request, queue))
    return _show_next(request, queue, but=[problem_id])


@require_POST
@works
def queue_group_undo(request: HttpRequest, queue_id: int) -> HttpResponse:
    """Take back all that the visitor decided together last in the queue, and show it."""
    queue, form = _find(request, queue_id), UndoForm(request.POST)
    problem_id = None
    if form.is_valid():
        problem_id = undo_group(reviewer=visitor(request), queue=queue, key=form.cleaned_data["key"])
    if problem_id is None:
        note = f"There is no decision of yours to undo: your last {UNDONE_AT_MOST} in a queue can be taken back."
        return _show_next(request, queue, note=note)
    if not wants_fragment(request):
        return redirect(_address(queue, problem_id))
    found = group_on_screen(queue, problem_id, visitor(request))
    note = f"Your decisions on {len(found)} sample{'' if len(found) == 1 else 's'} are undone."
    response = _render(request, queue, problem_id, found, note=note)
    response["HX-Push-Url"] = _address(queue, problem_id)
    return response


def _groups(assignments: Sequence[Assignment], hides: Blinding) -> list[SampleGroup]:
    """The samples by their answer, with no more than may be seen before they are decided on."""
    items = [each.item_id for each in assignments]
    return group_samples(items, verdicts=not hides.verdicts, origins=not hides.sampler)


def _is_decided(assignments: Sequence[Assignment]) -> bool:
    return all(each.state == Assignment.State.DONE for each in assignments)


def _render(
    request: HttpRequest,
    queue: Queue,
    problem_id: int,
    assignments: Sequence[Assignment],
    *,
    form: GroupForm | None = None,
    note: str = "",
) -> HttpResponse:
    """The page of a problem, or for htmx its main part; `form` is one that came back with errors (status 422)."""
    problem = get_object_or_404(Problem, pk=problem_id)
    hides = hidden_on_screen(queue, assignments, visitor(request))
    said = said_of_samples(queue, [each.item_id for each in assignments], visitor(request))
    shown = show_answers(_groups(assignments, hides), said, form)
    context = {
        "note": note,
        "answers": shown.answers,
        "total": len(assignments),
        "elsewhere": count_elsewhere(queue, problem_id, [each.item_id for each in assignments]),
        "opened": request.GET.get("open", ""),
        "hides_verdicts": hides.verdicts,
        **_drawn(problem),
        **_panel(request, queue, problem, assignments, form or _form(queue, assignments, shown)),
    }
    name = "_group" if wants_fragment(request) else "group"
    response = render(request, f"trajectories/queues/{name}.html", context, status=422 if form else 200)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _drawn(problem: Problem) -> dict[str, Any]:
    """What the grids of an ARC task are drawn from."""
    if not is_grids(problem.kind):
        return {}
    return {"tests": show_tests(problem), "grid_size": min(120, grid_size(problem))}


def _form(queue: Queue, assignments: Sequence[Assignment], shown: ShownAnswers) -> GroupForm:
    """The form starts with what the visitor said before, taken back or not, and a key of its own."""
    initial = {
        "key": uuid.uuid4(),
        "lease": assignments[0].token,
        "samples": ",".join(str(each.item_id) for each in assignments),
        "marks": shown.marks,
        "reason": shown.reason or NOT_BEST,
        "comment": shown.comment,
    }
    return GroupForm(schema=queue.asks, initial=initial)


def _panel(
    request: HttpRequest, queue: Queue, problem: Problem, assignments: Sequence[Assignment], form: GroupForm
) -> dict[str, Any]:
    """What the decision panel shows."""
    decided, query = _is_decided(assignments), "&skipped=1" if "skipped" in request.GET else ""
    ahead = f"{reverse('queue_group_next', args=[queue.pk])}?but={problem.pk}{query}"
    return {
        "problem": problem,
        "skip_address": "" if decided else reverse("queue_group_skip", args=[queue.pk, problem.pk]),
        "next_address": ahead if queue.state == Queue.State.OPEN else "",
        "decided": decided,
        "token": assignments[0].token,
        "form": form,
        "schema": queue.asks,
        "guidelines": current_guidelines(queue),
        "skip_reasons": list(SKIP_REASONS.items()),
        "skipped": "skipped" in request.GET,
        **panel_state(request, queue),
    }
