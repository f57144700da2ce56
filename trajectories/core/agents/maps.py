"""A memory as a map: for worlds whose states are places, the moves that are remembered, and which of them are true."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from trajectories.core.agents.memory import Remembered
from trajectories.core.worlds import make_world
from trajectories.core.worlds.base import State
from trajectories.core.worlds.schedules import WorldPlan

KNOWN, OLD, WRONG, NEW = "known", "old", "wrong", "new"
"""What is remembered of a move: true; true, but not seen since the change; not what the world does; overwritten."""

MEANINGS = {
    KNOWN: "as the world is",
    OLD: "as the world is, not seen since the change",
    WRONG: "out of date: the world does something else now",
    NEW: "overwritten since the change",
}
BUMP = 0.34
"""How far from the middle of a cell a wall is drawn that was bumped into, in cells."""


@dataclass(frozen=True, slots=True)
class MemoryMap:
    """What is remembered of one layer of a world: `width` x `height` cells, of which `seen` are known.

    `moves` and `bumps` are SVG paths by what they mean, `counts` how many moves there are of each meaning. `layers` are
    the values that the numbers of a state after x and y take.
    """

    width: int
    height: int
    seen: frozenset[tuple[int, int]]
    moves: dict[str, str] = field(default_factory=dict)
    bumps: dict[str, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    layers: tuple[State, ...] = ()


def draw_map(
    remembered: Iterable[Remembered], plan: WorldPlan, episodes: int, before: int | None, layer: State
) -> MemoryMap:
    """The map of a memory: as it was before the change in episode `before`, else as it is after `episodes` of them.

    What is true is what the world did in the episode that was played last by then. Empty for a world without places.
    """
    world = make_world(plan)
    if not world.is_spatial:
        return MemoryMap(0, 0, frozenset())
    last = max(0, (episodes if before is None else before) - 1)
    change = max((each for each in plan.change_episodes() if each <= last), default=None)
    world.episode = last
    world.settings_at(last, plan.steps)
    world.prepare()
    world.goal = None
    moves: dict[str, list[str]] = defaultdict(list)
    bumps: dict[str, list[str]] = defaultdict(list)
    seen: set[tuple[int, int]] = set()
    layers: set[State] = {()} if len(world.sizes) == 2 else set()
    for row in remembered:
        after = _after(row, before)
        if after is None:
            continue
        layers.add(row.state[2:])
        if row.state[2:] != layer:
            continue
        seen |= {(row.state[0], row.state[1]), (after[0], after[1])}
        meaning = _meaning(row, world.move(row.state, row.action).state == after, change, before)
        (bumps if after == row.state else moves)[meaning].append(_stroke(row, after, world.actions))
    return MemoryMap(
        world.sizes[0],
        world.sizes[1],
        frozenset(seen),
        {meaning: "".join(parts) for meaning, parts in moves.items()},
        {meaning: "".join(parts) for meaning, parts in bumps.items()},
        {meaning: len(moves[meaning]) + len(bumps[meaning]) for meaning in MEANINGS if moves[meaning] + bumps[meaning]},
        tuple(sorted(layers)),
    )


def _after(row: Remembered, before: int | None) -> State | None:
    """Where a move led as it was remembered then; None where nothing was."""
    if before is None:
        return row.after
    if row.first_episode >= before:
        return None
    overwritten = row.overwritten_episode is not None and row.overwritten_episode >= before
    return row.former if overwritten else row.after


def _meaning(row: Remembered, is_true: bool, change: int | None, before: int | None) -> str:
    if not is_true:
        return WRONG
    if change is None or before is not None:
        return KNOWN
    if row.overwritten_episode is not None and row.overwritten_episode >= change:
        return NEW
    return KNOWN if row.seen_episode >= change else OLD


def _stroke(row: Remembered, after: State, actions: tuple[str, ...]) -> str:
    """A move as a stroke from cell to cell; a bump as a bar at the side that was bumped into."""
    x, y = row.state[0] + 0.5, row.state[1] + 0.5
    if after != row.state:
        return f"M{x:g} {y:g}L{after[0] + 0.5:g} {after[1] + 0.5:g}"
    dx, dy = {"up": (0, -1), "right": (1, 0), "down": (0, 1), "left": (-1, 0)}.get(actions[row.action], (0, 0))
    return f"M{x + BUMP * dx - 0.2 * dy:g} {y + BUMP * dy - 0.2 * dx:g}l{0.4 * dy:g} {0.4 * dx:g}"
