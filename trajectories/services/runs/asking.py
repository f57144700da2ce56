"""Asking: one problem and a budget become an ordinary run, whose samples are consolidated into one answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.contrib.auth.models import User

from trajectories.core.consolidation.ways import WAYS, Value, Way
from trajectories.core.problems.kinds import is_grids
from trajectories.models import Instruction, Problem, Run, Sampler
from trajectories.services.runs.estimates import estimate_plan
from trajectories.services.runs.lifecycle import MAX_TITLE, plan_run
from trajectories.services.runs.plans import MAX_SAMPLES_EACH, PARALLEL, Budget, Plan, PlanError

USUAL_SAMPLES = 64
TEMPERATURE = 1.0


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked: a problem, whom, at most how many samples it may take, and how they become one answer.

    `budget` limits tokens, money or time besides. Without a `way` it is the usual one for the kind of problem.
    """

    problem: Problem
    sampler: Sampler
    instructions: Sequence[Instruction]
    samples: int = USUAL_SAMPLES
    strategy: str = PARALLEL
    settings: Mapping[str, int] = field(default_factory=dict)
    way: str = ""
    budget: Budget = field(default_factory=Budget)


def ways_for(kind: str) -> list[Way]:
    """The ways of choosing that can be defined for a problem of the kind, the usual one first.

    A scorer has to be named, and there is none to name before there are samples, so that ways by scorer are left to
    the budget page.
    """
    of_grids = is_grids(kind)
    known = [
        way
        for way in WAYS.values()
        if Value.SCORE not in way.needs and (of_grids or not {Value.FITS, Value.CLOSENESS} & set(way.needs))
    ]
    return sorted(known, key=lambda way: way.name != ("rank-sums" if of_grids else "majority"))


def find_way(kind: str, name: str) -> Way:
    """The way so named, the usual one where there is no name. Raises PlanError for one that the kind cannot have."""
    known = {way.name: way for way in ways_for(kind)}
    if not name:
        return next(iter(known.values()))
    if name not in known:
        title = WAYS[name].title if name in WAYS else name
        names = ", ".join(way.title for way in known.values())
        raise PlanError(f"{title!r} is not defined for {kind} problems; expected one of {names}.", field="way")
    return known[name]


def plan_within(asked: Asked) -> Plan:
    """The largest plan that takes no more samples than were asked for. Raises PlanError where none does.

    Fewer samples than instructions leave out the last ones.
    """
    if not 1 <= asked.samples <= MAX_SAMPLES_EACH:
        text = f"Found {asked.samples:,} samples, expected 1 to {MAX_SAMPLES_EACH:,}."
        raise PlanError(text, field="samples")
    fitting = [each for each in asked.instructions if each.problem_kind in ("", asked.problem.kind)]
    if not fitting:
        raise PlanError(f"No instruction fits {asked.problem.name!r}, a problem of the kind {asked.problem.kind}.")
    one = Plan(
        [asked.problem],
        fitting[: asked.samples],
        [TEMPERATURE],
        samples_each=1,
        strategy=asked.strategy,
        settings=asked.settings,
    )
    # A tree of texts needs more samples than first steps, which one sample each never are.
    (replace(one, samples_each=asked.samples) if one.found[0].steps else one).check(asked.sampler)
    if one.most_per_problem > asked.samples:
        one = replace(one, instructions=fitting[:1])
    if (least := one.most_per_problem) > asked.samples:
        text = f"The strategy {one.found[0].title!r} may take {least:,} samples at the least"
        raise PlanError(f"{text}; found a budget of {asked.samples:,}.", field="samples")
    low, high = 1, asked.samples
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (
            (middle, high) if replace(one, samples_each=middle).most_per_problem <= asked.samples else (low, middle - 1)
        )
    return replace(one, samples_each=low)


def ask(*, actor: User | None, asked: Asked, seed: int | None = None) -> Run:
    """A queued run of one problem that its page consolidates. Raises PlanError."""
    way = find_way(asked.problem.kind, asked.way)
    plan = plan_within(asked)
    plan.check(asked.sampler)
    asked.budget.check(asked.sampler)
    options: dict[str, Any] = {"asked": way.name}
    if asked.sampler.is_chat:
        try:
            options["prompt_tokens"] = estimate_plan(plan=plan, sampler=asked.sampler).prompt_tokens
        except ValueError as fault:
            raise PlanError(str(fault), field="sampler") from fault
    return plan_run(
        actor=actor,
        title=f"Asked: {asked.problem.name}"[:MAX_TITLE],
        sampler=asked.sampler,
        plan=plan,
        seed=seed,
        problem_set=asked.problem.problem_set,
        budget=asked.budget,
        options=options,
    )
