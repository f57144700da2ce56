"""The review queue of generated problems: the list, one candidate at a time, and decisions."""

import uuid
from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from trajectories.forms.candidates import (
    ChangeForm,
    DecisionForm,
    KeyForm,
    change_values,
    read_candidate_scope,
)
from trajectories.models import GenerationJob, ProblemCandidate, ReviewLease
from trajectories.selectors.candidates import (
    CandidateScope,
    count_states,
    get_candidate,
    last_decision,
    list_candidates,
)
from trajectories.selectors.review_leases import running_leases
from trajectories.services.generation.candidate_leases import (
    claim_candidate,
    claim_next_candidate,
    release_candidate,
)
from trajectories.services.generation.candidates import (
    CandidateError,
    accept_candidate,
    edit_candidate,
    reject_candidate,
    requeue_candidate,
    undo_last_decision,
)
from trajectories.views.ahead import is_ahead
from trajectories.views.fragments import wants_fragment
from trajectories.views.paging import read_key, read_keys
from trajectories.views.permissions import needs
from trajectories.views.shown.candidates import candidate_context, candidate_progress
from trajectories.views.visitors import visitor

view_candidates = needs("trajectories.view_problemcandidate")
review_candidates = needs("trajectories.review_problemcandidate")
MAY_REVIEW = "trajectories.review_problemcandidate"


def _address(candidate_id: int, scope: CandidateScope) -> str:
    query = scope.as_query()
    return reverse("candidate_detail", args=[candidate_id]) + (f"?{query}" if query else "")


def _find(candidate_id: int) -> ProblemCandidate:
    candidate = get_candidate(candidate_id)
    if candidate is None:
        raise Http404(f"There is no candidate {candidate_id}.")
    return candidate


@require_safe
@view_candidates
@vary_on_headers("HX-Request")
def candidate_list(request: HttpRequest) -> HttpResponse:
    """All candidates, filtered by the address, with how many there are in each state."""
    scope = read_candidate_scope(request.GET)
    counts = count_states(scope)
    context = {
        "scope": scope,
        "page": list_candidates(scope, before=read_key(request, "before")),
        "tabs": [(word, title, counts[word]) for word, title in ProblemCandidate.State.choices],
        "total": sum(counts.values()),
        "waiting": counts[ProblemCandidate.State.WAITING],
        "jobs": GenerationJob.objects.order_by("-pk")[:100],
    }
    template = "_table" if wants_fragment(request) else "list"
    return render(request, f"trajectories/candidates/{template}.html", context)


@require_safe
@review_candidates
def candidate_next(request: HttpRequest) -> HttpResponse:
    """Take the next waiting candidate of the scope, those after `after` first.

    A page asks for it with the header `X-Ahead` while it shows `after`, to have it ready; 204 says that there is none.
    """
    scope, after = read_candidate_scope(request.GET), read_key(request, "after") or 0
    ahead = is_ahead(request)
    if after and not ahead:
        release_candidate(reviewer=visitor(request), candidate_id=after)
    return _show(request, scope, after=after, but=[*read_keys(request, "but"), *([after] if ahead else [])])


@require_safe
@view_candidates
@vary_on_headers("HX-Request")
def candidate_detail(request: HttpRequest, candidate_id: int) -> HttpResponse:
    """One candidate; for a reviewer with the forms that decide on it, if nobody else is at it."""
    _find(candidate_id)
    held = None
    if request.user.has_perm(MAY_REVIEW):
        held = claim_candidate(reviewer=visitor(request), candidate_id=candidate_id)
    return _render(request, candidate_id, read_candidate_scope(request.GET), held=held)


@require_POST
@review_candidates
def candidate_decide(request: HttpRequest, candidate_id: int) -> HttpResponse:
    """Accept or reject, then show the next one, or by `then` this one again ("stay") or nothing ("behind")."""
    scope, then = read_candidate_scope(request.GET), request.POST.get("then", "next")
    _find(candidate_id)
    form = DecisionForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        given: dict[str, Any] = {
            "reviewer": visitor(request), "candidate_id": candidate_id, "token": data["lease"], "key": data["key"]
        }  # fmt: skip
        try:
            if data["decision"] == "accept":
                accept_candidate(**given)
            else:
                reject_candidate(**given, reason=data["reason"], comment=data["comment"])
        except CandidateError as fault:
            form.add_fault(fault)
        else:
            return _after(request, candidate_id, scope, then)
    if then == "behind":
        faults = " ".join(str(fault) for faults in form.errors.values() for fault in faults)
        return HttpResponse(faults, status=422, content_type="text/plain; charset=utf-8")
    return _render(request, candidate_id, scope, form=form, held=_keep(request, candidate_id))


def _keep(request: HttpRequest, candidate_id: int) -> ReviewLease | None:
    """Lease what is on the screen again, where nobody else has it: the page before may have let go of it on leaving,
    which is heard later.
    """
    return claim_candidate(reviewer=visitor(request), candidate_id=candidate_id)


def _after(request: HttpRequest, candidate_id: int, scope: CandidateScope, then: str) -> HttpResponse:
    if then == "behind":
        context = {"scope": scope, "undo": _undo(request), **candidate_progress(scope)}
        return render(request, "trajectories/candidates/_behind.html", context)
    if then == "stay":
        if not wants_fragment(request):
            return redirect(_address(candidate_id, scope))
        return _render(request, candidate_id, scope)
    return _show(request, scope, after=candidate_id)


@require_POST
@review_candidates
def candidate_skip(request: HttpRequest, candidate_id: int) -> HttpResponse:
    """Let go of a candidate, then show the next one; it comes again after the others."""
    scope = read_candidate_scope(request.GET)
    release_candidate(reviewer=visitor(request), candidate_id=candidate_id)
    if request.POST.get("then") == "behind":
        return _after(request, candidate_id, scope, "behind")
    return _show(request, scope, after=candidate_id)


@require_POST
@review_candidates
def candidate_edit(request: HttpRequest, candidate_id: int) -> HttpResponse:
    """Change what a candidate says; it stays on the screen."""
    scope = read_candidate_scope(request.GET)
    _find(candidate_id)
    form = ChangeForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        try:
            edit_candidate(
                reviewer=visitor(request),
                candidate_id=candidate_id,
                token=data["lease"],
                key=data["key"],
                change=form.change,
            )
        except CandidateError as fault:
            form.add_fault(fault)
        else:
            if not wants_fragment(request):
                return redirect(_address(candidate_id, scope))
            note = "Changed. From now on the answer is your word."
            return _render(request, candidate_id, scope, held=_keep(request, candidate_id), note=note)
    return _render(request, candidate_id, scope, form=form, held=_keep(request, candidate_id))


@require_POST
@review_candidates
def candidate_requeue(request: HttpRequest, candidate_id: int) -> HttpResponse:
    """Put a candidate that the checks sorted out into the queue."""
    scope = read_candidate_scope(request.GET)
    _find(candidate_id)
    form = KeyForm(request.POST)
    try:
        if form.is_valid():
            requeue_candidate(reviewer=visitor(request), candidate_id=candidate_id, key=form.cleaned_data["key"])
    except CandidateError as fault:
        messages.error(request, str(fault))
    return redirect(_address(candidate_id, scope))


@require_POST
@review_candidates
def candidate_undo(request: HttpRequest) -> HttpResponse:
    """Take the visitor's last decision back and show what it was about."""
    scope = read_candidate_scope(request.GET)
    form = KeyForm(request.POST)
    undone, note = None, "There is no decision of yours to undo."
    try:
        if form.is_valid():
            undone = undo_last_decision(reviewer=visitor(request), key=form.cleaned_data["key"])
    except CandidateError as fault:
        note = str(fault)
    if undone is None:
        return _show(request, scope, note=note)
    held = _keep(request, undone.candidate_id)
    if not wants_fragment(request):
        messages.info(request, "Your decision on this candidate is undone.")
        return redirect(_address(undone.candidate_id, scope))
    note = "Your decision on this candidate is undone."
    response = _render(request, undone.candidate_id, scope, held=held, note=note)
    response["HX-Push-Url"] = _address(undone.candidate_id, scope)
    return response


def _show(
    request: HttpRequest, scope: CandidateScope, *, after: int = 0, but: Sequence[int] = (), note: str = ""
) -> HttpResponse:
    """Go to the next candidate that waits: htmx gets it with this answer and puts its address in place."""
    lease = claim_next_candidate(reviewer=visitor(request), scope=scope, after=after, but=but)
    candidate_id = None if lease is None else lease.candidate_id
    if candidate_id is None and is_ahead(request):
        return HttpResponse(status=204)
    if not wants_fragment(request):
        if note:
            messages.info(request, note)
        if candidate_id is not None:
            return redirect(_address(candidate_id, scope))
    elif candidate_id is not None:
        response = _render(request, candidate_id, scope, held=lease, note=note)
        response["HX-Push-Url"] = _address(candidate_id, scope)
        return response
    context = {"scope": scope, "note": note, "undo": _undo(request), "counts": count_states(scope)}
    name = "_finished" if wants_fragment(request) else "finished"
    return render(request, f"trajectories/candidates/{name}.html", context)


def _ways(candidate_id: int, scope: CandidateScope) -> dict[str, str]:
    """Where the decision, a skip and the next candidate are."""
    query = scope.as_query()
    after = f"{reverse('candidate_next')}?{query + '&' if query else ''}after={candidate_id}"
    return {
        "decide_address": f"{reverse('candidate_decide', args=[candidate_id])}?{query}",
        "skip_address": f"{reverse('candidate_skip', args=[candidate_id])}?{query}",
        "next_address": f"{after}&but={candidate_id}",
        "after_address": after,
    }


def _undo(request: HttpRequest) -> dict[str, Any] | None:
    last = last_decision(visitor(request)) if request.user.has_perm(MAY_REVIEW) else None
    return None if last is None else {"review": last, "key": uuid.uuid4()}


def _render(
    request: HttpRequest,
    candidate_id: int,
    scope: CandidateScope,
    *,
    form: DecisionForm | ChangeForm | None = None,
    held: ReviewLease | None = None,
    note: str = "",
) -> HttpResponse:
    """The page or fragment of one candidate, with the lease that was just taken for it; forms that were refused come
    back with their faults (422).
    """
    candidate = _find(candidate_id)
    lease = held or running_leases().filter(candidate=candidate).select_related("holder").first()
    mine = lease is not None and lease.holder_id == request.user.pk
    mine = mine and candidate.state == ProblemCandidate.State.WAITING
    token = lease.token if lease is not None and mine else None
    changing = isinstance(form, ChangeForm)
    context = {
        **candidate_context(candidate, scope, request.user),
        "lease": lease,
        "mine": mine and request.user.has_perm(MAY_REVIEW),
        "form": form if isinstance(form, DecisionForm) else DecisionForm(initial={"lease": token}),
        **_ways(candidate_id, scope),
        "change_form": form if changing else ChangeForm(initial=change_values(candidate, token)),
        "changing": changing,
        "key": uuid.uuid4(),
        "note": note,
        "undo": _undo(request),
    }
    status = 200 if form is None else 422
    name = "_candidate" if wants_fragment(request) else "detail"
    return render(request, f"trajectories/candidates/{name}.html", context, status=status)
