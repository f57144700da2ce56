"""The search tree of a run and a problem: what went on from what, and why nothing did."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from trajectories.models import Problem, Run
from trajectories.selectors.blinding import sight_of
from trajectories.selectors.search_trees import get_search_tree, tells_hidden
from trajectories.views.permissions import Refused, needs


@require_safe
@needs("trajectories.view_run", "trajectories.view_trace")
def search_tree(request: HttpRequest, run_id: int, problem_id: int) -> HttpResponse:
    """The attempts of one run at one problem as a tree."""
    run = get_object_or_404(Run.objects.select_related("sampler"), pk=run_id)
    problem = get_object_or_404(Problem, pk=problem_id)
    if tells_hidden(run, problem.pk, sight_of(request.user)):
        raise Refused("A queue hides some of this from you until you have decided there, and the tree would tell it.")
    tree = get_search_tree(run, problem.pk)
    if tree is None:
        raise Http404(f"Run {run.pk} has no attempt at problem {problem.pk}.")
    return render(request, "trajectories/search_trees/detail.html", {"run": run, "problem": problem, "tree": tree})
