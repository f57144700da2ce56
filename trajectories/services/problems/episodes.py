"""Sets of episodes: making them of a world and its schedule."""

from collections.abc import Iterator

from django.contrib.auth.models import User

from trajectories.core.environments.schedules import WorldPlan
from trajectories.core.faults import Fault
from trajectories.core.problems import ImportFault
from trajectories.core.problems.episodes import make_episodes
from trajectories.core.records import ProblemRecord
from trajectories.services.problems.imports import ImportReport, import_records, name_of_set

SOURCE = "worlds"


def add_episodes(
    *, actor: User | None, plan: WorldPlan, episodes: int, set_title: str, split: str = "train"
) -> ImportReport:
    """Put the episodes of a world into the set of that title or a new one, all or none.

    Raises Fault for a world, a schedule or a number that cannot be had, ValidationError for a wrong title.
    """
    records = make_episodes(plan, episodes, split=split)
    first = next(records)
    return import_records(
        actor=actor,
        set_name=name_of_set(set_title),
        set_title=set_title,
        source=f"{SOURCE}: {plan.world}, seed {plan.seed}",
        records=_all_of(first, records, plan.world),
        on_fault="all_or_nothing",
    )


def _all_of(first: ProblemRecord, others: Iterator[ProblemRecord], world: str) -> Iterator[ProblemRecord | ImportFault]:
    """The episodes; where the world breaks, a fault ends them."""
    yield first
    name = first.name
    try:
        for record in others:
            name = record.name
            yield record
    except Fault as fault:
        yield ImportFault(world, f"after {name}", str(fault))
