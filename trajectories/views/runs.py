"""Runs: the list, watching one, its budget, and drawing more."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from trajectories.charts import RUN_CHARTS
from trajectories.core.strategies import STRATEGIES
from trajectories.core.strategies.plans import RunPlan
from trajectories.forms.runs import BUDGET_NAMES, VARIATIONS, BudgetForm, ExtendForm
from trajectories.models import JOB_KINDS, Run, Scorer
from trajectories.models.job_kinds import RETRY
from trajectories.selectors.arc_scores import has_arc
from trajectories.selectors.blinding import sight_of
from trajectories.selectors.insights.scopes import InsightScope
from trajectories.selectors.listing import count_rows
from trajectories.selectors.provider_batches import open_batches
from trajectories.selectors.repeats import find_repeats
from trajectories.selectors.runs import (
    RUNS,
    STATE_FILTERS,
    adapts,
    get_progress,
    get_remembered,
    list_instructions,
    list_run_problems,
    list_runs,
    runs_in,
)
from trajectories.selectors.samplers import held_gate
from trajectories.selectors.search_trees import refused_trees
from trajectories.selectors.spending import waits_for_limit
from trajectories.selectors.watches import under_way
from trajectories.selectors.workers import get_workforce
from trajectories.services.runs.controls import plan_without_memory
from trajectories.services.runs.lifecycle import (
    RunStateError,
    extend_run,
    is_budget_spent,
    set_budget,
)
from trajectories.services.runs.plans import PlanError, step_judge_of
from trajectories.services.runs.step_scores import grows_text
from trajectories.views.addresses import read_text
from trajectories.views.fragments import wants_fragment
from trajectories.views.listing import Look, columns_of, show_list
from trajectories.views.paging import read_key
from trajectories.views.permissions import needs
from trajectories.views.plans import budget_values
from trajectories.views.shown.campaigns import part_of
from trajectories.views.shown.figures import slots
from trajectories.views.submissions import once
from trajectories.views.visitors import visitor

OUTCOME_WORDS = {
    "pass": ("pass", "right"),
    "fail": ("fail", "wrong"),
    "unscored": ("unscored", "unscored"),
    "length": ("unscored", "cut off"),
    "refusal": ("unscored", "refused"),
    "filter": ("unscored", "filtered"),
    "empty": ("unscored", "empty"),
    "step": ("unscored", "steps of texts"),
    "error": ("error", "error while verifying"),
    "": ("waiting", "waiting for verdicts"),
}
"""(CSS class, word) by the correctness of traces or, of those that were not finished, by the reason they ended."""


@require_safe
@needs("trajectories.view_run")
@vary_on_headers("HX-Request")
def run_list(request: HttpRequest) -> HttpResponse:
    """All runs in a state, in the order that is asked for."""
    state = request.GET.get("state", "")
    sort, columns = read_text(request, "sort"), columns_of(request, RUNS)
    page = list_runs(state=state, sort=sort, before=read_key(request, "before"), after=read_key(request, "after"))
    titles = ("Further", "Back") if sort else ("Older", "Newer")
    count = count_rows(runs_in(state), may_estimate=False)
    context = {
        "list": show_list(request, "runs", RUNS, page, look=Look(columns, titles=titles), count=count),
        "state": state,
        "states": [("", "All"), *((word, title) for word, (title, _) in STATE_FILTERS.items())],
        "page": page,
        "has_active": any(run.state in Run.ACTIVE_STATES for run in page.rows),
    }
    template = "_table" if wants_fragment(request) else "list"
    return render(request, f"trajectories/runs/{template}.html", context)


@require_safe
@needs("trajectories.view_run")
@vary_on_headers("HX-Request")
def run_detail(request: HttpRequest, run_id: int) -> HttpResponse:
    """One run. A fragment is its live part (`part=live`) or the table of its problems (`part=problems`)."""
    return _show(request, _run(run_id))


def _run(run_id: int) -> Run:
    related = ("sampler", "problem_set", "created_by", "segmenter", "control_of")
    return get_object_or_404(Run.objects.select_related(*related), pk=run_id)


def _show(request: HttpRequest, run: Run, **refused: Form) -> HttpResponse:
    """The page of a run or a part of it; with small forms that were refused, by their name there (status 422)."""
    part = request.GET.get("part", "") if wants_fragment(request) and not refused else ""
    after, address = read_key(request, "after"), reverse("run_detail", args=[run.pk])
    waits = waits_for_limit("run", run)
    context: dict[str, Any] = {
        "run": run,
        "part": part,
        "waits": waits,
        "is_live": waits or run.state in Run.ACTIVE_STATES or run.verified_count < run.done_count,
        "budget_spent": is_budget_spent(run),
        "adapts": adapts(run),
        "page_address": address,
        "problems_address": f"{address}?part=problems{f'&after={after}' if after else ''}",
    }
    if part == "problems":
        return render(request, "trajectories/runs/_problems.html", {**context, **_problems(request, run, after)})
    progress = get_progress(run, sight_of(request.user))
    context |= {
        "progress": progress,
        "bar": outcome_bar(progress.outcomes),
        "tokens": run.input_tokens + run.output_tokens,
        "gate": held_gate(run.sampler) if run.sampler.is_chat and run.state in Run.ACTIVE_STATES else None,
        "awaiting": run.done_count - run.verified_count,
        "batches": open_batches(run) if run.sampler.sends_batches else [],
        "workforce": get_workforce() if context["is_live"] else None,
        "under_way": under_way(run),
        "again": _redrawable(run, progress.broken),
        "state_changed": request.GET.get("state") != run.state,
    }
    if part == "live":
        return render(request, "trajectories/runs/_live.html", context)
    context |= {
        **_problems(request, run, after),
        "part_of": part_of(request, "run", run.pk),
        "instructions": list_instructions(run),
        **_plan(run),
    }
    context["figures"] = slots(RUN_CHARTS, InsightScope(runs=(run.pk,)))
    context |= {"has_arc": has_arc(run), "repeats": find_repeats(run) if run.sampler.is_chat else None}
    may_steer = request.user.has_perm("trajectories.control_run")
    if may_steer and run.state != Run.State.CANCELLED:
        context["budget_form"] = BudgetForm(initial=budget_values(run))
    return render(request, "trajectories/runs/detail.html", {**context, **refused}, status=422 if refused else 200)


def _redrawable(run: Run, broken: int) -> int:
    """How many samples of a run that has ended can be drawn again, of which so many failed."""
    has_ended = run.state in JOB_KINDS["run"].moves[RETRY].sources
    return broken + run.cancelled_count if has_ended and not run.why_not_again(broken) else 0


def _problems(request: HttpRequest, run: Run, after: int | None) -> dict[str, Any]:
    """One page of the problems of a run, and those whose search tree is refused."""
    sight = sight_of(request.user)
    page = list_run_problems(run, sight, after=after)
    return {"page": page, "refused_trees": refused_trees(run, [row.problem.pk for row in page.rows], sight)}


def _plan(run: Run) -> dict[str, Any]:
    """The strategy in words, what makes samples differ, and the form that draws more of a finished run."""
    strategy = STRATEGIES.get(run.strategy)
    plan = run.kept_plan
    context: dict[str, Any] = {
        "strategy": strategy,
        "plan": plan,
        "settings": [
            (each.title, each.word(plan.settings.get(each.name, each.default))) for each in strategy.parameters
        ]
        if strategy and plan.settings
        else [],
        "steps_scored_by": _step_scorer(run, plan),
        "variations": [title for name, title in VARIATIONS if getattr(plan.diversity, name)],
    }
    if plan.memory:
        context["remembered"] = get_remembered(run, plan.memory.count)
    controls = [(run.pk, key) for key in run.controls.order_by("pk").values_list("pk", flat=True)]
    context["compared"] = controls + ([(run.control_of_id, run.pk)] if run.control_of_id else [])
    if strategy and not strategy.adapts and run.state == Run.State.FINISHED:
        context["extend_form"] = ExtendForm(initial={"samples_each": 2 * plan.samples_each})
    return context


def _step_scorer(run: Run, plan: RunPlan) -> str:
    """By what the steps of texts that grow are scored; "" for a run without such steps."""
    if not grows_text(run):
        return ""
    if plan.step_judge is not None:
        try:
            return f"the model judge {step_judge_of(plan)}"
        except PlanError:
            return "a model judge that is gone"
    key = plan.step_scorer
    scorer = Scorer.objects.filter(pk=key).first() if key is not None else None
    if scorer is None:
        return "how sure the model is of its words" if key is None else "a scorer that is gone"
    return str(scorer)


def outcome_bar(outcomes: Sequence[tuple[str, int]]) -> list[dict[str, Any]]:
    """The parts of the bar of outcomes in percent of its width, each with its word and count."""
    total, start, parts = sum(count for _, count in outcomes), 0.0, []
    for outcome, count in outcomes:
        kind, word = OUTCOME_WORDS[outcome]
        width = 100 * count / total
        parts.append({"kind": kind, "word": word, "count": count, "start": f"{start:.3f}", "width": f"{width:.3f}"})
        start += width
    return parts


@require_POST
@needs("trajectories.control_run")
def run_budget(request: HttpRequest, run_id: int) -> HttpResponse:
    """Change the budget; a run that was paused for want of it stays paused until resumed."""
    run = _run(run_id)
    form = BudgetForm(request.POST)
    if not form.is_valid():
        return _show(request, run, budget_form=form)
    try:
        set_budget(actor=visitor(request), run=run, budget=form.cleaned_data["budget"])
        messages.success(request, "The budget is changed.")
    except PlanError as fault:
        form.add_fault(fault, names=BUDGET_NAMES)
        return _show(request, run, budget_form=form)
    except RunStateError as refusal:
        messages.error(request, str(refusal))
    return redirect("run_detail", run.pk)


@require_POST
@needs("trajectories.add_run")
@once
def run_extend(request: HttpRequest, run_id: int) -> HttpResponse:
    """Draw more samples of each problem of a finished run."""
    run = _run(run_id)
    form = ExtendForm(request.POST)
    if not form.is_valid():
        return _show(request, run, extend_form=form)
    try:
        extended = extend_run(actor=visitor(request), run=run, samples_each=form.cleaned_data["samples_each"])
        messages.success(request, f"{extended.planned_count - run.planned_count:,} more samples are planned.")
    except PlanError as fault:
        form.add_fault(fault)
        return _show(request, run, extend_form=form)
    except RunStateError as refusal:
        messages.error(request, str(refusal))
    return redirect("run_detail", run.pk)


@require_POST
@needs("trajectories.add_run")
@once
def run_without_memory(request: HttpRequest, run_id: int) -> HttpResponse:
    """Plan the control of a run with a memory, to measure what memory brings."""
    run = _run(run_id)
    try:
        control = plan_without_memory(actor=visitor(request), run=run)
    except PlanError as refusal:
        messages.error(request, str(refusal))
        return redirect("run_detail", run.pk)
    messages.success(request, f"Planned with {control.kept_plan.samples_each:,} samples each, for about the same cost.")
    return redirect("run_detail", control.pk)
