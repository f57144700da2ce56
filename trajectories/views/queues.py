"""Curation queues: the list, making one from a selection of traces, and how far one is."""

from typing import Any

from django.contrib import messages
from django.db.models import Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from trajectories.core.faults import Fault
from trajectories.core.selections import Selection
from trajectories.forms.queues import GoldForm, GuidelinesForm, QueueChangeForm, QueueForm
from trajectories.models import ProblemSet, Queue, QueueFlag, QueueWork, Run, Sampler, Trace
from trajectories.selectors.blinding import sight_of
from trajectories.selectors.quality import QualityScope
from trajectories.selectors.queues import (
    CONTROL_QUEUES,
    PersonRow,
    count_skipped,
    current_guidelines,
    get_session,
    gold_items,
    list_people,
    list_queues,
    may_work,
    open_flags,
    queue_progress,
    queues_for,
)
from trajectories.selectors.suggestions import suggestion_report
from trajectories.selectors.trace_filters import gives_away
from trajectories.selectors.traces import count_traces
from trajectories.services.curation.decisions import settle_flag
from trajectories.services.curation.queues import (
    VERBS,
    add_gold_item,
    change_queue,
    make_queue,
    revise_guidelines,
    steer_queue,
)
from trajectories.views.fragments import wants_fragment
from trajectories.views.permissions import needs, require_sight
from trajectories.views.scopes import of_selection
from trajectories.views.shown.campaigns import part_of
from trajectories.views.submissions import once
from trajectories.views.visitors import visitor

view_queues = needs("trajectories.view_queue")
add_queues = needs("trajectories.add_queue", "trajectories.view_trace")
control_queues = needs(CONTROL_QUEUES)


@require_safe
@view_queues
def queue_list(request: HttpRequest) -> HttpResponse:
    """The queues that the visitor may see, those that are due first; with `mine` those that they may work on."""
    mine = request.GET.get("show") == "mine"
    rows = list_queues(visitor(request), mine=mine)
    return render(request, "trajectories/queues/list.html", {"rows": rows, "mine": mine, "today": timezone.localdate()})


@require_http_methods(["GET", "HEAD", "POST"])
@add_queues
@once
@of_selection
def queue_new(request: HttpRequest, selection: Selection) -> HttpResponse:
    """Make a queue of a selection of traces, in the address as on the trace list."""
    require_sight(request.user, selection)
    form = QueueForm(request.POST) if request.method == "POST" else QueueForm(initial={"title": _title(selection)})
    if form.is_bound and form.is_valid():
        try:
            queue = make_queue(actor=visitor(request), draft=form.draft(selection))
            return redirect("queue_detail", queue.pk)
        except Fault as fault:
            form.add_fault(fault)
    total = count_traces(selection, sight_of(request.user))
    context = {"form": form, "scope": selection, "total": total}
    return render(request, "trajectories/queues/new.html", context, status=422 if form.is_bound else 200)


def _title(selection: Selection) -> str:
    """What a queue of these traces may be called: nothing that it can hide from who reviews in it."""
    rows = ((Run, selection.run), (ProblemSet, selection.problem_set), (Sampler, selection.sampler))
    of = [
        model._default_manager.filter(pk=key).values_list("title", flat=True).first()
        for model, key in rows
        if isinstance(key, int)
    ]
    named = [str(title) for title in of if title]
    return f"Traces of {named[0]}"[:200] if named else f"Traces, {timezone.localdate():%Y-%m-%d}"


def _find(request: HttpRequest, queue_id: int) -> Queue:
    queue = queues_for(visitor(request)).filter(pk=queue_id).first()
    if queue is None:
        raise Http404(f"There is no queue {queue_id}.")
    return queue


@require_safe
@view_queues
def queue_detail(request: HttpRequest, queue_id: int) -> HttpResponse:
    """How far a queue is, what one has done in it, its guidelines; for its lead also who does what, which the page asks
    for again and again.
    """
    queue = _find(request, queue_id)
    if wants_fragment(request) and visitor(request).has_perm(CONTROL_QUEUES):
        response = render(request, "trajectories/queues/_people.html", {"queue": queue, **_people(list_people(queue))})
    else:
        response = _detail(request, queue)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _people(people: list[PersonRow]) -> dict[str, Any]:
    return {"people": people, "at_work": sum(row.looking is not None for row in people)}


def _detail(request: HttpRequest, queue: Queue, gold_form: GoldForm | None = None) -> HttpResponse:
    person, progress = visitor(request), queue_progress(queue, visitor(request))
    context: dict[str, Any] = {
        "queue": queue,
        "progress": progress,
        "works": may_work(queue, person),
        "work": QueueWork.objects.filter(queue=queue, reviewer=person).first(),
        "session": get_session(queue, person),
        "skipped_count": count_skipped(queue, person),
        "guidelines": current_guidelines(queue),
        "schema": queue.asks,
        "hides": queue.hides,
        "members": list(queue.members.order_by("username")),
        "scope": queue.rule,
        "shows_selection": not gives_away(queue.rule, sight_of(request.user)),
        "today": timezone.localdate(),
        "part_of": part_of(request, "queue", queue.pk),
    }
    if person.has_perm(CONTROL_QUEUES):
        people = list_people(queue)
        context |= {
            **_people(people),
            "seconds_left": _seconds_left(progress.total - progress.reviewed, people),
            "flags": open_flags(queue),
            "gold": gold_items(queue),
            "suggestions": suggestion_report(QualityScope(queue=queue.pk)) if queue.suggestions else None,
            "gold_form": gold_form or GoldForm(schema=queue.asks),
            "verbs": [(verb, verb.capitalize()) for verb, (sources, _) in VERBS.items() if queue.state in sources],
            "skips": queue.work.aggregate(count=Sum("skipped_count", default=0))["count"],
        }
    return render(request, "trajectories/queues/detail.html", context, status=422 if gold_form else 200)


def _seconds_left(left: int, people: list[PersonRow]) -> float | None:
    """How long the rest takes at the pace of the last hour; None where nobody has worked in it."""
    pace = sum(person.last_hour for person in people)
    return 3600 * left / pace if pace else None


@require_http_methods(["GET", "HEAD", "POST"])
@control_queues
def queue_edit(request: HttpRequest, queue_id: int) -> HttpResponse:
    """Change the title, the due date and who may work on a queue."""
    queue = _find(request, queue_id)
    before = {"title": queue.title, "due_on": queue.due_on, "members": list(queue.members.all())}
    form = QueueChangeForm(request.POST) if request.method == "POST" else QueueChangeForm(initial=before)
    if form.is_bound and form.is_valid():
        data = form.cleaned_data
        try:
            change_queue(
                actor=visitor(request),
                queue=queue,
                title=data["title"],
                due_on=data["due_on"],
                members=list(data["members"]),
            )
            return redirect("queue_detail", queue.pk)
        except Fault as fault:
            form.add_fault(fault)
    context = {"form": form, "queue": queue}
    return render(request, "trajectories/queues/edit.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@control_queues
def queue_guidelines(request: HttpRequest, queue_id: int) -> HttpResponse:
    """Write the next version of a queue's guidelines; decisions that are in keep theirs."""
    queue = _find(request, queue_id)
    newest = current_guidelines(queue)
    version = newest.version if newest else 0
    initial = {"guidelines": newest.text if newest else "", "seen": version}
    form = GuidelinesForm(request.POST) if request.method == "POST" else GuidelinesForm(initial=initial)
    if form.is_bound and form.is_valid():
        data = form.cleaned_data
        try:
            made = revise_guidelines(actor=visitor(request), queue=queue, text=data["guidelines"], seen=data["seen"])
            said = f"This is version {made.version}. Earlier decisions keep theirs."
            messages.success(request, said if made.version != version else "Nothing has changed.")
            return redirect("queue_detail", queue.pk)
        except Fault as fault:
            form.add_fault(fault)
            form.data = form.data.copy()  # type: ignore[attr-defined]
            form.data["seen"] = version  # type: ignore[index]
    context = {"form": form, "queue": queue, "version": version}
    return render(request, "trajectories/queues/guidelines.html", context, status=422 if form.is_bound else 200)


@require_POST
@control_queues
def queue_steer(request: HttpRequest, queue_id: int, verb: str) -> HttpResponse:
    """Pause, resume, close or reopen a queue."""
    queue = _find(request, queue_id)
    if verb not in VERBS:
        raise Http404(f"Queues know no “{verb}”.")
    if not steer_queue(actor=visitor(request), queue=queue, verb=verb):
        queue.refresh_from_db()
        messages.info(request, f"The queue is {queue.get_state_display()}: there is nothing to {verb}.")
    return redirect("queue_detail", queue.pk)


@require_POST
@control_queues
def queue_gold(request: HttpRequest, queue_id: int) -> HttpResponse:
    """Make a trace a gold item of a queue."""
    queue = _find(request, queue_id)
    form = GoldForm(request.POST, schema=queue.asks)
    if form.is_valid():
        data = form.cleaned_data
        trace = Trace.objects.filter(pk=data["trace"]).first()
        try:
            if trace is None:
                raise Fault(f"Trace: found {data['trace']}, expected the number of a trace.", field="trace")
            add_gold_item(
                actor=visitor(request),
                queue=queue,
                trace=trace,
                known=form.known(),
                is_training=data["is_training"],
            )
            messages.success(request, f"Trace {trace.pk} is a gold item now.")
            return redirect("queue_detail", queue.pk)
        except Fault as fault:
            form.add_fault(fault)
    return _detail(request, queue, form)


@require_POST
@control_queues
def queue_flag_settle(request: HttpRequest, queue_id: int, flag_id: int) -> HttpResponse:
    """Say that a question to the lead is settled."""
    flag = get_object_or_404(QueueFlag.objects.select_related("item"), pk=flag_id, item__queue=_find(request, queue_id))
    if not settle_flag(actor=visitor(request), flag=flag):
        messages.info(request, "This question was settled already.")
    return redirect("queue_detail", queue_id)
