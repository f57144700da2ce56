"""What an agent is: it acts in episodes of one world, one after the other, and carries over what it has learnt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

import numpy as np

from trajectories.core.agents.memory import MindMemory
from trajectories.core.records import JSON
from trajectories.core.worlds.base import Setting, State, World, WorldError

FEATURES_AT_MOST = 1_024


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an agent knows of a world before it acts: how many values the numbers of a state have, whether the first two
    are a place, and how many actions there are."""

    sizes: tuple[int, ...]
    """How many values each number of a state can have."""
    is_spatial: bool
    """Whether the first two numbers of a state are a place."""
    actions: int
    """How many actions there are."""

    @classmethod
    def of(cls, world: World) -> "Surroundings":
        """Those of a world."""
        return cls(world.sizes, world.is_spatial, len(world.actions))

    @property
    def width(self) -> int:
        """Numbers that a state is encoded as. Raises WorldError for a world that has too many."""
        width = len(self.sizes) if self.is_spatial else sum(self.sizes)
        if width > FEATURES_AT_MOST:
            raise WorldError(f"A state of the world has {width:,} features, expected at most {FEATURES_AT_MOST:,}.")
        return width

    def encode(self, states: Sequence[State]) -> np.ndarray:
        """States as rows of numbers: places scaled to -1 to 1, all else one position for each value."""
        values = np.array(states, dtype=np.float32).reshape(len(states), len(self.sizes))
        if self.is_spatial:
            most = np.maximum(np.array(self.sizes, dtype=np.float32) - 1, 1)
            return values * np.float32(2) / most - np.float32(1)
        rows = np.zeros((len(states), self.width), dtype=np.float32)
        offsets = np.concatenate([[0], np.cumsum(self.sizes)[:-1]]).astype(np.int64)
        for place, offset in enumerate(offsets):
            rows[np.arange(len(states)), offset + values[:, place].astype(np.int64)] = 1
        return rows


@dataclass(frozen=True, slots=True)
class Chosen:
    """An action and why it was chosen.

    `by` names what decided: fast, slow, table or chance. `values` are those of the actions. `path` are the states of
    the imagined path that decided. `branches` counts the imagined walks, of which `found` reached the goal; `edges` are
    the moves they went through, each once.
    """

    action: int
    by: str
    values: Sequence[float] = ()
    path: Sequence[State] = ()
    branches: int = 0
    found: int = 0
    edges: Sequence[tuple[State, State]] = ()


@dataclass(frozen=True, slots=True)
class Experience:
    """What the agent sees of one step: where it was, what it did, where that led."""

    before: State
    action: int
    """The number of the action, from 0."""
    after: State
    reward: float
    """What the world rewarded the action with."""
    reached: bool
    ended: bool


class Agent(Protocol):
    """Acts and learns. All chance comes from the seed of the episode, so that an episode that is played again from the
    same checkpoint is the same episode."""

    name: ClassVar[str]
    version: ClassVar[int]
    title: ClassVar[str]
    summary: ClassVar[str]
    settings: ClassVar[tuple[Setting, ...]]
    memory: MindMemory

    def __init__(self, surroundings: Surroundings, settings: Mapping[str, int], seed: int) -> None: ...

    def begin(self, state: State, goal: State | None, episode: int, seed: int) -> None:
        """Begin an episode: from the state `state`, to reach `goal` (None where it is not told)."""
        ...

    def act(self) -> Chosen:
        """The next action."""
        ...

    def learn(self, step: Experience) -> None:
        """What became of it."""
        ...

    def values_of(self, states: Sequence[State]) -> Sequence[float]:
        """How well the agent thinks it knows the way to its goal from each state, in [0, 1]; none where it has no such
        opinion."""
        ...

    def weights(self) -> dict[str, np.ndarray]:
        """What the agent has learnt, as arrays by name: all that the next episode begins with except the memory."""
        ...

    def load(self, weights: Mapping[str, np.ndarray]) -> None:
        """Go on from weights and a memory that were carried over."""
        ...


def read_settings(settings: Sequence[Setting], given: Mapping[str, JSON], whose: str) -> dict[str, int]:
    """A value for each setting of an agent. Raises WorldError."""
    known = {setting.name: setting for setting in settings}
    if unknown := sorted(set(given) - set(known)):
        expected = f"some of {', '.join(known)}" if known else "none"
        raise WorldError(f"Found the setting {unknown[0]!r} of the agent {whose!r}; expected {expected}.")
    return {name: int(each.check(given.get(name, each.default))) for name, each in known.items()}


@dataclass(slots=True)
class Visits:
    """How often each action was taken in each state in this episode."""

    actions: int
    counts: dict[State, np.ndarray] = field(default_factory=dict)

    def of(self, state: State) -> np.ndarray:
        """The counts of the actions in a state."""
        found = self.counts.get(state)
        return np.zeros(self.actions) if found is None else found

    def add(self, state: State, action: int) -> None:
        """Count one."""
        self.counts.setdefault(state, np.zeros(self.actions))[action] += 1
