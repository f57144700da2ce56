"""Worlds: the sets of their episodes, making new ones, and what agents and models make of changes."""

from dataclasses import asdict
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from trajectories.charts import WORLD_CHARTS
from trajectories.core.consolidation.recovery import RECOVERED_OF, WINDOW
from trajectories.core.worlds import WORLDS
from trajectories.core.worlds.base import World
from trajectories.core.worlds.registered import Registered
from trajectories.forms.insights import InsightForm
from trajectories.forms.worlds import WorldForm
from trajectories.models import Import
from trajectories.selectors.insights.scopes import InsightScope
from trajectories.selectors.insights.worlds import played_runs
from trajectories.selectors.minds import list_minds
from trajectories.selectors.problems import list_problem_sets
from trajectories.selectors.worlds import list_world_sets
from trajectories.services.imports.jobs import plan_import
from trajectories.views.permissions import needs, require
from trajectories.views.shown.figures import slots
from trajectories.views.visitors import visitor

KINDS = {**WORLDS, Registered.name: Registered}
MINDS = 50
"""Minds that the list of worlds shows: the newest."""

view_problems = needs("trajectories.view_problem")
view_figures = needs("trajectories.view_run", "trajectories.view_trace")


def _told(kind: type[World]) -> dict[str, str]:
    """What a template is told of a world: it would call the class itself."""
    return {"name": kind.name, "title": kind.title, "summary": kind.summary}


@require_safe
@view_problems
def world_list(request: HttpRequest) -> HttpResponse:
    """The worlds there are, the sets of episodes made of them, and what agents have learnt."""
    minds = list(list_minds()[: MINDS + 1]) if request.user.has_perm("trajectories.view_run") else []
    context = {
        "kinds": [_told(kind) for kind in KINDS.values()],
        "sets": list_world_sets(),
        "minds": minds[:MINDS],
        "more": len(minds) > MINDS,
    }
    return render(request, "trajectories/worlds/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@view_problems
def world_new(request: HttpRequest, name: str) -> HttpResponse:
    """One world: its settings and schedule, and the making of its episodes."""
    if request.method == "POST":
        require(request.user, "trajectories.add_problem")
    if name not in KINDS:
        raise Http404(f"There is no world {name}.")
    form = WorldForm(KINDS[name], request.POST) if request.method == "POST" else WorldForm(KINDS[name])
    if request.method == "POST" and form.is_valid():
        plan = form.cleaned_data["plan"]
        options = {
            "plan": plan.to_json(),
            "episodes": form.cleaned_data["episodes"],
            "set_title": form.cleaned_data["set_title"],
            "split": form.cleaned_data["split"],
            "on_fault": "all_or_nothing",
        }
        job = plan_import(actor=visitor(request), kind=Import.Kind.EPISODES, source=plan.world, options=options)
        return redirect("import_detail", job.pk)
    context = {"kind": _told(KINDS[name]), "form": form, "sets": list_problem_sets()}
    return render(request, "trajectories/worlds/new.html", context, status=422 if form.errors else 200)


@require_safe
@view_figures
def insight_worlds(request: HttpRequest) -> HttpResponse:
    """Success before a change, right after it and once adapted, for every agent and model in one table."""
    form = InsightForm(request.GET)
    valid = form.is_valid()
    scope = form.scope() if valid else InsightScope()
    rows: list[dict[str, Any]] = [
        {"played": played, **asdict(played.mean_recovery)} for played in (played_runs(scope) if valid else ())
    ]
    context = {
        "form": form,
        "slots": slots(WORLD_CHARTS, scope) if valid else (),
        "rows": rows,
        "runs": form.run_choices(),
        "is_empty": scope == InsightScope(),
        "window": WINDOW,
        "recovered_of": RECOVERED_OF,
    }
    return render(request, "trajectories/insights/worlds.html", context, status=200 if valid else 422)
