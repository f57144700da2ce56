"""Episodes of a world as problems, one each: the start, the goal, and the world as its schedule has it by then."""

from collections.abc import Iterator, Mapping
from typing import Any

from trajectories.core.identity import content_hash
from trajectories.core.records import JSON, ProblemKind, ProblemRecord, PublicProblem
from trajectories.core.worlds import make_world
from trajectories.core.worlds.base import World, WorldError
from trajectories.core.worlds.schedules import MAX_EPISODE, WorldPlan

MAX_EPISODES = 10_000
"""Episodes of one set."""

Asked = ProblemRecord | PublicProblem


def make_episodes(plan: WorldPlan, episodes: int, *, split: str, start: int = 0) -> Iterator[ProblemRecord]:
    """The episodes of a world from `start` on, of `episodes` in all.

    Raises WorldError for a world or schedule that cannot be had.
    """
    if not 1 <= episodes <= MAX_EPISODES:
        raise WorldError(f"Episodes: found {episodes:,}, expected 1 to {MAX_EPISODES:,}.", field="episodes")
    world = make_world(plan)
    said, of_world = plan.to_json(), world_hash(plan)
    _check_schedule(world, plan)
    for number in range(start, episodes):
        world.reset(options={"episode": number})
        shortest = world.shortest()
        spec: dict[str, JSON] = {**said, "episode": number, "actions": list(world.actions), "of_world": of_world}
        yield ProblemRecord(
            kind=ProblemKind.ENVIRONMENT,
            name=f"{plan.world}-{plan.seed}-{number}",
            statement=world.said(),
            spec=spec,
            reference=None,
            split=split,
            family=plan.world[:100],
            difficulty={} if shortest is None else {"shortest": float(shortest)},
        )
    world.close()


def _check_schedule(world: World, plan: WorldPlan) -> None:
    """Go through every change, so that a wrong one is known before anything is made. Raises WorldError."""
    actions, sizes = world.actions, world.sizes
    for change in plan.changes:
        world.settings_at(change.episode, change.step)
        world.prepare()
        if (world.actions, world.sizes) != (actions, sizes):
            raise WorldError(
                f"The change in episode {change.episode} gives the world other states or actions; expected the same, "
                "so that an agent can go on.",
                field="changes",
            )


def world_hash(plan: WorldPlan) -> str:
    """What all episodes of one world share."""
    return content_hash(plan.to_json())


def plan_of(spec: Mapping[str, Any]) -> tuple[WorldPlan, int]:
    """The world of an episode's spec, and which episode it is. Raises ScheduleError or WorldError."""
    episode = spec.get("episode")
    if type(episode) is not int or not 0 <= episode <= MAX_EPISODE:
        raise WorldError(f"Episode: found {episode!r}, expected 0 to {MAX_EPISODE:,}.", field="episode")
    return WorldPlan.from_json(spec), episode
