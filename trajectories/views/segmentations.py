"""Having traces cut into other steps."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from trajectories.core.faults import Fault
from trajectories.core.selections import Selection
from trajectories.forms.segmentations import SegmentationForm
from trajectories.models import SegmentationJob
from trajectories.selectors.blinding import sight_of
from trajectories.selectors.traces import count_traces
from trajectories.services.curation.segmentations import plan_segmentation
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
        chosen = form.cleaned_data["segmentation"]
        try:
            job = plan_segmentation(actor=visitor(request), selection=scope, segmentation=chosen)
        except Fault as fault:
            form.add_error(None, str(fault))
        else:
            return redirect(SegmentationJob.job_kind.address(job.pk))
    context = {"form": form, "scope": scope, "total": count_traces(scope, sight_of(request.user))}
    return render(request, "trajectories/segmentations/new.html", context, status=422 if form.is_bound else 200)
