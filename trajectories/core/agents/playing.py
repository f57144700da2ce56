"""Playing episodes: an agent in a world, step by step, with all that is needed to watch it afterwards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO

import numpy as np
from threadpoolctl import threadpool_limits

from trajectories.core.agents.base import Agent, Chosen, Experience
from trajectories.core.worlds.base import State, World


@dataclass(frozen=True, slots=True)
class Frame:
    """One step: what was chosen and what it did. `changed` says that the world had just changed."""

    before: State
    chosen: Chosen
    after: State
    text: str
    reward: float
    """What the world rewarded the action with."""
    violates: bool
    changed: bool


@dataclass(frozen=True, slots=True)
class PlayedEpisode:
    """One episode as it was played. `shortest` are the fewest steps from its start in the world as it began, `picture`
    is the world then, `values` what the agent thought of the states it knew."""

    number: int
    """Which episode of its world it is, from 0."""
    task: str
    start: State
    goal: State | None
    frames: Sequence[Frame]
    reached: bool
    shortest: int | None
    taken: int
    """How many actions were taken."""
    changed: bool
    picture: Sequence[Sequence[int]] = ()
    values: Mapping[State, float] = field(default_factory=dict)


def play(world: World, agent: Agent, number: int, seed: int, *, tell: bool = True) -> PlayedEpisode:
    """Play episode `number`. With `tell` the frames also hold what the agent thought each state worth beforehand.

    Linear algebra runs on one thread: the number of threads would change the last bits of sums, and with them actions.
    """
    with threadpool_limits(1):
        return _play(world, agent, number, seed, tell)


def _play(world: World, agent: Agent, number: int, seed: int, tell: bool) -> PlayedEpisode:
    _, info = world.reset(options={"episode": number})
    start, goal, shortest, changed = world.state, world.goal, world.shortest(), bool(info["changed"])
    agent.begin(start, goal, number, seed)
    picture = world.picture()
    states = agent.memory.states() if tell and world.is_spatial else []
    values = dict(zip(states, agent.values_of(states), strict=False))
    frames: list[Frame] = []
    while not world.has_ended:
        before, chosen = world.state, agent.act()
        _, reward, terminated, _, told = world.step(chosen.action)
        agent.learn(Experience(before, chosen.action, world.state, reward, world.has_reached, terminated))
        frames.append(Frame(before, chosen, world.state, told["text"], reward, told["violates"], told["changed"]))
    return PlayedEpisode(
        number, str(info["text"]), start, goal, frames, world.has_reached, shortest, world.taken, changed, picture,
        values,
    )  # fmt: skip


def pack(weights: Mapping[str, np.ndarray]) -> bytes:
    """Arrays as the bytes of a NumPy archive, without pickles."""
    file = BytesIO()
    np.savez(file, **weights)  # type: ignore[arg-type]
    return file.getvalue()


def unpack(kept: bytes) -> dict[str, np.ndarray]:
    """The arrays of an archive; none in an empty one."""
    if not kept:
        return {}
    with np.load(BytesIO(kept), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}
