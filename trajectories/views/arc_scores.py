"""The official score of ARC: of one run, and of everything that has sampled the tasks of a set."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from trajectories.models import ProblemSet, Run
from trajectories.selectors.arc_scores import get_run_score, list_set_scores
from trajectories.selectors.runs import adapts
from trajectories.views.fragments import wants_fragment
from trajectories.views.permissions import needs


@require_safe
@needs("trajectories.view_run")
@vary_on_headers("HX-Request")
def run_arc_score(request: HttpRequest, run_id: int) -> HttpResponse:
    """The score of a run; a fragment is the figures alone."""
    run = get_object_or_404(Run.objects.select_related("sampler").defer("plan"), pk=run_id)
    template = "_score" if wants_fragment(request) else "run"
    context = {"run": run, "score": get_run_score(run), "is_fragment": template == "_score", "adapts": adapts(run)}
    return render(request, f"trajectories/arc_scores/{template}.html", context)


@require_safe
@needs("trajectories.view_run")
def set_arc_scores(request: HttpRequest, name: str) -> HttpResponse:
    """The scores of every run and imported model over all ARC tasks of a set."""
    problem_set = get_object_or_404(ProblemSet, name=name)
    context = {"problem_set": problem_set, "sources": list_set_scores(problem_set)}
    return render(request, "trajectories/arc_scores/set.html", context)
