"""The attempts that plans ask for, as rows that are not stored yet."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from trajectories.core.identity import derive_seed
from trajectories.core.strategies.base import AttemptKind, Planned
from trajectories.core.strategies.plans import RunPlan
from trajectories.models import Attempt, Problem, Run
from trajectories.services.runs.plans import Plan


def planned_attempts(run: Run, plan: Plan) -> Iterator[Attempt]:
    """The attempts of the first round, problem by problem, so that a batch holds all of one problem."""
    for problem in plan.problems:
        for index, planned in enumerate(plan.first_rounds[problem.kind]):
            yield make_attempt(run, problem, planned, index=index)


def further_attempts(run: Run, plan: RunPlan, problems: Iterable[Problem], more: int) -> Iterator[Attempt]:
    """So many more samples each of a plan whose strategy takes every slot at once.

    Indices and ordinals go on from the last, so that no sample is drawn, or paid for, twice. A range of temperatures is
    spread over the new samples by themselves.
    """
    before, wanted = plan.samples_each, plan.with_samples(more)
    planned: dict[str, list[Planned]] = {}
    for problem in problems:
        if problem.kind not in planned:
            slots = wanted.list_slots(problem.kind)
            planned[problem.kind] = [Planned(replace(slot, ordinal=slot.ordinal + before)) for slot in slots]
        for index, each in enumerate(planned[problem.kind], plan.count_slots(problem.kind)):
            yield make_attempt(run, problem, each, index=index)


def make_attempt(run: Run, problem: Problem, planned: Planned, *, index: int, of_round: int = 0) -> Attempt:
    """An unsaved attempt; its seed depends on the run's, the problem and its index alone."""
    return Attempt(
        run=run,
        problem=problem,
        instruction_id=planned.slot.instruction,
        index=index,
        ordinal=planned.slot.ordinal,
        temperature=planned.slot.temperature,
        seed=derive_seed(run.seed, problem.content_hash, index),
        round=of_round,
        kind=AttemptKind(planned.kind),
        parent_id=planned.parent,
    )
