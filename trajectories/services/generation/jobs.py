"""Jobs that generate problems: planning them and moving them from state to state."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from trajectories.adapters.code_version import code_version
from trajectories.core.generation import GENERATORS, MAKERS, WRITERS
from trajectories.core.generation.base import GenerationError, Recipe
from trajectories.core.generation.plans import GenerationPlan, SolverCheck
from trajectories.core.problems.procedural import MAX_SEED as MAX_DRAW_SEED
from trajectories.core.problems.procedural import Draw, ProceduralError
from trajectories.core.prompts.answer_formats import PROGRAM_STYLES
from trajectories.core.records import JSON, ProblemKind
from trajectories.core.text.titles import title_fault
from trajectories.models import AuditEvent, Brief, GenerationJob, Instruction, Problem, ProblemSet, Sampler
from trajectories.models.job_kinds import PAUSE, RESUME, RETRY
from trajectories.selectors.clock import database_now
from trajectories.services.jobs.leases import lost_jobs
from trajectories.services.jobs.ringers import ring
from trajectories.services.jobs.steering import Change, JobError, steer
from trajectories.services.problems.imports import name_of_set
from trajectories.services.problems.procedural import preview_procedural
from trajectories.services.runs.lifecycle import MAX_SEED, MAX_TITLE
from trajectories.services.runs.plans import MAX_TEMPERATURE, Budget, PlanError

MAX_WANTED = 10_000
MAX_CALLS = 100_000
CALLS_PER_NEED = 4
"""Orders that a job may place for each that it would need if every proposal passed, where the plan does not say."""

MAX_SOLVER_SAMPLES = 64
LEAST_THRESHOLD = 0.3


class GenerationStateError(JobError):
    """The job is in no state for what was asked; the message is for people."""


@dataclass(frozen=True, slots=True)
class Check:
    """How candidates are shown to be solvable: so many samples of a solver, of which such a share must agree.

    `instruction` is how a language model is asked; the symbolic search takes none.
    """

    solver: Sampler
    instruction: Instruction | None = None
    samples: int = 5
    temperature: float = 0.8
    share: float = 0.6


@dataclass(frozen=True, slots=True)
class GenerationDraft:
    """What a job is made from. `recipe.seed` and `recipe.sources` are filled in when it is planned.

    `threshold` is the similarity from which on a candidate is a near duplicate; `most_calls` bounds the orders placed.
    """

    title: str
    recipe: Recipe
    wanted: int
    set_title: str
    sampler: Sampler | None = None
    brief: Brief | None = None
    source_set: ProblemSet | None = None
    temperature: float = 1.0
    threshold: float | None = None
    check: Check | None = None
    budget: Budget = field(default_factory=Budget)
    most_calls: int | None = None
    seed: int | None = None


@transaction.atomic
def plan_generation(*, actor: User | None, plan: GenerationDraft) -> GenerationJob:
    """A queued job, which is rung for. The same plan and seed place the same orders. Raises GenerationError."""
    generator = GENERATORS.get(plan.recipe.generator)
    if generator is None:
        found = f"Found the generator {plan.recipe.generator[:40]!r}"
        raise GenerationError(f"{found}, expected one of {', '.join(GENERATORS)}.", field="generator")
    seed = secrets.randbelow(MAX_SEED) if plan.seed is None else plan.seed
    sources = _source_ids(plan, generator.source_kinds)
    recipe = replace(plan.recipe, seed=seed, sources=len(sources))
    generator.check(recipe)
    _check_plan(plan, recipe)
    set_name = name_of_set(plan.set_title)
    if not set_name or len(plan.set_title) > MAX_TITLE:
        raise GenerationError(
            "Use at least one letter from a to z or one digit, and at most 200 in all.", field="set_title"
        )
    for part, title in (("set_title", plan.set_title), ("title", plan.title)):
        if fault := title_fault(title):
            raise GenerationError(fault, field=part)
    most_calls = plan.most_calls or max(8, CALLS_PER_NEED * -(-plan.wanted // recipe.per_call))
    threshold = generator.threshold if plan.threshold is None else plan.threshold
    check = plan.check
    kept = GenerationPlan(
        recipe=recipe,
        source_ids=tuple(sources),
        set_title=plan.set_title,
        set_name=set_name,
        temperature=plan.temperature,
        threshold=threshold,
        most_calls=most_calls,
        check=None if check is None else SolverCheck(check.samples, check.temperature, check.share),
    )
    job = GenerationJob.objects.create(
        title=plan.title.strip() or f"{generator.title}, {plan.wanted} for {plan.set_title}"[:MAX_TITLE],
        generator=recipe.generator,
        plan=kept.to_json(),
        seed=seed,
        wanted=plan.wanted,
        sampler=plan.sampler,
        solver=None if check is None else check.solver,
        instruction=None if check is None else check.instruction,
        brief=plan.brief,
        source_set=plan.source_set if generator.source_kinds else None,
        code_version=code_version(),
        budget_cost=plan.budget.cost,
        budget_tokens=plan.budget.tokens,
        created_by=actor,
    )
    audit_generation(actor, "planned", job, {"generator": job.generator, "wanted": job.wanted, "set": set_name})
    ring("generation", job.pk)
    return job


def _source_ids(plan: GenerationDraft, kinds: frozenset[ProblemKind]) -> list[int]:
    """The training problems of the source set that the generator can start from. Evaluation problems never are."""
    if not kinds or plan.source_set is None:
        return []
    training = Problem.objects.filter(problem_set=plan.source_set, split=Problem.Split.TRAIN, kind__in=kinds)
    return list(training.order_by("pk").values_list("pk", flat=True))


def _check_plan(plan: GenerationDraft, recipe: Recipe) -> None:
    """Raise GenerationError for the first part of a plan that cannot be kept."""
    _between("wanted", "problems wanted", plan.wanted, 1, MAX_WANTED)
    _between("most_calls", "calls at most", plan.most_calls or 1, 1, MAX_CALLS)
    _between("temperature", "temperature", plan.temperature, 0, MAX_TEMPERATURE)
    if plan.threshold is not None:
        _between("threshold", "similarity", plan.threshold, LEAST_THRESHOLD, 1)
    _check_writer(plan, recipe)
    if recipe.generator == "arc_augmented" and recipe.split == Problem.Split.EVAL:
        raise GenerationError(
            "Found eval: a varied training task gives its answer away, expected train.", field="split"
        )
    if recipe.generator == "procedural":
        _check_family(recipe.parameters)
    if plan.check is not None:
        _check_solver(plan.check, recipe)
    _check_budget(plan.budget, plan.sampler, None if plan.check is None else plan.check.solver)


def _check_budget(budget: Budget, *samplers: Sampler | None) -> None:
    for sampler in samplers:
        try:
            if sampler is not None:
                budget.check(sampler)
        except PlanError as fault:
            raise GenerationError(str(fault), field="budget_cost") from fault


def _between(name: str, what: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise GenerationError(f"Found {what} {value:g}, expected {least:g} to {most:g}.", field=name)


def _check_writer(plan: GenerationDraft, recipe: Recipe) -> None:
    if recipe.generator in WRITERS and (plan.sampler is None or not plan.sampler.has_endpoint):
        raise GenerationError("Found no language model, expected one that writes the problems.", field="sampler")
    if recipe.generator in MAKERS and plan.sampler is not None:
        raise GenerationError(f"The generator {recipe.generator} asks no model; expected no sampler.", field="sampler")


def _check_family(parameters: Mapping[str, Any]) -> None:
    draw = Draw(parameters["family"], parameters.get("knobs") or {}, 1 % MAX_DRAW_SEED, 1)
    try:
        preview_procedural(draw)
    except ProceduralError as fault:
        raise GenerationError(f"{draw.family}: {fault}.", field="procedural_family") from fault


def _check_solver(check: Check, recipe: Recipe) -> None:
    """The solver can solve what is generated, in a way whose answers can be compared."""
    is_arc = recipe.generator == "arc_augmented"
    _between("solver_samples", "samples to solve with", check.samples, 2, MAX_SOLVER_SAMPLES)
    _between("least_share", "share that agrees", check.share, 0.01, 1)
    if not 0 < check.temperature <= MAX_TEMPERATURE:
        found = f"Found the temperature {check.temperature:g}"
        raise GenerationError(
            f"{found}, expected more than 0: equal samples agree on anything.", field="solver_temperature"
        )
    if not check.solver.has_endpoint:
        if check.solver.kind != Sampler.Kind.SYMBOLIC or not is_arc:
            raise GenerationError(f"{check.solver} solves ARC tasks only; expected a language model.", field="solver")
        return
    if check.instruction is None or check.instruction.suits != Instruction.Suits.CHAT:
        raise GenerationError(
            "Found no instruction for language models, expected one to solve with.", field="instruction"
        )
    if check.instruction.problem_kind not in ("", ProblemKind.ARC if is_arc else recipe.kind) and recipe.kind:
        raise GenerationError(
            f"{check.instruction.title} is for other problems than {recipe.kind}.", field="instruction"
        )
    if check.instruction.style in PROGRAM_STYLES:
        raise GenerationError(
            "Found an instruction that asks for a program, expected one for answers.", field="instruction"
        )


def pause_generation(*, actor: User | None, job_id: int, reason: str = "") -> GenerationJob:
    """Stop a job for now; calls under way are given up. Raises GenerationStateError unless it is active."""
    return _steer(PAUSE, actor, job_id, reason=reason)


def resume_generation(*, actor: User | None, job_id: int, budget: Budget | None = None) -> GenerationJob:
    """Queue a paused job again, with another budget where one is given, and ring for it.

    Raises GenerationStateError unless it is paused, GenerationError for a budget that cannot be kept.
    """

    def go_on(held: GenerationJob) -> dict[str, JSON]:
        if budget is not None:
            _set_budget(held, budget)
        held.held_until = None
        return {}

    return _steer(RESUME, actor, job_id, change=go_on)


def retry_generation(*, actor: User | None, job_id: int) -> GenerationJob:
    """Queue a failed job again, for what it has not made yet, and ring for it.

    Raises GenerationStateError unless it has failed.
    """

    def forget_wait(held: GenerationJob) -> dict[str, JSON]:
        held.held_until = None
        return {}

    return _steer(RETRY, actor, job_id, change=forget_wait)


def _set_budget(held: GenerationJob, budget: Budget) -> None:
    _check_budget(budget, held.sampler, held.solver)
    held.budget_cost, held.budget_tokens = budget.cost, budget.tokens


def _steer(
    verb: str, actor: User | None, job_id: int, *, reason: str = "", change: Change | None = None
) -> GenerationJob:
    moved: GenerationJob = steer(
        "generation", verb, actor=actor, job_id=job_id, reason=reason, change=change, refusal=GenerationStateError
    )
    return moved


def end_generation(*, job_id: int, state: GenerationJob.State, reason: str) -> None:
    """Finish or fail an active job, saying why; nothing happens to any other."""
    with transaction.atomic():
        held = lock_job(job_id)
        if held.is_active:
            held.state, held.state_reason, held.finished_at = state, reason, database_now()
            held.save(update_fields=["state", "state_reason", "finished_at"])
            audit_generation(None, state, held, {"reason": reason})


def lock_job(job_id: int) -> GenerationJob:
    """The job, with its row locked until the transaction ends."""
    return GenerationJob.objects.select_for_update(no_key=True).get(pk=job_id)


def lost_generation_jobs() -> list[int]:
    """Jobs that nobody works on and whose bell is long unanswered, marked as rung; held ones once they may go on."""
    due = Q(held_until__isnull=True) | Q(held_until__lt=Now())
    return lost_jobs(GenerationJob.objects.filter(due, state__in=GenerationJob.ACTIVE_STATES))


def audit_generation(actor: User | None, verb: str, job: GenerationJob, data: Mapping[str, Any] | None = None) -> None:
    """Say in the audit log what happened to a job; call in the transaction that does it."""
    AuditEvent.objects.create(
        actor=actor, verb=f"generation.{verb}", object_type="generationjob", object_id=job.pk, data=dict(data or {})
    )
