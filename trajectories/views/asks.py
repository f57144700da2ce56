"""Asking for one answer: the form, and the page that shows the samples grow and what they come to."""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe
from django.views.decorators.vary import vary_on_headers

from trajectories.core.consolidation.ways import Way
from trajectories.core.faults import Fault
from trajectories.core.records import ProblemKind
from trajectories.core.strategies import STRATEGIES
from trajectories.forms.asks import AskForm, WayForm, instructions_for, problem_names
from trajectories.models import Problem, Run
from trajectories.selectors.asks import consolidate, list_asked
from trajectories.selectors.blinding import sight_of
from trajectories.selectors.population import get_population
from trajectories.selectors.problem_samples import list_samples
from trajectories.selectors.runs import get_progress
from trajectories.selectors.search_trees import runs_with_trees, tells_hidden
from trajectories.selectors.workers import get_workforce
from trajectories.services.endpoints.samplers import ensure_symbolic
from trajectories.services.problems.asked import AskError, find_problem, keep_question, keep_task
from trajectories.services.prompts.instructions import ensure_symbolic_views
from trajectories.services.runs.asking import Asked, ask, ways_for
from trajectories.services.runs.plans import PARALLEL
from trajectories.views.addresses import read_text
from trajectories.views.fragments import wants_fragment
from trajectories.views.paging import read_key
from trajectories.views.permissions import Refused, needs, require
from trajectories.views.runs import outcome_bar
from trajectories.views.submissions import once
from trajectories.views.uploads import limited_upload
from trajectories.views.visitors import visitor


@needs("trajectories.add_run", "trajectories.view_problem")
@require_http_methods(["GET", "HEAD", "POST"])
@limited_upload(lambda: settings.UPLOAD_LIMIT_BYTES)
@once
def ask_new(request: HttpRequest, *, refusal: str = "") -> HttpResponse:
    """Ask about one problem; and what was asked before."""
    ensure_symbolic_views()
    usual = ensure_symbolic().pk
    if request.method != "POST":
        given = {"problem": read_text(request, "problem"), "sampler": read_key(request, "sampler") or usual}
        return _page(request, AskForm(initial=given))
    if refusal:
        form = AskForm({})
        form.errors.clear()
        form.add_error(None, refusal)
        return _page(request, form)
    form = AskForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, form)
    try:
        run = ask(actor=visitor(request), asked=_asked(request, form))
    except Fault as fault:
        form.add_fault(fault, names={"budget_cost": "cost", "budget_tokens": "tokens"})
        return _page(request, form)
    return redirect("ask_detail", run.pk)


def _page(request: HttpRequest, form: AskForm) -> HttpResponse:
    context = {
        "form": form,
        "asked": list_asked() if request.user.has_perm("trajectories.view_run") else (),
        "names": problem_names(),
        "may_add": request.user.has_perm("trajectories.add_problem"),
    }
    return render(request, "trajectories/asks/index.html", context, status=422 if form.is_bound else 200)


def _asked(request: HttpRequest, form: AskForm) -> Asked:
    """What the form asks for. Raises Fault, and MissingPermission where a problem is to be added."""
    data = form.cleaned_data
    if data["problem"]:
        problem = find_problem(data["problem"])
    else:
        require(request.user, "trajectories.add_problem")
        if data["question"]:
            kind = ProblemKind(data["kind"] or ProblemKind.TEXT)
            if not data["sampler"].is_chat:
                raise AskError(
                    f"{data['sampler']} solves ARC tasks; a question needs a language model.", field="sampler"
                )
            problem = keep_question(actor=visitor(request), text=data["question"], kind=kind)
        else:
            problem = keep_task(actor=visitor(request), name=data["task"].name, stream=data["task"].file)
    strategy = data["strategy"] or PARALLEL
    return Asked(
        problem=problem,
        sampler=data["sampler"],
        instructions=instructions_for(data["sampler"], problem.kind, strategy),
        samples=data["samples"],
        strategy=strategy,
        way=data["way"],
        budget=data["budget"],
    )


@require_safe
@needs("trajectories.view_run", "trajectories.view_trace", "trajectories.view_problem")
@vary_on_headers("HX-Request")
def ask_detail(request: HttpRequest, run_id: int) -> HttpResponse:
    """What a run of one problem comes to. A fragment is the answer with its progress (`part=live`), or the board."""
    run = get_object_or_404(Run.objects.select_related("sampler", "problem_set", "created_by"), pk=run_id)
    problem = _problem_of(run)
    sight = sight_of(request.user)
    if tells_hidden(run, problem.pk, sight):
        raise Refused("A queue hides some of this from you until you have decided there, and the answer would tell it.")
    live = {"run": run, "problem": problem, **_live(request, run, problem)}
    if wants_fragment(request) and request.GET.get("part") == "live":
        return render(request, "trajectories/asks/_live.html", live)
    answer = read_text(request, "answer")[:64]
    board: dict[str, Any] = {
        "problem": problem,
        "of_run": run,
        "answer": answer,
        "population": get_population(problem, sight, every_group=request.GET.get("groups") == "all", run=run),
        "page": list_samples(
            problem,
            sight,
            answer=answer,
            before=read_key(request, "before"),
            after=read_key(request, "after"),
            run=run,
        ),
        "own": sight.is_blind,
        "trees": [(each, count) for each, count in runs_with_trees(problem.pk, sight) if each.pk == run.pk],
    }
    if wants_fragment(request):
        return render(request, "trajectories/problems/_board.html", board)
    return render(request, "trajectories/asks/detail.html", {**board, **live})


def _problem_of(run: Run) -> Problem:
    """The one problem of a run. Raises Http404 for a run of several, which has no one answer."""
    keys = list(run.kept_plan.problem_ids or ())
    if len(keys) != 1:
        raise Http404(f"Run {run.pk} is of {len(keys):,} problems; expected one.")
    return get_object_or_404(Problem.objects.select_related("problem_set"), pk=keys[0])


def _live(request: HttpRequest, run: Run, problem: Problem) -> dict[str, Any]:
    """The answer so far and how far the run is."""
    ways = ways_for(problem.kind)
    chosen = _way(request, run, ways)
    is_live = run.state in Run.ACTIVE_STATES or run.verified_count < run.done_count
    progress = get_progress(run, sight_of(request.user))
    return {
        "way": chosen,
        "way_form": WayForm(initial={"way": chosen.name}, ways=[(way.name, way.title) for way in ways]),
        "found": consolidate(run, problem, chosen),
        "is_live": is_live,
        "progress": progress,
        "bar": outcome_bar(progress.outcomes),
        "workforce": get_workforce() if is_live else None,
        "strategy": STRATEGIES.get(run.strategy),
        "seen": run.verified_count,
        "has_changed": request.GET.get("seen", "") != str(run.verified_count),
        "address": reverse("ask_detail", args=[run.pk]),
    }


def _way(request: HttpRequest, run: Run, ways: list[Way]) -> Way:
    """The way of the address, else that with which it was asked, else the usual one."""
    known = {way.name: way for way in ways}
    for name in (request.GET.get("way", ""), run.kept_plan.asked or ""):
        if name in known:
            return known[name]
    return ways[0]
