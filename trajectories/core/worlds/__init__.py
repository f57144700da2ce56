"""Worlds by name: environments of the Gymnasium API with a schedule of changes, see base.World."""

from trajectories.core.worlds.base import World, WorldError
from trajectories.core.worlds.keys import KeyAndDoor
from trajectories.core.worlds.mazes import Maze
from trajectories.core.worlds.offices import FlakyTools
from trajectories.core.worlds.registered import PREFIX, Registered
from trajectories.core.worlds.schedules import WorldPlan
from trajectories.core.worlds.shifting import ShiftingArc

WORLDS: dict[str, type[World]] = {world.name: world for world in (Maze, FlakyTools, ShiftingArc, KeyAndDoor)}


def world_type(name: str) -> type[World]:
    """The world so named; one of Gymnasium as "gymnasium:FrozenLake-v1". Raises WorldError."""
    if name.startswith(PREFIX):
        return Registered
    if name not in WORLDS:
        raise WorldError(
            f"Found the world {name!r}; expected one of {', '.join(WORLDS)}, or {PREFIX} and the name of an "
            "environment of Gymnasium.",
            field="world",
        )
    return WORLDS[name]


def make_world(plan: WorldPlan) -> World:
    """The world of a plan. Raises WorldError."""
    return world_type(plan.world)(plan)


__all__ = ["PREFIX", "WORLDS", "make_world", "world_type"]
