"""Having traces cut into other steps."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from trajectories.core.faults import Fault
from trajectories.core.selections import Selection
from trajectories.forms.segmentations import SegmentationForm, cutters
from trajectories.models import SegmentationJob
from trajectories.selectors.blinding import sight_of
from trajectories.selectors.traces import count_traces
from trajectories.services.curation.segmentations import estimate_segmentation, plan_segmentation
from trajectories.views.paging import read_key
from trajectories.views.permissions import needs, require_sight
from trajectories.views.scopes import of_selection
from trajectories.views.submissions import once
from trajectories.views.visitors import visitor


@require_http_methods(["GET", "HEAD", "POST"])
@needs("trajectories.view_trace", "trajectories.add_segmentationjob")
@once
@of_selection
def segmentation_new(request: HttpRequest, scope: Selection) -> HttpResponse:
    """Ask for the traces of a scope (in the address, as on the trace list) to be cut into other steps."""
    require_sight(request.user, scope)
    form = SegmentationForm(request.POST if request.method == "POST" else None, initial={"segmentation": ""})
    if form.is_bound and form.is_valid():
        try:
            job = plan_segmentation(
                actor=visitor(request), selection=scope, cutting=form.cutting(), budget=form.budget()
            )
        except Fault as fault:
            form.add_fault(fault)
        else:
            return redirect(SegmentationJob.job_kind.address(job.pk))
    context = {
        "form": form,
        "scope": scope,
        "total": count_traces(scope, sight_of(request.user)),
        "has_models": cutters().exists(),
        **_estimate(request, scope),
    }
    return render(request, "trajectories/segmentations/new.html", context, status=422 if form.is_bound else 200)


def _estimate(request: HttpRequest, scope: Selection) -> dict[str, Any]:
    """What the language model would take that the address, or the form, names; by itself the first one."""
    asked = read_key(request, "cutter")
    sampler = cutters().filter(pk=asked).first() if asked else cutters().first()
    if sampler is None:
        return {"estimate": None}
    try:
        return {"estimate": estimate_segmentation(selection=scope, sampler=sampler)}
    except ValueError as fault:  # a Fault is one
        return {"estimate": None, "fault": str(fault)}
