"""Releases on their way, trials of rules, and what was removed because it is like something else."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import HttpResponseClientRedirect

from trajectories.core.releases.item_evidence import RemovalEvidence
from trajectories.core.releases.overlaps import FOUND, shared_words
from trajectories.models import Freezing, Removal
from trajectories.selectors.blinding import SEE_REVIEWS
from trajectories.selectors.release_rules import CLAUSES, COMPARING
from trajectories.selectors.rule_words import rule_words
from trajectories.views.fragments import wants_fragment
from trajectories.views.paging import read_key
from trajectories.views.permissions import needs
from trajectories.views.shown.campaigns import part_of
from trajectories.views.shown.funnels import show_job_funnel

REMOVED_SHOWN = 25
SHARED_SHOWN = 6
STATEMENT_SHOWN = 4_000
SAME_WORDS = {
    "texts": "the same text and program",
    "program": "the same program but for names, remarks and layout",
    "near": "a like text",
}

view_releases = needs("trajectories.view_release", SEE_REVIEWS)


def address_of(job: Freezing) -> str:
    """Where to look at what a job is making, or has made."""
    if job.release_id is not None:
        return reverse("release_detail", args=[job.release_id])
    return reverse("release_freezing", args=[job.pk])


@require_safe
@view_releases
@vary_on_headers("HX-Request")
def release_freezing(request: HttpRequest, job_id: int) -> HttpResponse:
    """How far a release is; once it is there, this leads to it. Of a trial, what it found."""
    job = get_object_or_404(Freezing.objects.select_related("created_by", "named_rule"), pk=job_id)
    if job.release_id is not None:
        return HttpResponseClientRedirect(address_of(job)) if wants_fragment(request) else redirect(address_of(job))
    name = "_freezing" if wants_fragment(request) else "freezing"
    ended = not job.is_active
    context = {
        "job": job,
        "funnel": show_job_funnel(job),
        "words": rule_words(job.rule) if ended else [],
        "part_of": part_of(request, "freezing", job.pk),
    }
    return render(request, f"trajectories/releases/{name}.html", context)


@require_safe
@view_releases
def freezing_removed(request: HttpRequest, job_id: int, clause: str) -> HttpResponse:
    """The traces that a comparing clause removed, each with what it is like: both texts, and what they share."""
    job = get_object_or_404(Freezing, pk=job_id)
    if clause not in COMPARING:
        raise Http404(f"There is no clause {clause[:20]} that compares traces.")
    related = ("trace__problem", "other_problem", "other_trace")
    removals = job.removals.filter(clause=clause, trace__gt=read_key(request, "after") or 0)
    found = list(removals.select_related(*related).order_by("trace")[: REMOVED_SHOWN + 1])
    context = {
        "job": job,
        "title": CLAUSES[clause],
        "clause": clause,
        "removals": [_shown(removal) for removal in found[:REMOVED_SHOWN]],
        "more": found[REMOVED_SHOWN - 1].trace_id if len(found) > REMOVED_SHOWN else None,
    }
    return render(request, "trajectories/releases/removals.html", context)


def _shown(removal: Removal) -> dict[str, object]:
    """A removal with its problem's statement beside the one that it is like, and the words that both have."""
    evidence = RemovalEvidence.from_json(removal.evidence)
    mine, other = removal.trace.problem, removal.other_problem
    shared = []
    if other is not None and removal.clause == "contaminated":
        quoted = evidence.shared
        shared = (
            [quoted] if quoted else shared_words(mine.statement[:STATEMENT_SHOWN], other.statement[:STATEMENT_SHOWN])
        )
    return {
        "removal": removal,
        "how": FOUND.get(evidence.how) or SAME_WORDS.get(evidence.how, ""),
        "alike": evidence.alike,
        "group": evidence.group or "",
        "mine": mine,
        "other": other,
        "shared": sorted(shared, key=len, reverse=True)[:SHARED_SHOWN],
        "statements": [text[:STATEMENT_SHOWN] for text in (mine.statement, other.statement if other else "")],
    }
