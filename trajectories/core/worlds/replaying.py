"""Taking the same actions again: worlds are seeded, so that the same episode comes of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from trajectories.core.worlds.base import State, World, WorldError


@dataclass(frozen=True, slots=True)
class Seen:
    """What one action did: the state that it led to, what the world said, and whether it was against the rules, in
    vain; `changed` says that the world had just changed. `picture` is the world after it as cells and `drawn` as text,
    where that was asked for."""

    action: int
    state: State
    text: str
    reward: float
    """What the world rewarded the action with."""
    violates: bool
    changed: bool
    picture: tuple[tuple[int, ...], ...] = ()
    drawn: str = ""


@dataclass(frozen=True, slots=True)
class Again:
    """An episode taken again. `left_over` are actions after its end; `shortest` as in World.shortest, at the start."""

    start: State
    goal: State | None
    task: str
    changed: bool
    seen: Sequence[Seen]
    reached: bool
    taken: int
    shortest: int | None
    left_over: int
    picture: tuple[tuple[int, ...], ...] = ()
    """The world at the start as cells."""
    drawn: str = ""


def take_again(world: World, episode: int, actions: Sequence[str], *, draw: bool = False) -> Again:
    """Take the actions in the episode. Raises WorldError for what is no action of the world."""
    known = {name: place for place, name in enumerate(world.actions)}
    if unknown := [name for name in actions if name not in known]:
        raise WorldError(f"Found the action {str(unknown[0])[:40]!r}; expected some of {', '.join(known)}.")
    _, info = world.reset(options={"episode": episode})
    start, goal, shortest = world.state, world.goal, world.shortest()
    first, text = _drawn(world) if draw else ((), "")
    seen: list[Seen] = []
    for name in actions:
        if world.has_ended:
            break
        _, reward, _, _, told = world.step(known[name])
        drawn = _drawn(world) if draw else ((), "")
        seen.append(
            Seen(known[name], world.state, told["text"], reward, told["violates"], bool(told["changed"]), *drawn)
        )
    return Again(
        start, goal, str(info["text"]), bool(info["changed"]), seen, world.has_reached, world.taken, shortest,
        len(actions) - len(seen), first, text,
    )  # fmt: skip


def _drawn(world: World) -> tuple[tuple[tuple[int, ...], ...], str]:
    """The world as cells and as text."""
    return tuple(map(tuple, world.picture())), world.drawn()
