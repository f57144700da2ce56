"""Verifying traces again: the jobs, one job's progress, and the verdicts that changed."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe
from django.views.decorators.vary import vary_on_headers

from trajectories.core.selections import Selection
from trajectories.core.verifiers import VERIFIERS
from trajectories.forms.reverifications import ReverificationForm
from trajectories.models import Reverification
from trajectories.selectors.blinding import sight_of
from trajectories.selectors.reverifications import list_changes, list_reverifications
from trajectories.selectors.trace_filters import gives_away
from trajectories.selectors.traces import count_traces
from trajectories.services.verification.reverifications import (
    ReverificationError,
    plan_reverification,
)
from trajectories.tasks.jobs import controls_of
from trajectories.views.fragments import wants_fragment
from trajectories.views.paging import read_key
from trajectories.views.permissions import needs, require_sight
from trajectories.views.scopes import of_selection
from trajectories.views.shown.campaigns import part_of
from trajectories.views.submissions import once
from trajectories.views.visitors import visitor

view_verdicts = needs("trajectories.view_verdict")
ask_for_jobs = needs("trajectories.add_reverification")


@require_safe
@view_verdicts
def reverification_list(request: HttpRequest) -> HttpResponse:
    """The newest jobs and the newest changed verdicts of all jobs."""
    context = {
        "jobs": list_reverifications(),
        "page": list_changes(sight_of(request.user), before=read_key(request, "before")),
    }
    return render(request, "trajectories/reverifications/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@ask_for_jobs
@once
@of_selection
def reverification_new(request: HttpRequest, scope: Selection) -> HttpResponse:
    """Ask for the traces of a scope (in the address, as on the trace list) to be verified again."""
    require_sight(request.user, scope)
    asked = request.POST if request.method == "POST" else None
    form = ReverificationForm(asked, initial={"verifiers": list(VERIFIERS)})
    if form.is_bound and form.is_valid():
        try:
            job = plan_reverification(actor=visitor(request), scope=scope, verifiers=form.cleaned_data["verifiers"])
        except ReverificationError as error:
            form.add_fault(error)
        else:
            return redirect("reverification_detail", job.pk)
    context = {"form": form, "scope": scope, "total": count_traces(scope, sight_of(request.user))}
    status = 422 if form.is_bound else 200
    return render(request, "trajectories/reverifications/new.html", context, status=status)


@require_safe
@view_verdicts
@vary_on_headers("HX-Request")
def reverification_detail(request: HttpRequest, job_id: int) -> HttpResponse:
    """How far a job is, and what it changed."""
    job = get_object_or_404(Reverification.objects.select_related("created_by"), pk=job_id)
    sight = sight_of(request.user)
    context = {
        "job": job,
        "shows_selection": not gives_away(job.rule, sight),
        "controls": controls_of(request.user, "reverification", job),
        "is_active": job.state in Reverification.ACTIVE_STATES,
        "page": list_changes(sight, job=job, before=read_key(request, "before")),
        "part_of": part_of(request, "reverification", job.pk),
    }
    template = "_live" if wants_fragment(request) else "detail"
    return render(request, f"trajectories/reverifications/{template}.html", context)
