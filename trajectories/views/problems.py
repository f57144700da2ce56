"""The problem list and the page of one problem with its population board."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from trajectories.charts import SET_CHARTS
from trajectories.core.problems.arc import render_prompt, task_of
from trajectories.core.problems.kinds import is_grids
from trajectories.models import Problem
from trajectories.selectors.blinding import has_hidden, sight_of
from trajectories.selectors.diversity import get_diversity
from trajectories.selectors.insights.scopes import InsightScope
from trajectories.selectors.population import get_population
from trajectories.selectors.problem_samples import list_samples
from trajectories.selectors.problems import (
    PROBLEMS,
    SOLVED_STATES,
    SORTS,
    ProblemFilter,
    count_problems,
    list_problem_sets,
    list_problems,
    neighbours_in_set,
    to_public,
)
from trajectories.selectors.search_trees import runs_with_trees
from trajectories.views.addresses import read_text
from trajectories.views.fragments import wants_fragment
from trajectories.views.listing import Look, columns_of, show_list
from trajectories.views.paging import read_key
from trajectories.views.permissions import needs
from trajectories.views.shown.figures import slots
from trajectories.views.shown.problems import grid_size, show_tests


@require_safe
@needs("trajectories.view_problem")
@vary_on_headers("HX-Request")
def problem_list(request: HttpRequest) -> HttpResponse:
    """All problems, filtered and sorted by the address."""
    scope = ProblemFilter(
        set_name=read_text(request, "set"),
        split=read_text(request, "split"),
        state=read_text(request, "state"),
        query=read_text(request, "q").strip(),
    )
    sort, sight = request.GET.get("sort", ""), sight_of(request.user)
    page = list_problems(scope, sight, sort=sort, after=read_key(request, "after"), before=read_key(request, "before"))
    columns = columns_of(request, PROBLEMS)
    count = count_problems(scope, sight)
    context: dict[str, Any] = {
        "scope": scope,
        "list": show_list(request, "problems", PROBLEMS, page, look=Look(columns), count=count),
        "sort": sort,
        "sorts": [(word, order.title) for word, order in SORTS.items()],
        "states": [(word, title) for word, (title, _) in SOLVED_STATES.items()],
        "splits": Problem.Split.choices,
        "sets": list_problem_sets(),
        "page": page,
        "own": sight.is_blind,
    }
    if scope.set_name and page.rows:
        context["figures"] = slots(SET_CHARTS, InsightScope(problem_set=page.rows[0].problem_set_id))
    template = "_table" if wants_fragment(request) else "list"
    return render(request, f"trajectories/problems/{template}.html", context)


@require_safe
@needs("trajectories.view_problem")
@vary_on_headers("HX-Request")
def problem_detail(request: HttpRequest, problem_id: int) -> HttpResponse:
    """One problem: what it asks, and what all its samples answered."""
    problem = get_object_or_404(Problem.objects.select_related("problem_set", "candidate"), pk=problem_id)
    answer = read_text(request, "answer")[:64]
    sight = sight_of(request.user)
    context: dict[str, Any] = {
        "problem": problem,
        "answer": answer,
        "population": get_population(problem, sight, every_group=request.GET.get("groups") == "all"),
        "page": list_samples(
            problem, sight, answer=answer, before=read_key(request, "before"), after=read_key(request, "after")
        ),
        "own": sight.is_blind,
        "trees": runs_with_trees(problem.pk, sight) if request.user.has_perm("trajectories.view_run") else (),
    }
    if wants_fragment(request):
        return render(request, "trajectories/problems/_board.html", context)
    context["previous"], context["next"] = neighbours_in_set(problem)
    context["may_share"] = not has_hidden(problem, sight)
    if is_grids(problem.kind):
        context["tests"] = show_tests(problem)
        context["grid_size"] = grid_size(problem)
        context["prompt"] = render_prompt(task_of(to_public(problem)))
    return render(request, "trajectories/problems/detail.html", context)


@require_safe
@needs("trajectories.view_problem")
@vary_on_headers("HX-Request")
def problem_diversity(request: HttpRequest, problem_id: int) -> HttpResponse:
    """How different the samples of a problem are: a page, and the part that the problem's page fetches."""
    problem = get_object_or_404(Problem, pk=problem_id)
    context = {"problem": problem, "diversity": get_diversity(problem, sight_of(request.user))}
    template = "_diversity" if wants_fragment(request) else "diversity"
    return render(request, f"trajectories/problems/{template}.html", context)
