"""Runs: planning them and moving them from state to state.

Whoever changes a run or its attempts takes the run's row first (`lock_run`), then attempts, traces and problems. That
one order keeps the counters exact and the transactions free of deadlocks.
"""

import itertools
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models.functions import Now

from trajectories.adapters.code_version import code_version
from trajectories.core.records import JSON
from trajectories.core.strategies import find_strategy
from trajectories.core.strategies.plans import RunPlan
from trajectories.models import Attempt, AuditEvent, Problem, ProblemSet, Run, RunProblem, Sampler
from trajectories.models.job_kinds import CANCEL, PAUSE, RESUME
from trajectories.selectors.clock import database_now
from trajectories.selectors.examples import example_pool
from trajectories.services.jobs.endings import tell_parent
from trajectories.services.jobs.ringers import ring
from trajectories.services.jobs.steering import Change, JobError, steer
from trajectories.services.locks import lock_run
from trajectories.services.runs.budgets import affordable, charge_unstored
from trajectories.services.runs.cutting import AS_IT_COMES, Cutting
from trajectories.services.runs.planned_attempts import further_attempts, planned_attempts
from trajectories.services.runs.plans import (
    MAX_ATTEMPTS,
    MAX_SAMPLES_EACH,
    Budget,
    Plan,
    PlanError,
    step_judge_of,
)

ATTEMPTS_PER_INSERT = 2_000
MAX_TITLE = 200
MAX_SEED = 2**63 - 1


class RunStateError(JobError):
    """The run is in no state for what was asked; the message is for people."""


@transaction.atomic
def plan_run(  # noqa: PLR0913 (the parts of a plan)
    *,
    actor: User | None,
    title: str,
    sampler: Sampler,
    plan: Plan,
    seed: int | None = None,
    problem_set: ProblemSet | None = None,
    budget: Budget | None = None,
    options: Mapping[str, Any] | None = None,
    cutting: Cutting = AS_IT_COMES,
) -> Run:
    """A queued run with the attempts of its first round, which is rung for. Raises PlanError.

    A plan is made once: the same plan and seed give the same attempts. What examples are drawn from is frozen with it.
    `options` are kept with the plan: `recalls` (answers paid for before may be used) and, for a language model,
    `prompt_tokens` (the longest prompt, services.runs.estimates). `cutting` says how its traces are cut into steps.
    """
    budget = budget or Budget()
    plan.check(sampler)
    budget.check(sampler, plan.step_judge)
    cutting.check()
    if not 1 <= len(title) <= MAX_TITLE:
        raise PlanError(f"The title has {len(title)} characters; expected 1 to {MAX_TITLE}.", field="title")
    if seed is not None and not 0 <= seed <= MAX_SEED:
        raise PlanError(f"The seed is {seed}; expected 0 to {MAX_SEED}, or none.", field="seed")
    run = Run.objects.create(
        title=title,
        sampler=sampler,
        problem_set=problem_set,
        strategy=plan.strategy,
        plan=replace(plan.keep(), example_pool=_frozen_examples(plan), **(options or {})).to_json(),
        seed=draw_seed() if seed is None else seed,
        code_version=code_version(),
        segmentation=cutting.segmentation,
        segmenter=cutting.sampler,
        state=Run.State.QUEUED,
        planned_count=plan.size,
        budget_seconds=budget.seconds,
        budget_cost=budget.cost,
        budget_tokens=budget.tokens,
        created_by=actor,
    )
    attempts = planned_attempts(run, plan)
    while batch := list(itertools.islice(attempts, ATTEMPTS_PER_INSERT)):
        Attempt.objects.bulk_create(batch)
    if plan.found[0].adapts:
        places = (RunProblem(run=run, problem=problem) for problem in plan.problems)
        RunProblem.objects.bulk_create(places, batch_size=ATTEMPTS_PER_INSERT)
    audit_run(actor, "planned", run, {"attempts": plan.size})
    ring("run", run.pk)
    return run


def draw_seed() -> int:
    """A seed for a run that names none."""
    return secrets.randbelow(MAX_SEED)


def _frozen_examples(plan: Plan) -> Sequence[int]:
    """The traces that the run's examples are drawn from, whatever is accepted later. Raises PlanError for none."""
    if not plan.diversity.examples:
        return ()
    keys = [problem.pk for problem in plan.problems]
    kinds = list(Problem.objects.filter(pk__in=keys).values_list("kind", flat=True).distinct())
    pool = example_pool(kinds)
    if not pool:
        raise PlanError(
            f"Found no accepted trace of a training problem ({', '.join(sorted(kinds))}) to draw "
            f"{plan.diversity.examples} examples from; expected at least one.",
            field="examples",
        )
    return pool


def audit_run(actor: User | None, verb: str, run: Run, data: dict[str, Any] | None = None) -> None:
    """Record who did what to the run."""
    AuditEvent.objects.create(actor=actor, verb=verb, object_type="run", object_id=run.pk, data=data or {})


def pause_run(*, actor: User | None, run: Run, reason: str = "") -> Run:
    """Stop handing out attempts. What is in flight is kept. Raises RunStateError unless queued or running."""
    return _steer(PAUSE, actor, run, reason=reason)


def resume_run(*, actor: User | None, run: Run) -> Run:
    """Queue a paused run again, and ring for it. Raises RunStateError unless paused.

    A time budget that is spent is lifted, as the run would pause again at once.
    """

    def lift(held: Run) -> dict[str, JSON]:
        lifted = is_budget_spent(held)
        held.budget_seconds = None if lifted else held.budget_seconds
        return {"budget_lifted": lifted}

    return _steer(RESUME, actor, run, change=lift)


def _steer(verb: str, actor: User | None, run: Run, *, reason: str = "", change: Change | None = None) -> Run:
    moved: Run = steer("run", verb, actor=actor, job_id=run.pk, reason=reason, change=change, refusal=RunStateError)
    return moved


def set_budget(*, actor: User | None, run: Run, budget: Budget) -> Run:
    """Change what a run may take, whatever it has spent; a paused one stays paused, one that has ended may be gone
    on with.

    Raises PlanError for a budget that cannot be kept, RunStateError for a run that is cancelled.
    """
    budget.check(run.sampler, step_judge_of(run.kept_plan))
    with transaction.atomic():
        held = lock_run(run.pk)
        if held.state == Run.State.CANCELLED:
            raise RunStateError(f"The run is {held.state}; its budget cannot be changed any more.")
        held.budget_seconds, held.budget_cost, held.budget_tokens = budget.seconds, budget.cost, budget.tokens
        held.save(update_fields=["budget_seconds", "budget_cost", "budget_tokens"])
        amounts = {"seconds": budget.seconds, "tokens": budget.tokens}
        audit_run(actor, "budgeted", held, {**amounts, "cost": None if budget.cost is None else str(budget.cost)})
    return held


def extend_run(*, actor: User | None, run: Run, samples_each: int) -> Run:
    """Queue a finished run again for as many samples each as `samples_each` says, and ring for it.

    Only the new ones are added, with the run's seed. The time since it finished is neither time taken nor time of
    its budget. Raises PlanError for a wrong number, RunStateError for a run that cannot be gone on with.
    """
    with transaction.atomic():
        held = lock_run(run.pk)
        plan = RunPlan.from_json(Run.objects.values_list("plan", flat=True).get(pk=run.pk))
        _check_extension(held, plan, samples_each)
        problems = Problem.objects.filter(pk__in=plan.problem_ids or ()).only("pk", "kind", "content_hash")
        attempts = further_attempts(held, plan, problems.order_by("pk"), samples_each - plan.samples_each)
        added = 0
        while batch := list(itertools.islice(attempts, ATTEMPTS_PER_INSERT)):
            added += len(Attempt.objects.bulk_create(batch))
        now = database_now()
        if held.started_at is not None and held.finished_at is not None:
            held.started_at += now - held.finished_at
        held.plan = plan.with_samples(samples_each).to_json()
        held.planned_count += added
        held.state, held.state_reason, held.finished_at, held.rung_at = Run.State.QUEUED, "", None, now
        held.save()  # with the plan, which lock_run leaves out
        audit_run(actor, "extended", held, {"attempts": added, "samples_each": samples_each})
        ring("run", held.pk)
    return held


def _check_extension(held: Run, plan: RunPlan, samples_each: int) -> None:
    """Raise RunStateError or PlanError, see extend_run; the run's row is locked."""
    if held.state != Run.State.FINISHED:
        raise RunStateError(f"The run is {held.state}; only of a finished one more can be drawn.")
    strategy = find_strategy(held.strategy)
    if strategy.adapts:
        raise RunStateError(
            f"The strategy {strategy.title!r} decides itself how many samples a problem gets; plan a new run instead."
        )
    before = plan.samples_each
    if not before < samples_each <= MAX_SAMPLES_EACH:
        raise PlanError(
            f"Samples each is {samples_each:,}; expected more than {before:,}, at most {MAX_SAMPLES_EACH:,}.",
            field="samples_each",
        )
    most = held.planned_count // before * samples_each
    if most > MAX_ATTEMPTS:
        text = f"The run would have {most:,} attempts; expected at most {MAX_ATTEMPTS:,}."
        raise PlanError(text, field="samples_each")
    held.plan = plan.to_json()
    room, shortage = affordable(held, 0) if held.sampler.is_chat else (None, "")
    if room == 0:
        raise RunStateError(f"{shortage} Raise the budget first.")
    if is_budget_spent(held):
        raise RunStateError(f"The time budget of {held.budget_seconds:,} s is spent. Raise it first.")


def cancel_run(*, actor: User | None, run: Run) -> Run:
    """End a run for good: every attempt without a result is cancelled, those in flight included.

    Raises RunStateError for a run that has ended.
    """

    def drop(held: Run) -> dict[str, JSON]:
        _drop_attempts(held)
        return {"attempts": held.cancelled_count}

    return _steer(CANCEL, actor, run, change=drop)


def fail_run(*, run_id: int, reason: str) -> None:
    """End a run that cannot go on, saying why; nothing happens where it has ended."""
    with transaction.atomic():
        held = lock_run(run_id)
        if held.state not in Run.ENDED_STATES:
            _end_run(held, Run.State.FAILED, reason)
            audit_run(None, "failed", held, {"reason": reason})


def _end_run(held: Run, state: Run.State, reason: str) -> None:
    """Cancel what has no result and end the run; its row is locked."""
    _drop_attempts(held)
    held.state, held.state_reason, held.finished_at = state, reason, database_now()
    held.save(update_fields=["cancelled_count", "state", "state_reason", "finished_at"])
    tell_parent(held)


def _drop_attempts(held: Run) -> None:
    """Cancel what has no result; the run's row is locked."""
    charge_unstored(held)
    open_states = (Attempt.State.PENDING, Attempt.State.LEASED)
    held.cancelled_count += Attempt.objects.filter(run=held, state__in=open_states).update(
        state=Attempt.State.CANCELLED, lease_token=None, lease_expires_at=None, finished_at=Now()
    )


def is_budget_spent(run: Run) -> bool:
    """Whether the wall time from the run's first claim to its end, pauses included, has used up its budget."""
    if run.budget_seconds is None or run.started_at is None:
        return False
    return (run.finished_at or database_now()) >= run.started_at + timedelta(seconds=run.budget_seconds)


def settle_run(*, run_id: int) -> bool:
    """End the run if every attempt has ended, every trace is verified and the strategy wants no more.

    Returns whether it ended now.

    A run without a single trace has failed, and says what its attempts said.
    """
    with transaction.atomic():
        held = lock_run(run_id)
        ended = held.done_count + held.failed_count + held.cancelled_count
        if held.state in Run.ENDED_STATES or ended < held.planned_count or held.verified_count < held.done_count:
            return False
        if RunProblem.objects.filter(run=held, closed=False).exists():
            return False
        held.state = Run.State.FINISHED if held.done_count else Run.State.FAILED
        held.state_reason = "" if held.done_count else _why_all_failed(held)
        held.finished_at = database_now()
        held.save(update_fields=["state", "state_reason", "finished_at"])
        audit_run(None, held.state, held)
        tell_parent(held)
    return True


def _why_all_failed(held: Run) -> str:
    first = Attempt.objects.filter(run=held, state=Attempt.State.FAILED).order_by("id").first()
    return f"Every attempt failed. The first one said: {first.error_message}" if first else "No attempt was made."
