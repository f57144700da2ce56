"""Reviewing a trace, and taking the last review back."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.views.decorators.http import require_POST

from trajectories.core.curation.reviews import ReviewError
from trajectories.forms.reviews import ReviewForm, UndoForm
from trajectories.forms.traces import read_walk
from trajectories.models import Trace
from trajectories.selectors.reviews import get_dispute
from trajectories.selectors.traces import TraceWalk
from trajectories.services.curation.reviews import DecidedMeanwhileError, submit_review, undo_last_review
from trajectories.views.fragments import wants_fragment
from trajectories.views.permissions import needs
from trajectories.views.traces import (
    cut_of,
    find_trace,
    hand_out,
    panel_state,
    render_finished,
    render_trace,
    trace_address,
    trace_next_address,
)
from trajectories.views.visitors import visitor

add_reviews = needs("trajectories.add_review")


@require_POST
@add_reviews
def review_submit(request: HttpRequest, trace_id: int) -> HttpResponse:
    """Store the review, then show the next trace of the scope, or by `then` this one again ("stay") or none at all.

    `then=behind` is for pages that show the next trace already: they get what the decision changes on any page.
    """
    trace, scope, then = find_trace(trace_id, cut_of(request)), read_walk(request.GET), request.POST.get("then", "next")
    form = ReviewForm(request.POST, step_count=len(trace.steps))
    if form.is_valid():
        try:
            submit_review(
                reviewer=visitor(request),
                trace=trace,
                draft=form.draft(),
                key=form.cleaned_data["key"],
                opened=form.opened(),
            )
        except DecidedMeanwhileError as fault:
            form.add_fault(fault)
            form.tell(fault.newest)
        except ReviewError as fault:
            form.add_fault(fault)
        else:
            return _behind(request, trace, scope) if then == "behind" else _go_on(request, trace, scope, then)
    if then == "behind":
        faults = " ".join(str(fault) for faults in form.errors.values() for fault in faults)
        return HttpResponse(faults, status=422, content_type="text/plain; charset=utf-8")
    return render_trace(request, trace, scope, form=form)


def _behind(request: HttpRequest, trace: Trace, scope: TraceWalk) -> HttpResponse:
    """Progress, undo, and that others decided differently, each to go where it stands on the page."""
    context = {**panel_state(request, scope), "trace": trace, "dispute": get_dispute(trace)}
    return render(request, "trajectories/reviews/_behind.html", context)


def _go_on(request: HttpRequest, trace: Trace, scope: TraceWalk, then: str) -> HttpResponse:
    """Show what comes after a decision; where somebody decided differently, say so."""
    if then == "stay":
        return _show(request, trace.pk, scope)
    response = _show(request, hand_out(request, scope, after=trace.pk), scope)
    if dispute := get_dispute(trace):
        context = {"trace": trace, "dispute": dispute, "scope": scope}
        if wants_fragment(request):
            response.content += render_to_string("trajectories/reviews/_dispute_news.html", context, request).encode()
        else:
            messages.warning(request, render_to_string("trajectories/reviews/_dispute.html", context, request))
    return response


@require_POST
@add_reviews
def review_undo(request: HttpRequest) -> HttpResponse:
    """Withdraw the visitor's last decision and show the trace it was about."""
    scope = read_walk(request.GET)
    form = UndoForm(request.POST)
    undone = undo_last_review(reviewer=visitor(request), key=form.cleaned_data["key"]) if form.is_valid() else None
    if undone is None:
        return _show(request, hand_out(request, scope), scope, note="There is no decision of yours to undo.")
    return _show(request, undone.trace_id, scope, note="Your decision on this trace is undone.")


def _show(request: HttpRequest, trace_id: int | None, scope: TraceWalk, note: str = "") -> HttpResponse:
    """Go to a trace: htmx gets it with this answer, in one round trip, and puts its address in place."""
    address = trace_next_address(scope) if trace_id is None else trace_address(trace_id, scope)
    if not wants_fragment(request):
        if note:
            messages.info(request, note)
        return redirect(address)
    if trace_id is None:
        response = render_finished(request, scope)
    else:
        response = render_trace(request, find_trace(trace_id), scope, note=note)
    response["HX-Push-Url"] = address
    return response
