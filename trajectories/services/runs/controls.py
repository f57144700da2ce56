"""The control of a run with a memory: the same plan and seed without it, with as many more samples as that saves."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q

from trajectories.core.strategies.memories import NO_MEMORY
from trajectories.models import Run
from trajectories.services.runs.cutting import Cutting
from trajectories.services.runs.estimates import Estimate, estimate_plan
from trajectories.services.runs.lifecycle import MAX_TITLE, plan_run
from trajectories.services.runs.plans import MAX_SAMPLES_EACH, Budget, PlanError, plan_of

RUNS_LOOKED_AT = 20
"""So many of a sampler's newest runs are looked at for one without memory."""


@transaction.atomic
def plan_without_memory(*, actor: User | None, run: Run) -> Run:
    """A queued run of the same plan, seed and budgets without memory. Prompts without examples are shorter, so that it
    draws more samples of each problem: about as many as take the same money, or where no price is known the same
    tokens. What a sample without memory takes is estimated, and the estimate set right by what samples have taken.

    Raises PlanError for a run without a memory, or whose problems or instructions are gone.
    """
    plan = plan_of(run)
    if not plan.memory:
        raise PlanError("This run has no memory; expected one that has.")
    bare = replace(plan, memory=NO_MEMORY)
    try:
        estimate = estimate_plan(plan=plan, sampler=run.sampler)
        each = _each(estimate_plan(plan=bare, sampler=run.sampler)) * _underestimated(run, estimate)
        share = _spent(run, estimate) / each
    except ValueError as fault:
        raise PlanError(str(fault), field="sampler") from fault
    samples = max(plan.samples_each, min(MAX_SAMPLES_EACH, round(plan.samples_each * share)))
    bare = replace(bare, samples_each=samples)
    options: dict[str, Any] = {
        "recalls": run.kept_plan.recalls,
        "prompt_tokens": estimate_plan(plan=bare, sampler=run.sampler).prompt_tokens,
    }
    ending = ", without memory"
    control = plan_run(
        actor=actor,
        title=f"{run.title[: MAX_TITLE - len(ending)]}{ending}",
        sampler=run.sampler,
        plan=bare,
        seed=run.seed,
        problem_set=run.problem_set,
        budget=Budget(run.budget_seconds, run.budget_cost, run.budget_tokens),
        options=options,
        cutting=Cutting(run.segmentation, run.segmenter),
    )
    control.control_of = run
    control.save(update_fields=["control_of"])
    return control


def _underestimated(run: Run, estimate: Estimate) -> float:
    """By what factor samples of this sampler take more than is estimated: an estimate knows neither its vocabulary nor
    what its chat template adds. By the newest run without memory of which a sample was paid for, since a short prompt
    is what is asked about; where there is none, by the run itself."""
    paid = Run.objects.filter(sampler__name=run.sampler.name, done_count__gt=0).exclude(pk=run.pk)
    for earlier in paid.filter(Q(cost__gt=0) | Q(input_tokens__gt=0)).order_by("-pk")[:RUNS_LOOKED_AT]:
        if earlier.kept_plan.memory:
            continue
        try:
            of = estimate_plan(plan=plan_of(earlier), sampler=earlier.sampler)
        except ValueError:  # its problems or instructions are gone
            continue
        if bool(of.cost) == bool(estimate.cost):
            return _spent(earlier, of) / _each(of)
    return _spent(run, estimate) / _each(estimate)


def _each(estimate: Estimate) -> float:
    """What one sample is estimated to take: money where there are prices, else tokens."""
    if estimate.cost:
        return float(estimate.cost) / estimate.calls
    return (estimate.input_tokens + estimate.output_tokens) / estimate.calls


def _spent(run: Run, estimate: Estimate) -> float:
    """What one sample of a run has taken, in the unit of its estimate; the estimate itself where nothing is known: it
    has drawn none, or all were paid for before."""
    spent = run.cost if estimate.cost else Decimal(run.input_tokens + run.output_tokens)
    return float(spent) / run.done_count if run.done_count and spent else _each(estimate)
