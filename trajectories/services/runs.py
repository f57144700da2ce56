"""Runs: planning them and moving them from state to state.

Whoever changes a run or its attempts takes the run's row first (`lock_run`), then attempts, traces and problems. That
one order keeps the counters exact and the transactions free of deadlocks.
"""

import itertools
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from trajectories.adapters.code_version import code_version
from trajectories.core.identity import derive_seed
from trajectories.models import Attempt, AuditEvent, Instruction, Problem, ProblemSet, Run, Sampler

ATTEMPTS_PER_INSERT = 2_000
MAX_SAMPLES_EACH = 10_000
MAX_ATTEMPTS = 1_000_000
MAX_TEMPERATURE = 2.0
MAX_TITLE = 200
MAX_SEED = 2**63 - 1
MAX_COST = 10_000_000


class PlanError(ValueError):
    """A plan that cannot be made; the message is for people."""


class RunStateError(ValueError):
    """The run is in no state for what was asked; the message is for people."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What the attempts of a run are made from."""

    problems: Sequence[Problem]
    instructions: Sequence[Instruction]
    temperatures: Sequence[float]
    samples_each: int

    @property
    def per_problem(self) -> int:
        """Attempts for each problem."""
        return len(self.instructions) * len(self.temperatures) * self.samples_each

    @property
    def size(self) -> int:
        """Attempts in all."""
        return len(self.problems) * self.per_problem

    def check(self) -> None:
        """Raise PlanError for a plan that is empty, repeats itself or is too large."""
        _check_once_each("problem", [problem.pk for problem in self.problems])
        _check_once_each("instruction", [instruction.pk for instruction in self.instructions])
        _check_once_each("temperature", self.temperatures)
        for temperature in self.temperatures:
            if not 0 <= temperature <= MAX_TEMPERATURE:
                raise PlanError(f"Temperature is {temperature:g}; expected 0 to {MAX_TEMPERATURE:g}.")
        if not 1 <= self.samples_each <= MAX_SAMPLES_EACH:
            raise PlanError(f"Samples each is {self.samples_each:,}; expected 1 to {MAX_SAMPLES_EACH:,}.")
        if self.size > MAX_ATTEMPTS:
            raise PlanError(f"The plan has {self.size:,} attempts; expected at most {MAX_ATTEMPTS:,}.")

    def as_json(self) -> dict[str, Any]:
        """The form kept with the run."""
        return {
            "problem_ids": [problem.pk for problem in self.problems],
            "instruction_ids": [instruction.pk for instruction in self.instructions],
            "temperatures": list(self.temperatures),
            "samples_each": self.samples_each,
        }


@dataclass(frozen=True, slots=True)
class Budget:
    """What a run may take: wall time in seconds, money, tokens (input and output); None where there is no limit."""

    seconds: int | None = None
    cost: Decimal | None = None
    tokens: int | None = None

    def check(self, sampler: Sampler) -> None:
        """Raise PlanError for a budget that allows nothing, or counts money that nobody can count."""
        for word, amount in (("time", self.seconds), ("token", self.tokens)):
            if amount is not None and amount < 1:
                raise PlanError(f"The {word} budget is {amount}; expected at least 1, or none.")
        if self.cost is None:
            return
        if not 0 < self.cost < MAX_COST:
            raise PlanError(f"The money budget is {self.cost}; expected more than 0 and less than {MAX_COST:,}.")
        if sampler.is_chat and any(sampler.parameters.get(name) is None for name in ("input_price", "output_price")):
            raise PlanError(f"The money budget cannot be kept: {sampler} has no prices.")


def _check_once_each(what: str, given: Sequence[float]) -> None:
    if not given:
        raise PlanError(f"The run has no {what}; expected at least one.")
    if len(set(given)) < len(given):
        raise PlanError(f"A {what} is named twice; expected each once.")


@transaction.atomic
def plan_run(  # noqa: PLR0913 (the parts of a plan)
    *,
    actor: User | None,
    title: str,
    sampler: Sampler,
    problems: Sequence[Problem],
    instructions: Sequence[Instruction],
    temperatures: Sequence[float],
    samples_each: int,
    seed: int | None = None,
    problem_set: ProblemSet | None = None,
    budget: Budget | None = None,
    options: Mapping[str, Any] | None = None,
) -> Run:
    """A queued run with all its attempts; the caller rings the bell. Raises PlanError.

    A plan is made once: the same problems, instructions, temperatures, samples and seed give the same attempts.
    `options` are kept with the plan: `recalls` (answers paid for before may be used) and, for a language model,
    `prompt_tokens` (the longest prompt, services.estimates).
    """
    plan, budget = Plan(problems, instructions, temperatures, samples_each), budget or Budget()
    plan.check()
    budget.check(sampler)
    if not 1 <= len(title) <= MAX_TITLE:
        raise PlanError(f"The title has {len(title)} characters; expected 1 to {MAX_TITLE}.")
    if seed is not None and not 0 <= seed <= MAX_SEED:
        raise PlanError(f"The seed is {seed}; expected 0 to {MAX_SEED}, or none.")
    run = Run.objects.create(
        title=title,
        sampler=sampler,
        problem_set=problem_set,
        plan={**plan.as_json(), **(options or {})},
        seed=secrets.randbelow(MAX_SEED) if seed is None else seed,
        code_version=code_version(),
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
    audit_run(actor, "planned", run, {"attempts": plan.size})
    return run


def planned_attempts(run: Run, plan: Plan) -> Iterator[Attempt]:
    """The attempts of a plan, problem by problem, so that a batch holds all of one problem."""
    for problem in plan.problems:
        kinds = itertools.product(range(plan.samples_each), plan.temperatures, plan.instructions)
        for index, (ordinal, temperature, instruction) in enumerate(kinds):
            yield Attempt(
                run=run,
                problem=problem,
                instruction=instruction,
                index=index,
                ordinal=ordinal,
                temperature=temperature,
                seed=derive_seed(run.seed, problem.content_hash, index),
            )


def audit_run(actor: User | None, verb: str, run: Run, data: dict[str, Any] | None = None) -> None:
    """Record who did what to the run."""
    AuditEvent.objects.create(actor=actor, verb=verb, object_type="run", object_id=run.pk, data=data or {})


def lock_run(run_id: int) -> Run:
    """The run, its row locked until the transaction ends; new rows may still refer to it. Raises Run.DoesNotExist."""
    # The plan can be long, and hardly anybody who holds the row reads it.
    return Run.objects.select_for_update(no_key=True).defer("plan").get(pk=run_id)


def pause_run(*, actor: User | None, run: Run, reason: str = "") -> Run:
    """Stop handing out attempts. What is in flight is kept. Raises RunStateError unless queued or running."""
    with transaction.atomic():
        held = lock_run(run.pk)
        if held.state not in Run.ACTIVE_STATES:
            raise RunStateError(f"The run is {held.state}; only a queued or running one can be paused.")
        held.state, held.state_reason = Run.State.PAUSED, reason
        held.save(update_fields=["state", "state_reason"])
        audit_run(actor, "paused", held, {"reason": reason})
    return held


def resume_run(*, actor: User | None, run: Run) -> Run:
    """Queue a paused run again; the caller rings the bell. Raises RunStateError unless paused.

    A time budget that is spent is lifted, as the run would pause again at once.
    """
    with transaction.atomic():
        held = lock_run(run.pk)
        if held.state != Run.State.PAUSED:
            raise RunStateError(f"The run is {held.state}; only a paused one can be resumed.")
        lifted = is_budget_spent(held)
        held.state, held.state_reason, held.rung_at = Run.State.QUEUED, "", timezone.now()
        held.budget_seconds = None if lifted else held.budget_seconds
        held.save(update_fields=["state", "state_reason", "rung_at", "budget_seconds"])
        audit_run(actor, "resumed", held, {"budget_lifted": lifted})
    return held


def set_budget(*, actor: User | None, run: Run, budget: Budget) -> Run:
    """Change what a run may take, whatever it has spent; a paused one stays paused. Raises PlanError for a budget that
    cannot be kept, RunStateError for a run that has ended."""
    budget.check(run.sampler)
    with transaction.atomic():
        held = lock_run(run.pk)
        if held.state in Run.ENDED_STATES:
            raise RunStateError(f"The run is {held.state}; its budget cannot be changed any more.")
        held.budget_seconds, held.budget_cost, held.budget_tokens = budget.seconds, budget.cost, budget.tokens
        held.save(update_fields=["budget_seconds", "budget_cost", "budget_tokens"])
        amounts = {"seconds": budget.seconds, "tokens": budget.tokens}
        audit_run(actor, "budgeted", held, {**amounts, "cost": None if budget.cost is None else str(budget.cost)})
    return held


def cancel_run(*, actor: User | None, run: Run) -> Run:
    """End a run for good: every attempt without a result is cancelled, those in flight included.

    Raises RunStateError for a run that has ended.
    """
    with transaction.atomic():
        held = lock_run(run.pk)
        if held.state in Run.ENDED_STATES:
            raise RunStateError(f"The run is {held.state}; it cannot be cancelled any more.")
        _end_run(held, Run.State.CANCELLED, "")
        audit_run(actor, "cancelled", held, {"attempts": held.cancelled_count})
    return held


def fail_run(*, run_id: int, reason: str) -> None:
    """End a run that cannot go on, saying why; nothing happens where it has ended."""
    with transaction.atomic():
        held = lock_run(run_id)
        if held.state not in Run.ENDED_STATES:
            _end_run(held, Run.State.FAILED, reason)
            audit_run(None, "failed", held, {"reason": reason})


def _end_run(held: Run, state: Run.State, reason: str) -> None:
    """Cancel what has no result and end the run; its row is locked."""
    open_states = (Attempt.State.PENDING, Attempt.State.LEASED)
    held.cancelled_count += Attempt.objects.filter(run=held, state__in=open_states).update(
        state=Attempt.State.CANCELLED, lease_token=None, lease_expires_at=None, finished_at=Now()
    )
    held.state, held.state_reason, held.finished_at = state, reason, timezone.now()
    held.save(update_fields=["cancelled_count", "state", "state_reason", "finished_at"])


def is_budget_spent(run: Run) -> bool:
    """Whether the wall time since the run's first claim, pauses included, has used up its budget."""
    if run.budget_seconds is None or run.started_at is None:
        return False
    return timezone.now() >= run.started_at + timedelta(seconds=run.budget_seconds)


def settle_run(*, run_id: int) -> bool:
    """End the run if every attempt has ended and every trace is verified; returns whether it ended now.

    A run without a single trace has failed, and says what its attempts said.
    """
    with transaction.atomic():
        held = lock_run(run_id)
        ended = held.done_count + held.failed_count + held.cancelled_count
        if held.state in Run.ENDED_STATES or ended < held.planned_count or held.verified_count < held.done_count:
            return False
        held.state = Run.State.FINISHED if held.done_count else Run.State.FAILED
        held.state_reason = "" if held.done_count else _why_all_failed(held)
        held.finished_at = timezone.now()
        held.save(update_fields=["state", "state_reason", "finished_at"])
        audit_run(None, held.state, held)
    return True


def _why_all_failed(held: Run) -> str:
    first = Attempt.objects.filter(run=held, state=Attempt.State.FAILED).order_by("id").first()
    return f"Every attempt failed. The first one said: {first.error_message}" if first else "No attempt was made."
