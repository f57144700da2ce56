"""Audits of verifiers: how many traces each finds, the list of them, and a queue of them in one step."""

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from trajectories.core.selections import AUDITS, Selection
from trajectories.forms.traces import read_scope
from trajectories.selectors.audits import LISTED, Audit, audit_notes
from trajectories.selectors.blinding import SEE_REVIEWS, sight_of
from trajectories.selectors.selection_words import selection_words
from trajectories.selectors.traces import TraceWalk, count_traces, list_traces
from trajectories.services.curation.audits import queue_of_audit
from trajectories.services.jobs.steering import JobError
from trajectories.views.fragments import wants_fragment
from trajectories.views.paging import read_key
from trajectories.views.permissions import needs
from trajectories.views.scopes import of_selection
from trajectories.views.submissions import once
from trajectories.views.visitors import visitor

view_audits = needs("trajectories.view_trace", SEE_REVIEWS)


def _find(name: str) -> Audit:
    audit = next((audit for audit in LISTED if audit.name == name), None)
    if audit is None:
        raise Http404(f"There is no audit {name[:40]!r}; expected one of {', '.join(AUDITS)}.")
    return audit


@require_safe
@view_audits
def audit_index(request: HttpRequest) -> HttpResponse:
    """Every audit with the number of traces that it finds, of everything or of the selection in the address."""
    scope, sight = replace(read_scope(request.GET), audit=""), sight_of(request.user)
    rows = [(audit, count_traces(replace(scope, audit=audit.name), sight)) for audit in LISTED]
    context = {"rows": rows, "scope": scope, "chips": selection_words(scope)}
    return render(request, "trajectories/audits/index.html", context)


@require_safe
@view_audits
@vary_on_headers("HX-Request")
def audit_detail(request: HttpRequest, name: str) -> HttpResponse:
    """The traces that one audit finds, a page at a time, newest first."""
    audit, sight = _find(name), sight_of(request.user)
    scope = replace(read_scope(request.GET), audit=audit.name)
    walk = TraceWalk(**{field: getattr(scope, field) for field in scope.__dataclass_fields__})
    before, after, total = read_key(request, "before"), read_key(request, "after"), count_traces(scope, sight)
    page = list_traces(walk, sight, before=before, after=after, total=total)
    notes = audit_notes(audit.name, page.rows)
    context: dict[str, Any] = {
        "audit": audit,
        "scope": scope,
        "chips": selection_words(replace(scope, audit="")),
        "page": page.of([(trace, notes.get(trace.pk, "")) for trace in page.rows]),
        "total": total,
        "has_pairs": any(trace.train_total for trace in page.rows),
        "has_notes": bool(notes),
    }
    template = "_table" if wants_fragment(request) else "detail"
    return render(request, f"trajectories/audits/{template}.html", context)


@require_POST
@needs("trajectories.add_queue", "trajectories.view_trace", SEE_REVIEWS)
@once
@of_selection
def audit_queue(request: HttpRequest, scope: Selection, name: str) -> HttpResponse:
    """Make a queue of what an audit finds, problem by problem, with the usual rules."""
    audit = _find(name)
    try:
        queue = queue_of_audit(actor=visitor(request), audit=audit, scope=scope, sight=sight_of(request.user))
    except JobError as fault:
        messages.info(request, str(fault))
        return redirect("audit_detail", audit.name)
    return redirect("queue_detail", queue.pk)
