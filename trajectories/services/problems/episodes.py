"""Sets of episodes: making them of a world and its schedule."""

from collections.abc import Iterator

from django.contrib.auth.models import User

from trajectories.core.faults import Fault
from trajectories.core.problems import ImportFault
from trajectories.core.problems.episodes import make_episodes
from trajectories.core.records import ProblemRecord
from trajectories.core.worlds.schedules import WorldPlan
from trajectories.services.problems.imports import ImportReport, import_records, name_of_set

SOURCE = "worlds"


def add_episodes(
    *, actor: User | None, plan: WorldPlan, episodes: int, set_title: str, split: str = "train"
) -> ImportReport:
    """Put the episodes of a world into the set of that title or a new one, all or none.

    Raises Fault for a world, a schedule or a number that cannot be had, ValidationError for a wrong title.
    """
    check_episodes(plan, episodes)
    return import_records(
        actor=actor,
        set_name=name_of_set(set_title),
        set_title=set_title,
        source=f"{SOURCE}: {plan.world}, seed {plan.seed}",
        records=episode_records(plan, episodes, split=split),
        on_fault="all_or_nothing",
    )


def check_episodes(plan: WorldPlan, episodes: int) -> None:
    """Raise Fault for a world, a schedule or a number that cannot be had."""
    next(make_episodes(plan, episodes, split="train"))


def episode_records(
    plan: WorldPlan, episodes: int, *, split: str, start: int = 0
) -> Iterator[ProblemRecord | ImportFault]:
    """The episodes of a world from `start` on; where the world breaks, a fault ends them."""
    name = f"episode {start}"
    try:
        for record in make_episodes(plan, episodes, split=split, start=start):
            name = record.name
            yield record
    except Fault as fault:
        yield ImportFault(plan.world, f"near {name}", str(fault))
