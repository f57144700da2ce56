"""Jobs that generate problems: planning one, following it, steering it."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from trajectories.core.generation import GENERATORS
from trajectories.core.generation.base import GenerationError
from trajectories.forms.generation import BudgetForm, GenerationForm
from trajectories.models import GenerationJob
from trajectories.selectors.candidates import count_waiting
from trajectories.selectors.generation import (
    JOBS_SHOWN,
    get_generation_job,
    get_generation_progress,
    list_generation_calls,
    list_generation_jobs,
)
from trajectories.selectors.problems import list_problem_sets
from trajectories.services.generation.estimates import estimate_generation
from trajectories.services.generation.jobs import (
    GenerationStateError,
    plan_generation,
    resume_generation,
)
from trajectories.services.generation.previews import preview_generation
from trajectories.services.problems.procedural import procedural_installed, stored_families
from trajectories.services.spending.holding import note_of_plan
from trajectories.views.fragments import wants_fragment
from trajectories.views.paging import read_key
from trajectories.views.permissions import needs
from trajectories.views.submissions import once
from trajectories.views.visitors import visitor

view_jobs = needs("trajectories.view_generationjob")
add_jobs = needs("trajectories.add_generationjob")
control_jobs = needs("trajectories.control_generationjob")


@require_safe
@view_jobs
def generation_list(request: HttpRequest) -> HttpResponse:
    """The newest jobs, what waits for review, and the generators there are."""
    jobs = list_generation_jobs(read_key(request, "before"))
    context = {
        "jobs": jobs[:JOBS_SHOWN],
        "older": jobs[JOBS_SHOWN - 1].pk if len(jobs) > JOBS_SHOWN else None,
        "waiting": count_waiting(),
        "generators": GENERATORS,
    }
    return render(request, "trajectories/generation/list.html", context)


def _generator(request: HttpRequest) -> str:
    name = request.GET.get("generator", "")
    return name if name in GENERATORS else next(iter(GENERATORS))


@require_http_methods(["GET", "HEAD", "POST"])
@add_jobs
@once
def generation_new(request: HttpRequest) -> HttpResponse:
    """Plan a job; the generator is in the address, the form has what it needs."""
    generator = _generator(request)
    form = GenerationForm(generator, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            job = plan_generation(actor=visitor(request), plan=form.plan)
        except GenerationError as fault:
            form.add_fault(fault)
        else:
            return redirect("generation_detail", job.pk)
    context: dict[str, Any] = {
        "form": form,
        "generator": GENERATORS[generator],
        "generators": GENERATORS,
        "sets": list_problem_sets(),
        "families": _family_names(),
        "no_model": form.lacks("sampler"),
        "no_source": form.lacks("source_set"),
    }
    return render(request, "trajectories/generation/new.html", context, status=422 if form.is_bound else 200)


@require_POST
@add_jobs
def generation_preview(request: HttpRequest) -> HttpResponse:
    """The first order of a plan that is still being written: exact messages, or the first problems made."""
    form = GenerationForm(_generator(request), request.POST)
    # What only matters once the job runs may still be missing.
    form.fields["set_title"].required = False
    context: dict[str, Any] = {}
    if form.is_valid():
        try:
            plan = form.plan
            preview = preview_generation(recipe=plan.recipe, seed=plan.seed, source_set=plan.source_set)
            estimate = estimate_generation(plan=plan, preview=preview)
            note = note_of_plan(costs=estimate.costs, person_id=visitor(request).pk, noun="job")
            context |= {"preview": preview, "estimate": estimate, "limit_note": note}
        except GenerationError as fault:
            context["fault"] = str(fault)
    else:
        name, errors = next(iter(form.errors.items()))
        context["fault"] = f"{form[name].label}: {errors[0]}" if name in form.fields else errors[0]
    status = 422 if context.get("fault") else 200
    return render(request, "trajectories/generation/_preview.html", context, status=status)


def _job(job_id: int) -> GenerationJob:
    job = get_generation_job(job_id)
    if job is None:
        raise Http404(f"There is no generation job {job_id}.")
    return job


@require_safe
@view_jobs
@vary_on_headers("HX-Request")
def generation_detail(request: HttpRequest, job_id: int) -> HttpResponse:
    """How far a job is, what it has spent, and what became of its candidates."""
    return _show(request, _job(job_id))


def _show(request: HttpRequest, job: GenerationJob, refused: BudgetForm | None = None) -> HttpResponse:
    """The page of a job or its live part; with a budget that was refused, as it was typed (status 422)."""
    budget = {"budget_cost": job.budget_cost, "budget_tokens": job.budget_tokens}
    context = {
        "job": job,
        "generator": GENERATORS.get(job.generator),
        "progress": get_generation_progress(job),
        "calls": list_generation_calls(job),
        "budget_form": refused or BudgetForm(initial=budget),
    }
    template = "_live" if wants_fragment(request) and refused is None else "detail"
    return render(request, f"trajectories/generation/{template}.html", context, status=422 if refused else 200)


@require_POST
@control_jobs
def generation_resume(request: HttpRequest, job_id: int) -> HttpResponse:
    """Let a paused job go on, with the budget in the form."""
    job = _job(job_id)
    form = BudgetForm(request.POST)
    if not form.is_valid():
        return _show(request, job, form)
    try:
        resume_generation(actor=visitor(request), job_id=job.pk, budget=form.budget)
    except (GenerationStateError, GenerationError) as error:
        messages.error(request, str(error))
    return redirect("generation_detail", job.pk)


def _family_names() -> list[str]:
    """The procedural families to choose from, as far as they have been described here."""
    described = (stored_families() or []) if procedural_installed() else []
    return [family.name for family in described if not family.unavailable]
