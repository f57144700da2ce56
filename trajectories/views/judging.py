"""Model judges: asking for a selection to be judged, one job's progress and results, and steering it."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from trajectories.core.selections import Selection
from trajectories.core.strategies import STRATEGIES
from trajectories.forms.judging import JudgeJobBudgetForm, JudgeJobForm
from trajectories.models import JudgeJob, Sampler
from trajectories.selectors.blinding import EVERYTHING, sight_of
from trajectories.selectors.judging import SHOWN_FILTERS, calls_per_minute, list_items, list_judge_jobs, report_on
from trajectories.selectors.samplers import held_gate
from trajectories.selectors.trace_filters import gives_away
from trajectories.selectors.traces import count_traces, traces_in
from trajectories.services.judging.jobs import (
    JudgeJobError,
    estimate_judge_job,
    plan_judge_job,
    set_judge_job_budget,
)
from trajectories.services.spending.holding import note_of_plan
from trajectories.views.fragments import wants_fragment
from trajectories.views.paging import read_key
from trajectories.views.permissions import needs, require_sight
from trajectories.views.scopes import of_selection
from trajectories.views.submissions import once
from trajectories.views.visitors import visitor

view_jobs = needs("trajectories.view_judgejob")
ask_for_jobs = needs("trajectories.add_judgejob")
steer_jobs = needs("trajectories.control_judgejob")


@require_safe
@view_jobs
def judge_job_list(request: HttpRequest) -> HttpResponse:
    """The newest jobs."""
    return render(request, "trajectories/judging/list.html", {"jobs": list_judge_jobs()})


@require_http_methods(["GET", "HEAD", "POST"])
@ask_for_jobs
@once
@of_selection
def judge_job_new(request: HttpRequest, scope: Selection) -> HttpResponse:
    """Ask for the traces of a scope (in the address, as on the trace list) to be judged by a model."""
    require_sight(request.user, scope)
    form = JudgeJobForm(request.POST) if request.method == "POST" else JudgeJobForm()
    if form.is_bound and form.is_valid():
        try:
            job = plan_judge_job(actor=visitor(request), plan=form.plan(scope), budget=form.budget())
        except JudgeJobError as error:
            form.add_fault(error)
        else:
            return redirect("judge_job_detail", job.pk)
    context = {
        "form": form,
        "scope": scope,
        "total": count_traces(scope, sight_of(request.user)),
        "has_judges": Sampler.objects.filter(kind=Sampler.Kind.CHAT).exists() or _has_programs(scope),
        **_estimate(_filled(form), scope, visitor(request)),
    }
    return render(request, "trajectories/judging/new.html", context, status=422 if form.is_bound else 200)


def _has_programs(scope: Selection) -> bool:
    """Whether traces of a strategy that grows steps are there, which the symbolic search can go on from."""
    growing = [strategy.name for strategy in STRATEGIES.values() if strategy.steps]
    return traces_in(scope, EVERYTHING).filter(run__strategy__in=growing).exists()


def _filled(form: JudgeJobForm) -> JudgeJobForm:
    """The form as it is shown first, as if it had been sent."""
    if form.is_bound:
        return form
    values = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
    for name in ("sampler", "rubric"):
        first = form.fields[name].queryset.first()  # type: ignore[attr-defined]
        values[name] = None if first is None else first.pk
    return JudgeJobForm({form.add_prefix(name): value for name, value in values.items() if value is not None})


@require_safe
@ask_for_jobs
@of_selection
def judge_job_estimate(request: HttpRequest, scope: Selection) -> HttpResponse:
    """What the job would take that the form describes."""
    require_sight(request.user, scope)
    context = _estimate(JudgeJobForm(request.GET), scope, visitor(request))
    return render(request, "trajectories/judging/_estimate.html", context)


def _estimate(form: JudgeJobForm, scope: Selection, person: User) -> dict[str, Any]:
    if not form.is_valid():
        return {"estimate": None, "faults": [error for errors in form.errors.values() for error in errors]}
    try:
        estimate, judge = estimate_judge_job(plan=form.plan(scope)), form.cleaned_data["sampler"]
    except JudgeJobError as fault:
        return {"estimate": None, "faults": [str(fault)]}
    limit_note = note_of_plan(costs={judge.name: estimate.cost}, person_id=person.pk, noun="job")
    return {"estimate": estimate, "judge": judge, "limit_note": limit_note}


@require_safe
@view_jobs
@vary_on_headers("HX-Request")
def judge_job_detail(request: HttpRequest, job_id: int) -> HttpResponse:
    """How far a job is, what it found, and how far it agrees with what else is known."""
    return _show(request, _job(job_id))


def _job(job_id: int) -> JudgeJob:
    return get_object_or_404(JudgeJob.objects.select_related("created_by", "sampler", "rubric"), pk=job_id)


def _show(request: HttpRequest, job: JudgeJob, refused: JudgeJobBudgetForm | None = None) -> HttpResponse:
    """The page of a job or its live part; with a budget that was refused, as it was typed (status 422)."""
    shown, is_fragment = request.GET.get("shown", ""), wants_fragment(request) and refused is None
    is_active, sight = job.state in JudgeJob.ACTIVE_STATES, sight_of(request.user)
    context: dict[str, Any] = {
        "job": job,
        "page_address": reverse("judge_job_detail", args=[job.pk]),
        "is_active": is_active,
        "is_fragment": is_fragment,
        "state_changed": request.GET.get("state") != job.state,
        "gate": held_gate(job.sampler) if is_active else None,
        "report": report_on(job, sight),
        "rate": calls_per_minute(job),
        "tokens": job.input_tokens + job.output_tokens,
        "shown": shown,
        "own": sight.is_blind,
        "shows_selection": not gives_away(job.rule, sight),
        "filters": [("", "All"), *((word, title) for word, (title, _) in SHOWN_FILTERS.items())],
        "page": list_items(job, sight, shown=shown, before=read_key(request, "before")),
    }
    if job.state not in JudgeJob.ENDED_STATES and request.user.has_perm("trajectories.control_judgejob"):
        budget = {"budget_cost": job.budget_cost, "budget_tokens": job.budget_tokens}
        context["budget_form"] = refused or JudgeJobBudgetForm(initial=budget)
    template = "_live" if is_fragment else "detail"
    return render(request, f"trajectories/judging/{template}.html", context, status=422 if refused else 200)


@require_POST
@steer_jobs
def judge_job_budget(request: HttpRequest, job_id: int) -> HttpResponse:
    """Change the budget; a job that was paused for want of it stays paused until resumed."""
    job = _job(job_id)
    form = JudgeJobBudgetForm(request.POST)
    if not form.is_valid():
        return _show(request, job, form)
    try:
        set_judge_job_budget(actor=visitor(request), job=job, budget=form.budget())
        messages.success(request, "The budget is changed.")
    except JudgeJobError as refusal:
        if refusal.field:
            form.add_fault(refusal)
            return _show(request, job, form)
        messages.error(request, str(refusal))
    return redirect("judge_job_detail", job_id)
