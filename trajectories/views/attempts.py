"""Attempts of a run that brought no sample."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from trajectories.models import Run
from trajectories.selectors.attempts import list_failed
from trajectories.selectors.runs import list_failures
from trajectories.views.addresses import read_text
from trajectories.views.paging import read_key
from trajectories.views.permissions import needs


@require_safe
@needs("trajectories.view_run")
def attempt_list(request: HttpRequest, run_id: int) -> HttpResponse:
    """The failed attempts of a run with what each of them said, all or of one kind (`?kind=`)."""
    run = get_object_or_404(Run.objects.defer("plan"), pk=run_id)
    kind = read_text(request, "kind")
    context = {
        "run": run,
        "kind": kind,
        "failures": list_failures(run),
        "page": list_failed(run, kind=kind, after=read_key(request, "after")),
    }
    return render(request, "trajectories/attempts/list.html", context)
