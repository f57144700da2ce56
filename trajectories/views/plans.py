"""Planning a run: the form, its estimate, and the first prompts that it would send."""

from typing import Any

from django.contrib.auth.models import User
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods
from django.views.decorators.vary import vary_on_headers

from trajectories.core.problems import ProblemError
from trajectories.core.problems.kinds import EPISODES
from trajectories.core.prompts import PromptError
from trajectories.core.records import ProblemKind
from trajectories.core.strategies import STRATEGIES
from trajectories.forms.instructions import KIND_TITLES
from trajectories.forms.memory import memory_values
from trajectories.forms.presets import PRESETS, preset_values
from trajectories.forms.run_choices import setting_name
from trajectories.forms.runs import VARIATIONS, RunForm
from trajectories.forms.segmentations import cutting_value
from trajectories.forms.step_judges import step_judge_values
from trajectories.models import Mind, Problem, ProblemSet, Run, Sampler
from trajectories.selectors.blinding import Sight, sight_of
from trajectories.selectors.runs import get_history, list_instructions
from trajectories.selectors.samplers import list_versions
from trajectories.services.endpoints.samplers import ensure_symbolic
from trajectories.services.prompts.instructions import ensure_symbolic_views
from trajectories.services.runs.cutting import estimate_cuts
from trajectories.services.runs.first_prompts import first_prompts
from trajectories.services.runs.inheriting import ALL
from trajectories.services.runs.lifecycle import draw_seed, plan_run
from trajectories.services.runs.plans import PARALLEL
from trajectories.services.runs.requests import RequestError
from trajectories.services.spending.holding import note_of_plan
from trajectories.views.addresses import read_text
from trajectories.views.fragments import wants_fragment
from trajectories.views.paging import read_key
from trajectories.views.permissions import needs
from trajectories.views.submissions import once
from trajectories.views.visitors import visitor

add_runs = needs("trajectories.add_run")


@require_http_methods(["GET", "HEAD", "POST"])
@add_runs
@once
def run_new(request: HttpRequest) -> HttpResponse:
    """Plan a run and ring its bell."""
    ensure_symbolic_views()
    sight = sight_of(request.user)
    form = RunForm(request.POST, sight=sight) if request.method == "POST" else _fresh(request, sight)
    form.fields["sampler"].initial = ensure_symbolic().pk
    if not (form.is_bound and form.is_valid()):
        context = {
            "form": form,
            "has_problems": Problem.objects.exists(),
            "presets": PRESETS.values(),
            "preset": request.GET.get("preset", ""),
            **_estimate(form, visitor(request)),
        }
        return render(request, "trajectories/runs/new.html", context, status=422 if form.is_bound else 200)
    data, plan = form.cleaned_data, form.cleaned_data["plan"]
    run = plan_run(
        actor=visitor(request),
        title=data["title"],
        sampler=data["sampler"],
        plan=plan,
        seed=data["seed"],
        problem_set=data["problem_set"],
        budget=data["budget"],
        options=data["options"],
        cutting=data["segmentation"],
    )
    return redirect("run_detail", run.pk)


def _initial(request: HttpRequest) -> dict[str, Any]:
    """What a link to the form can fill in: `?like=<id of a run>` or `?mind=<id>`, else any of `?preset=<name>`,
    `?sampler=<id>` and `?problem=<id>` or `?set=<name>`."""
    like_id = read_key(request, "like")
    like = Run.objects.filter(pk=like_id).first() if like_id else None
    if like is not None:
        return initial_like(like)
    if mind_id := read_key(request, "mind"):
        mind = Mind.objects.select_related("run").defer("weights").filter(pk=mind_id).first()
        if mind is not None:
            return {**initial_like(mind.run), "samples_each": 1, "mind": mind.pk, "mind_parts": ALL}
    preset = PRESETS.get(request.GET.get("preset", ""))
    values = preset_values(preset) if preset else {}
    if sampler_id := read_key(request, "sampler"):
        values["sampler"] = sampler_id
    problem_id = read_key(request, "problem")
    problem = Problem.objects.filter(pk=problem_id).only("name", "problem_set_id").first() if problem_id else None
    if problem is not None:
        return {"problem_set": problem.problem_set_id, "names": problem.name, **values}
    named = ProblemSet.objects.filter(name=read_text(request, "set")).first()
    if named is not None and Problem.objects.filter(problem_set=named, kind__in=EPISODES).exists():
        agent = Sampler.objects.filter(kind=Sampler.Kind.AGENT).order_by("pk").first()
        values = {"sampler": agent.pk, "samples_each": 1, **values} if agent is not None else values
    chosen = named or ProblemSet.objects.order_by("pk").first()
    return {"problem_set": chosen.pk if chosen else None, "limit": None if named else 20, **values}


def initial_like(run: Run) -> dict[str, Any]:
    """The form filled in as for this run, but for its seed, and with the newest version of its sampler."""
    plan = run.kept_plan
    names = Problem.objects.filter(pk__in=plan.problem_ids or ()).order_by("pk").values_list("name", flat=True)
    strategy = STRATEGIES.get(run.strategy, STRATEGIES[PARALLEL])
    return {
        "sampler": list_versions(run.sampler)[0].pk,
        "problem_set": run.problem_set_id,
        "names": " ".join(names),
        "instructions": [instruction.pk for instruction in list_instructions(run)],
        "temperatures": (".." if plan.spread else " ").join(f"{each:g}" for each in plan.temperatures),
        "samples_each": plan.samples_each,
        "strategy": strategy.name,
        **{setting_name(strategy, each): plan.settings.get(each.name, each.default) for each in strategy.parameters},
        "examples": plan.diversity.examples or None,
        "examples_vary": plan.diversity.examples_vary,
        **memory_values(plan.memory),
        "variations": [name for name, _ in VARIATIONS if getattr(plan.diversity, name)],
        **budget_values(run),
        "fresh": not plan.recalls,
        "segmentation": cutting_value(run),
        "step_scorer": plan.step_scorer,
        **step_judge_values(run),
        "mind": plan.mind,
        "mind_parts": plan.mind_parts,
    }


def budget_values(run: Run) -> dict[str, Any]:
    """The budget of a run as the fields of a form say it."""
    return {
        "budget_minutes": run.budget_seconds / 60 if run.budget_seconds else None,
        "budget_cost": None if run.budget_cost is None else f"{run.budget_cost.normalize():f}",
        "budget_tokens": run.budget_tokens,
    }


def _fresh(request: HttpRequest, sight: Sight) -> RunForm:
    return RunForm(initial=_initial(request), sight=sight)


@require_http_methods(["GET", "HEAD", "POST"])
@add_runs
def run_estimate(request: HttpRequest) -> HttpResponse:
    """How large the run would be that the form describes, and what it would take. Posted, as the form can be long."""
    form = RunForm(request.POST or request.GET, sight=sight_of(request.user))
    return render(
        request, "trajectories/runs/_estimate.html", {**_estimate(form, visitor(request)), "is_fragment": True}
    )


def _estimate(form: RunForm, person: User) -> dict[str, Any]:
    """The plan and its likely cost, where the form is complete, and what daily limits leave for it."""
    if not form.is_bound:
        initial = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
        given = {name: value for name, value in initial.items() if value is not None}
        form = RunForm(given, sight=form.sight)
    if not form.is_valid():
        return {"plan": None, "faults": faults_of(form)}
    data, plan = form.cleaned_data, form.cleaned_data["plan"]
    cutter = data["segmentation"].sampler
    if data["estimate"] is not None:
        tokens, costs = data["estimate"].output_tokens, {data["sampler"].name: data["estimate"].cost}
        cuts = estimate_cuts(sampler=cutter, traces=plan.size, tokens=tokens) if cutter is not None else None
        return {
            "plan": plan,
            "estimate": data["estimate"],
            "sampler": data["sampler"],
            "cutter": cutter,
            "cuts": cuts,
            "limit_note": note_of_plan(costs=costs, person_id=person.pk),
        }
    history = get_history(data["sampler"])
    return {"plan": plan, "history": history, "seconds": history.seconds_for(len(plan.problems))}


def faults_of(form: Form) -> list[str]:
    """What is wrong with the form: one sentence each, with the field it is about."""
    return [
        f"{form.fields[name].label}: {error}" if name in form.fields else str(error)
        for name, errors in form.errors.items()
        for error in errors
    ]


@require_http_methods(["GET", "HEAD", "POST"])
@add_runs
@vary_on_headers("HX-Request")
def run_prompts(request: HttpRequest) -> HttpResponse:
    """The exact prompts that the run which the form describes would begin with."""
    form = RunForm(request.POST or request.GET, sight=sight_of(request.user))
    context: dict[str, Any] = {"fault": ""}
    if not form.is_valid():
        context["fault"] = faults_of(form)[0]
    elif not form.cleaned_data["sampler"].is_chat:
        context["fault"] = f"{form.cleaned_data['sampler']} is no language model: it is sent no prompts."
    else:
        data = form.cleaned_data
        seed = draw_seed() if data["seed"] is None else data["seed"]
        try:
            shown = first_prompts(plan=data["plan"], sampler=data["sampler"], seed=seed)
            context["shown"] = [(KIND_TITLES[ProblemKind(found.problem.kind)], found) for found in shown]
            context["with_memory"] = bool(data["plan"].memory)
            context["unseeded"] = data["seed"] is None
        except (PromptError, ProblemError, RequestError) as fault:
            context["fault"] = str(fault)
    name = "_prompts" if wants_fragment(request) else "prompts"
    return render(request, f"trajectories/runs/{name}.html", context, status=422 if context["fault"] else 200)
