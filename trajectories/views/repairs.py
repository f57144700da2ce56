"""Editing a trace: the page with its boxes and the difference beside them, saving, and taking the edit back."""

import uuid
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods, require_POST

from trajectories.core.faults import Fault
from trajectories.core.prompts.segmentation import AS_STORED
from trajectories.core.text.word_diff import Change, TextSide, in_short, word_diff
from trajectories.forms.repairs import Box, RepairForm
from trajectories.forms.traces import read_walk
from trajectories.models import Assignment, QueueItem, Repair, Trace
from trajectories.selectors.blinding import sight_on_screen, veil
from trajectories.selectors.queue_screens import open_queue
from trajectories.selectors.repairs import newest_repair_of_others
from trajectories.selectors.traces import TraceWalk
from trajectories.services.curation.assignments import lease_item
from trajectories.services.traces.repairs import (
    RepairedMeanwhileError,
    check_repairable,
    original_of,
    submit_repair,
    withdraw_repair,
)
from trajectories.views.fragments import wants_fragment
from trajectories.views.paging import read_key
from trajectories.views.permissions import Refused, needs
from trajectories.views.traces import find_trace, trace_address
from trajectories.views.visitors import visitor

MAY_REPAIR = "trajectories.add_repair"
add_repairs = needs(MAY_REPAIR, "trajectories.view_trace")


@dataclass(frozen=True, slots=True)
class BoxDifference:
    """What became of one box: its changes with some words around them, and how much was taken away and added."""

    box: Box
    changes: tuple[Change, ...]

    @property
    def gone(self) -> int:
        """Words taken away."""
        return self._words(TextSide.GONE)

    @property
    def new(self) -> int:
        """Words added."""
        return self._words(TextSide.NEW)

    def _words(self, side: TextSide) -> int:
        return sum(len(change.text.split()) for change in self.changes if change.side is side)


@require_http_methods(["GET", "HEAD", "POST"])
@add_repairs
def repair_new(request: HttpRequest, trace_id: int) -> HttpResponse:
    """Edit a trace. A form with `then=diff` stores nothing and shows the difference, in part for htmx.

    Who came from an item of a queue (`item`) keeps it while editing, and goes back to it.
    """
    trace, scope = find_trace(trace_id, AS_STORED), read_walk(request.GET)
    try:
        check_repairable(trace)
    except Fault as fault:
        raise Refused(str(fault)) from fault
    original = original_of(trace)
    if request.method != "POST":
        known = newest_repair_of_others(trace_id=trace.pk, author_id=visitor(request).pk)
        return _page(
            request, trace, scope, RepairForm(original=original, initial={"key": uuid.uuid4(), "known": known})
        )
    form = RepairForm(request.POST, original=original)
    if request.POST.get("then") == "diff":
        if wants_fragment(request):
            return render(request, "trajectories/repairs/_diff.html", {"differences": differences(form)})
        return _page(request, trace, scope, form)
    if form.is_valid():
        try:
            repair = submit_repair(
                author=visitor(request), trace=trace, draft=form.draft(), key=form.cleaned_data["key"]
            )
        except RepairedMeanwhileError as fault:
            form.add_fault(fault)
            form.tell(known=fault.newest)
        except Fault as fault:
            form.add_fault(fault)
            if fault.field == "key":
                form.new_key()
        else:
            return redirect(_after(request, repair, trace, scope))
    return _page(request, trace, scope, form)


def _after(request: HttpRequest, repair: Repair, trace: Trace, scope: TraceWalk) -> str:
    """Where saving leads: to the item of the queue that the edit began from, which says what became of it, or else to
    the new trace."""
    if (item := _item_of(request, trace)) is not None:
        return _item_address(item)
    messages.success(request, f"Saved as trace {repair.trace_id}, beside its original, trace {trace.pk}.")
    return trace_address(repair.trace_id, scope)


def _item_of(request: HttpRequest, trace: Trace) -> QueueItem | None:
    """The item of a queue that the visitor came from to edit its trace; None for who came from elsewhere."""
    key = read_key(request, "item")
    item = QueueItem.objects.select_related("queue").filter(pk=key, trace=trace).first() if key else None
    if item is None or item.queue.by_problem:
        return None
    opened = open_queue(visitor(request), item.queue_id)
    return item if opened and opened.may_work else None


def _item_address(item: QueueItem) -> str:
    return reverse("queue_item", args=[item.queue_id, item.pk])


@require_POST
@add_repairs
def repair_withdraw(request: HttpRequest, trace_id: int) -> HttpResponse:
    """Take a repair back and show its original."""
    trace, scope = find_trace(trace_id, AS_STORED), read_walk(request.GET)
    try:
        withdrawal = withdraw_repair(actor=visitor(request), trace=trace)
    except Fault as fault:
        raise Refused(str(fault)) from fault
    messages.info(request, f"The repair, trace {trace.pk}, is withdrawn. It stays in the record.")
    return redirect(trace_address(withdrawal.repair.original_id, scope))


def differences(form: RepairForm) -> list[BoxDifference]:
    """What is changed so far, box by box."""
    changed = [box for box in form.boxes() if box.after != box.before]
    return [BoxDifference(box, in_short(word_diff(box.before, box.after))) for box in changed]


def _page(request: HttpRequest, trace: Trace, scope: TraceWalk, form: RepairForm) -> HttpResponse:
    veil([trace], sight_on_screen(request.user, asked=False))
    item = _item_of(request, trace)
    held = lease_item(reviewer=visitor(request), item=item) if item else None
    context = {
        "trace": trace,
        "scope": scope,
        "form": form,
        "differences": differences(form) if form.is_bound else [],
        "item": item,
        "token": held.token if held and held.state == Assignment.State.LEASED else None,
        "back": _item_address(item) if item else trace_address(trace.pk, scope),
    }
    response = render(
        request, "trajectories/repairs/new.html", context, status=422 if form.is_bound and form.errors else 200
    )
    patch_vary_headers(response, ["HX-Request"])
    return response
