"""Imports: what is coming in, how far it is, what was wrong, and what came of it."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from trajectories.models import Import
from trajectories.selectors.blinding import SEE_REVIEWS, sight_of
from trajectories.selectors.imported_scores import MOST_SCORES, has_scores, left_out_told, scores_beside, shapes_told
from trajectories.selectors.imports import import_faults, is_being_verified, list_imports
from trajectories.services.imports.jobs import ImportJobError, import_again
from trajectories.tasks.jobs import controls_of
from trajectories.views.fragments import wants_fragment
from trajectories.views.paging import read_key
from trajectories.views.permissions import needs
from trajectories.views.visitors import visitor

PAGE_ROWS = 50
WITH_TRACES = (Import.Kind.TRACES, Import.Kind.ARCHIVE)
view_imports = needs("trajectories.view_import")


def may_audit(user: Any) -> bool:
    """Whether a person may see where verdicts disagree, as on the pages of audits."""
    return bool(user.has_perms(("trajectories.view_trace", SEE_REVIEWS)))


@require_safe
@view_imports
def import_list(request: HttpRequest) -> HttpResponse:
    """Imports, newest first, a page at a time."""
    page = list_imports(before=read_key(request, "before"), size=PAGE_ROWS)
    return render(request, "trajectories/imports/list.html", {"page": page})


@require_safe
@view_imports
@vary_on_headers("HX-Request")
def import_detail(request: HttpRequest, import_id: int) -> HttpResponse:
    """How far an import is; at its end what came in, and what was wrong row by row."""
    related = Import.objects.select_related("created_by", "problem_set")
    job = get_object_or_404(related, pk=import_id)
    faults = import_faults(job)
    context = {
        "job": job,
        "faults": faults,
        "hidden_faults": job.fault_count - len(faults),
        "controls": controls_of(request.user, "import", job),
        "mine": job.created_by_id == visitor(request).pk,
        "misses_problems": job.kind == Import.Kind.TRACES
        and not job.options.get("make_problems")
        and any(fault.detail.startswith("found no problem") for fault in faults),
        "shapes": shapes_told(job),
        "left_out": left_out_told(job),
        "area": "traces" if job.kind in WITH_TRACES else "problems",
        "verifying": job.kind in WITH_TRACES and job.state == Import.State.FINISHED and is_being_verified(job),
    }
    if job.state == Import.State.FINISHED and has_scores(job) and may_audit(request.user):
        scores = scores_beside(job, sight_of(request.user))
        context |= {"scores": scores[:MOST_SCORES], "hidden_scores": len(scores[MOST_SCORES:])}
    template = "_live" if wants_fragment(request) else "detail"
    return render(request, f"trajectories/imports/{template}.html", context)


@require_POST
@view_imports
def import_repeat(request: HttpRequest, import_id: int) -> HttpResponse:
    """Import the files of a refused import without their bad rows."""
    job = get_object_or_404(Import, pk=import_id)
    _may_import(request, job)
    try:
        job = import_again(actor=visitor(request), job_id=job.pk)
    except ImportJobError as error:
        messages.error(request, str(error))
    return redirect("import_detail", job.pk)


def _may_import(request: HttpRequest, job: Import) -> None:
    """Raise PermissionDenied for who may not import what this job does."""
    needed = "add_trace" if job.kind == Import.Kind.TRACES else "add_problem"
    if not request.user.has_perm(f"trajectories.{needed}"):
        raise PermissionDenied
