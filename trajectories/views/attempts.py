"""Attempts of a run that brought no sample, and those that workers are at."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from trajectories.models import Run
from trajectories.selectors.attempts import list_failed
from trajectories.selectors.runs import list_failures
from trajectories.selectors.watches import list_under_way
from trajectories.views.addresses import read_text
from trajectories.views.paging import read_key
from trajectories.views.permissions import needs


@require_safe
@needs("trajectories.view_run")
def attempt_list(request: HttpRequest, run_id: int) -> HttpResponse:
    """The failed attempts of a run with what each of them said, all or of one kind (`?kind=`); or those that workers
    are at (`?state=leased`)."""
    run = get_object_or_404(Run.objects.select_related("sampler").defer("plan"), pk=run_id)
    kind, after = read_text(request, "kind"), read_key(request, "after")
    if request.GET.get("state") == "leased":
        page = list_under_way(run, after=after)
        return render(request, "trajectories/watches/list.html", {"run": run, "page": page})
    context = {
        "run": run,
        "kind": kind,
        "failures": list_failures(run),
        "page": list_failed(run, kind=kind, after=after),
    }
    return render(request, "trajectories/attempts/list.html", context)
