"""Comparing two traces of a problem, blind, by keys; and what all comparisons come to."""

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from trajectories.forms.candidates import KeyForm
from trajectories.forms.comparisons import CHOICES, ComparisonForm, read_comparison_scope
from trajectories.models import ComparisonLease
from trajectories.selectors.comparisons import (
    ComparisonScope,
    compared_problems,
    comparison_progress,
    last_comparison,
    leased_to,
    rankings,
)
from trajectories.selectors.problems import to_record
from trajectories.services.curation.comparisons import (
    ComparisonError,
    compare,
    lease_pair,
    release_comparisons,
    renew_comparisons,
    undo_comparison,
)
from trajectories.views.comparison_sections import comparison_parts
from trajectories.views.fragments import wants_fragment
from trajectories.views.permissions import needs
from trajectories.views.review_leases import MOST_TOKENS
from trajectories.views.visitors import visitor

compares = needs("trajectories.add_comparison", "trajectories.view_trace")
see_rankings = needs("trajectories.view_comparison", "trajectories.see_reviews")


@require_safe
@compares
@vary_on_headers("HX-Request")
def comparison_next(request: HttpRequest) -> HttpResponse:
    """The pair that is the visitor's turn, within the scope in the address."""
    scope = read_comparison_scope(request.GET)
    return _render(request, scope, lease_pair(reviewer=visitor(request), scope=scope))


@require_POST
@compares
def comparison_decide(request: HttpRequest) -> HttpResponse:
    """Store what the visitor says of their pair, and show the next one."""
    scope, reviewer = read_comparison_scope(request.GET), visitor(request)
    form = ComparisonForm(request.POST)
    if not form.is_valid():
        faults = " ".join(str(fault) for each in form.errors.values() for fault in each)
        return _render(request, scope, lease_pair(reviewer=reviewer, scope=scope), fault=faults)
    held = leased_to(reviewer)
    try:
        compare(
            reviewer=reviewer,
            token=form.cleaned_data["lease"],
            verdict=form.said(swapped=held is not None and held.swapped),
            key=form.cleaned_data["key"],
            seconds=form.cleaned_data["seconds"],
        )
    except ComparisonError as fault:
        return _render(request, scope, lease_pair(reviewer=reviewer, scope=scope), fault=str(fault))
    return _show(request, scope, lease_pair(reviewer=reviewer, scope=scope))


@require_POST
@compares
def comparison_undo(request: HttpRequest) -> HttpResponse:
    """Take the visitor's last comparison back and show its pair again."""
    scope, reviewer = read_comparison_scope(request.GET), visitor(request)
    form = KeyForm(request.POST)
    lease = undo_comparison(reviewer=reviewer, key=form.cleaned_data["key"]) if form.is_valid() else None
    if lease is None:
        lease = lease_pair(reviewer=reviewer, scope=scope)
        return _show(request, scope, lease, note="There is no comparison of yours to undo.")
    return _show(request, scope, leased_to(reviewer), note="Your comparison of these two is undone.")


@require_POST
@compares
def comparison_leases(request: HttpRequest) -> HttpResponse:
    """Keep the visitor's pair, or with `leave` let others have it. Nobody can touch a pair that is not their own."""
    try:
        tokens = [uuid.UUID(token) for token in request.POST.getlist("token")[:MOST_TOKENS]]
    except ValueError:
        return HttpResponseBadRequest("token: found something else, expected UUIDs.", content_type="text/plain")
    if "leave" in request.POST:
        release_comparisons(reviewer=visitor(request), tokens=tokens)
        return HttpResponse(status=204)
    lost = renew_comparisons(reviewer=visitor(request), tokens=tokens)
    return JsonResponse({"lost": sorted(map(str, lost))})


@require_safe
@see_rankings
def comparison_ranking(request: HttpRequest) -> HttpResponse:
    """What the comparisons of a scope come to: samplers, instructions, and for one problem its traces."""
    scope = read_comparison_scope(request.GET)
    context = {"scope": scope, "rankings": rankings(scope), "problems": compared_problems(scope)}
    return render(request, "trajectories/comparisons/ranking.html", context)


def _show(
    request: HttpRequest, scope: ComparisonScope, lease: ComparisonLease | None, *, note: str = ""
) -> HttpResponse:
    if wants_fragment(request):
        return _render(request, scope, lease, note=note)
    if note:
        messages.info(request, note)
    query = scope.as_query()
    return redirect(reverse("comparison_next") + (f"?{query}" if query else ""))


def _render(
    request: HttpRequest,
    scope: ComparisonScope,
    lease: ComparisonLease | None,
    *,
    note: str = "",
    fault: str = "",
) -> HttpResponse:
    """The page or fragment of a pair, or that nothing is left; `fault` says why something was refused (422)."""
    reviewer = visitor(request)
    context = {
        "scope": scope,
        "lease": lease,
        "note": note,
        "fault": fault,
        "choices": CHOICES,
        "key": uuid.uuid4(),
        "undo_key": uuid.uuid4() if last_comparison(reviewer) else None,
        "progress": comparison_progress(scope, reviewer),
    }
    if lease is not None:
        context |= comparison_parts(lease, to_record(lease.problem))
    name = "_pair" if wants_fragment(request) else "detail"
    return render(request, f"trajectories/comparisons/{name}.html", context, status=422 if fault else 200)
