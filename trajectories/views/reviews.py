"""Judging a trace, and taking the last judgement back."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from trajectories.core.reviews import ReviewError
from trajectories.forms.reviews import ReviewForm, UndoForm
from trajectories.forms.traces import read_walk
from trajectories.selectors.blinding import sight_of
from trajectories.selectors.traces import TraceWalk, next_to_judge
from trajectories.services.reviews import submit_review, undo_last_review
from trajectories.views.fragments import wants_fragment
from trajectories.views.permissions import needs
from trajectories.views.traces import (
    find_trace,
    render_finished,
    render_panel,
    render_trace,
    trace_address,
    trace_next_address,
)
from trajectories.views.visitors import visitor

add_reviews = needs("trajectories.add_review")


@require_POST
@add_reviews
def review_submit(request: HttpRequest, trace_id: int) -> HttpResponse:
    """Store the judgement, then show the next trace of the scope, or this one again with `then=stay`."""
    trace = find_trace(trace_id)
    scope, sight = read_walk(request.GET), sight_of(request.user)
    form = ReviewForm(request.POST, step_count=len(trace.steps))
    if form.is_valid():
        try:
            submit_review(
                reviewer=visitor(request), trace=trace, judgement=form.judgement(), key=form.cleaned_data["key"]
            )
        except ReviewError as fault:
            form.add_error(None, str(fault))
        else:
            following = trace_id if request.POST.get("then") == "stay" else next_to_judge(scope, sight, after=trace_id)
            return _show(request, following, scope, decided=trace_id)
    return render_trace(request, trace, scope, form=form)


@require_POST
@add_reviews
def review_undo(request: HttpRequest) -> HttpResponse:
    """Withdraw the visitor's last decision and show the trace it was about."""
    scope = read_walk(request.GET)
    form = UndoForm(request.POST)
    undone = undo_last_review(reviewer=visitor(request), key=form.cleaned_data["key"]) if form.is_valid() else None
    if undone is None:
        return _show(
            request, next_to_judge(scope, sight_of(request.user)), scope, note="There is no decision of yours to undo."
        )
    return _show(request, undone.trace_id, scope, note="Your decision on this trace is undone.")


def _show(
    request: HttpRequest, trace_id: int | None, scope: TraceWalk, note: str = "", decided: int | None = None
) -> HttpResponse:
    """Go to a trace: htmx gets it with this answer, in one round trip, and puts its address in place.

    A page that has fetched that trace ahead names its address in `X-Ahead` and gets only what may have changed since:
    the decision panel. That does not do for the trace just `decided`: from now on it shows what others said.
    """
    address = trace_next_address(scope) if trace_id is None else trace_address(trace_id, scope)
    if not wants_fragment(request):
        if note:
            messages.info(request, note)
        return redirect(address)
    if trace_id is None:
        response = render_finished(request, scope)
    elif request.headers.get("X-Ahead") == address and trace_id != decided:
        response = render_panel(request, find_trace(trace_id), scope)
        response["X-Ahead"] = "used"
    else:
        response = render_trace(request, find_trace(trace_id), scope, note=note)
    response["HX-Push-Url"] = address
    return response
