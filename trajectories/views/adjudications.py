"""What people decided differently: the list, one trace with all its reviews side by side, and the final decision."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from trajectories.core.curation.adjudications import FinalDecision
from trajectories.core.curation.reviews import ReviewError
from trajectories.forms.adjudications import AdjudicationForm
from trajectories.models import Trace
from trajectories.selectors.adjudications import (
    STATES,
    adjudication_history,
    disputed_traces,
    last_adjudication_of,
    list_disputes,
    next_dispute,
    standing_with_reviewers,
)
from trajectories.selectors.problems import to_record
from trajectories.selectors.traces import split_verdicts
from trajectories.services.curation.adjudications import MeanwhileError, adjudicate, known_of
from trajectories.views.fragments import wants_fragment
from trajectories.views.paging import read_key
from trajectories.views.permissions import needs
from trajectories.views.shown.evidence import show_verdicts
from trajectories.views.shown.steps import group_steps
from trajectories.views.shown.traces import draw_verdicts
from trajectories.views.trace_sections import sections_of
from trajectories.views.traces import find_trace
from trajectories.views.visitors import visitor

adjudicators_only = needs("trajectories.add_adjudication", "trajectories.see_reviews", "trajectories.view_trace")


@require_safe
@adjudicators_only
def adjudication_list(request: HttpRequest) -> HttpResponse:
    """The traces that people decided differently, or those that are decided finally."""
    state = request.GET.get("state", "open")
    state = state if state in STATES else "open"
    context = {
        "state": state,
        "states": STATES,
        "page": list_disputes(state, after=read_key(request, "after")),
        "total": disputed_traces().count(),
    }
    return render(request, "trajectories/adjudications/list.html", context)


@require_safe
@adjudicators_only
def adjudication_next(request: HttpRequest) -> HttpResponse:
    """Go to the next disputed trace, those after `after` first."""
    return _go_on(request, read_key(request, "after") or 0)


@require_safe
@adjudicators_only
@vary_on_headers("HX-Request")
def adjudication_detail(request: HttpRequest, trace_id: int) -> HttpResponse:
    """One trace with everybody's reviews, and the form of the final decision."""
    return _render(request, find_trace(trace_id))


@require_POST
@adjudicators_only
def adjudication_decide(request: HttpRequest, trace_id: int) -> HttpResponse:
    """Store the final decision and go on to the next disputed trace; after reopening this one is shown again."""
    trace = find_trace(trace_id)
    form = AdjudicationForm(request.POST)
    if form.is_valid():
        draft = form.draft()
        try:
            adjudicate(
                actor=visitor(request), trace=trace, draft=draft, key=form.cleaned_data["key"], known=form.known()
            )
        except MeanwhileError as fault:
            return _render(request, trace, form=form, fault=str(fault), comment=draft.comment)
        except ReviewError as fault:
            form.add_fault(fault)
        else:
            if draft.decision is not FinalDecision.REOPEN:
                return _go_on(request, trace_id)
            return _show(request, trace, note=f"Trace {trace_id} is open again: its reviews decide.")
    return _render(request, trace, form=form, comment=request.POST.get("comment", ""))


def _go_on(request: HttpRequest, after: int) -> HttpResponse:
    """Show the next disputed trace: htmx gets it with this answer and puts its address in place."""
    following = next_dispute(after=after)
    if following is not None:
        return _show(request, find_trace(following))
    if not wants_fragment(request):
        return redirect("adjudication_list")
    response = HttpResponse(status=204)
    response["HX-Redirect"] = reverse("adjudication_list")
    return response


def _show(request: HttpRequest, trace: Trace, note: str = "") -> HttpResponse:
    address = reverse("adjudication_detail", args=[trace.pk])
    if not wants_fragment(request):
        if note:
            messages.info(request, note)
        return redirect(address)
    response = _render(request, trace, note=note)
    response["HX-Push-Url"] = address
    return response


def _render(
    request: HttpRequest,
    trace: Trace,
    *,
    form: AdjudicationForm | None = None,
    fault: str = "",
    comment: str = "",
    note: str = "",
) -> HttpResponse:
    """The page or fragment of one trace; a form that was refused comes back with its faults (422) and its text."""
    known = known_of(trace)
    history, reviews = adjudication_history(trace), standing_with_reviewers(trace)
    final = next((event for event in history[:1] if event.decision != FinalDecision.REOPEN), None)
    given = tuple(dict.fromkeys(review.reason for review in reviews if review.reason))
    initial = {"key": uuid.uuid4(), "review": known.review, "adjudication": known.adjudication, "comment": comment}
    context = {
        **_reading(trace),
        "form": AdjudicationForm(initial=initial, given=given),
        "refused": form if form is not None and form.errors else None,
        "fault": fault,
        "note": note,
        "reviews": reviews,
        "final": final,
        "history": history,
        "left": disputed_traces().exclude(pk=trace.pk).count(),
        "mine": last_adjudication_of(visitor(request)),
    }
    name = "_trace" if wants_fragment(request) else "detail"
    status = 422 if form is not None else 200
    return render(request, f"trajectories/adjudications/{name}.html", context, status=status)


def _reading(trace: Trace) -> dict[str, Any]:
    """What there is to read of a trace, verdicts of model judges included: who decides finally sees everything."""
    verdicts, older = split_verdicts(trace, with_judges=True)
    problem = to_record(trace.problem)
    shown = show_verdicts(problem, trace, verdicts)
    return {
        "trace": trace,
        "sections": sections_of(trace, group_steps(trace)),
        "verdicts": verdicts,
        "older_verdicts": older,
        "shown_verdicts": shown,
        "has_folded_verdicts": bool(older) or not all(each.is_unfolded for each in shown),
        "pair_tables": draw_verdicts(problem, trace, verdicts),
    }
