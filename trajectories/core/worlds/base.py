"""What a world is: an environment of the Gymnasium API that can be seeded, limited, drawn and changed by a schedule."""

from abc import abstractmethod
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import gymnasium
import numpy as np
from gymnasium.spaces import Discrete, MultiDiscrete

from trajectories.core.faults import Fault
from trajectories.core.identity import derive_seed
from trajectories.core.records import JSON
from trajectories.core.worlds.schedules import WorldPlan

State = tuple[int, ...]
"""A state as whole numbers: two states are the same where these are."""

MAX_EXPLORED = 200_000
"""States that are looked at for a shortest path; beyond these it is not known."""

WALL, FREE, AGENT, GOAL, KEY, DOOR, HOLE = 5, 0, 4, 3, 6, 2, 1
"""What stands in a picture, as the colours that grids are drawn in."""


class WorldError(Fault):
    """A world that cannot be made or stepped as asked; the message is for people."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What people set of a world: a whole number from `least` to `most`, or one of `choices`."""

    name: str
    title: str
    default: int | str
    """Its value where nobody sets one."""
    help: str
    least: int = 0
    most: int = 0
    choices: tuple[str, ...] = ()

    def check(self, value: JSON) -> int | str:
        """The value, where it is one. Raises WorldError."""
        if self.choices:
            if value not in self.choices:
                raise WorldError(
                    f"{self.title}: found {value!r}, expected one of {', '.join(self.choices)}.", field=self.name
                )
            return str(value)
        if type(value) is not int or not self.least <= value <= self.most:
            raise WorldError(
                f"{self.title}: found {value!r}, expected a whole number from {self.least:,} to {self.most:,}.",
                field=self.name,
            )
        return value


@dataclass(frozen=True, slots=True)
class Moved:
    """What one action did. `text` is what the world answers; `reached` says that the goal is reached now.

    `ends` says that the episode is over; `violates` that the action was against the rules of the world (walking into a
    wall, booking without a price) and so in vain.
    """

    state: State
    text: str
    reached: bool = False
    ends: bool = False
    violates: bool = False


class World(gymnasium.Env[Any, Any]):
    """A world of ours: what it is made of is said by settings, and a schedule changes them (schedules.WorldPlan).

    `reset(options={"episode": n})` begins episode n as the schedule has it then. The same plan, episode and actions
    give the same episode, whatever was done before. Observations are the numbers of the state.

    `sizes` are how many values each number of a state has; `is_spatial` says that the first two are x and y of a cell.
    """

    metadata: dict[str, Any] = {"render_modes": ["ansi", "rgb_array"]}
    name: ClassVar[str] = ""
    title: ClassVar[str] = ""
    summary: ClassVar[str] = ""
    settings: ClassVar[tuple[Setting, ...]] = ()
    usual_changes: ClassVar[tuple[Mapping[str, JSON], ...]] = ()
    usual_steps: ClassVar[int] = 100
    is_spatial: ClassVar[bool] = False

    actions: tuple[str, ...]
    sizes: tuple[int, ...]
    goal: State | None
    """The state to reach; None where the agent is not told which one it is."""

    def __init__(self, plan: WorldPlan, render_mode: str | None = None) -> None:
        self.plan, self.render_mode = plan, render_mode
        self.episode, self.taken = 0, 0
        self.state: State = ()
        self.has_ended, self.has_reached = True, False
        self.changed_now = False
        self.current: dict[str, Any] = {}
        self.settings_at(0, 0)
        self.prepare()
        self.action_space = Discrete(len(self.actions))
        self.observation_space = MultiDiscrete(np.array(self.sizes))

    def settings_at(self, episode: int, step: int) -> None:
        """Take over what the schedule has set by then."""
        known = {setting.name: setting for setting in self.settings}
        given = self.plan.settings_at(episode, step)
        if unknown := sorted(set(given) - set(known)):
            raise WorldError(
                f"Found the setting {unknown[0]!r} of the world {self.name!r}; expected some of {', '.join(known)}.",
                field=unknown[0],
            )
        self.current = {name: each.check(given.get(name, each.default)) for name, each in known.items()}

    @abstractmethod
    def prepare(self) -> None:
        """Work out `actions`, `sizes` and all else that depends on the settings in `current`.

        Called at the beginning, and again whenever the world changes within an episode.
        """

    @abstractmethod
    def begin(self) -> State:
        """The first state of `episode`, with `goal` set; drawn from `self.np_random`."""

    @abstractmethod
    def move(self, state: State, action: int) -> Moved:
        """What the action does where nothing fails: a pure function of the state and of `current`."""

    @abstractmethod
    def task(self) -> str:
        """What is to be done, said to a reader who sees nothing but this and the answers."""

    @abstractmethod
    def picture(self) -> list[list[int]]:
        """The world as cells in the colours of grids, row by row."""

    def attempt(self, state: State, action: int) -> Moved:
        """What the action does, failures included."""
        return self.move(state, action)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Begin an episode: that of `options["episode"]`, else the next one. `seed` replaces that of the plan."""
        chosen = (options or {}).get("episode", self.episode if self.taken == 0 else self.episode + 1)
        self.episode, self.taken = int(chosen), 0
        super().reset(seed=derive_seed(self.plan.seed if seed is None else seed, self.name, self.episode))
        self.settings_at(self.episode, 0)
        self.prepare()
        self.state = self.begin()
        self.has_ended, self.has_reached = False, False
        self.changed_now = self.plan.changes_at(self.episode, 0)
        return self._observed(), {"text": self.said(), "changed": self.changed_now}

    def step(self, action: int) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """Act. Raises WorldError for what is no action and after the end."""
        if self.has_ended:
            raise WorldError("The episode has ended; expected a reset before the next action.")
        if not 0 <= int(action) < len(self.actions):
            raise WorldError(f"Found the action {action}, expected 0 to {len(self.actions) - 1}.")
        self.changed_now = self.taken > 0 and self.plan.changes_at(self.episode, self.taken)
        if self.changed_now:
            self.settings_at(self.episode, self.taken)
            self.prepare()
        moved = self.attempt(self.state, int(action))
        self.taken += 1
        self.state, self.has_reached = moved.state, moved.reached
        terminated = moved.reached or moved.ends
        truncated = not terminated and self.taken >= self.plan.steps
        self.has_ended = terminated or truncated
        info = {
            "text": moved.text, "reached": moved.reached, "violates": moved.violates, "changed": self.changed_now,
        }  # fmt: skip
        return self._observed(), float(moved.reached), terminated, truncated, info

    def render(self) -> Any:
        """The text of the world ("ansi") or its cells as an array of pixels."""
        if self.render_mode == "rgb_array":
            cells = np.array(self.picture(), dtype=np.uint8)
            return np.stack([cells * 28] * 3, axis=-1)
        return self.drawn()

    def said(self) -> str:
        """The task, and the names of the actions."""
        return f"{self.task()}\n\nActions: {', '.join(self.actions)}."

    def drawn(self) -> str:
        """The picture as text, a row to a line."""
        return "\n".join("".join(LETTERS.get(cell, str(cell)) for cell in row) for row in self.picture())

    def shortest(self) -> int | None:
        """The fewest actions that lead from the present state to the goal as the world is now, where nothing fails;
        None where there is no way, or it is not known."""
        return shortest_path(self.state, range(len(self.actions)), self.move)

    def _observed(self) -> np.ndarray:
        return np.array(self.state, dtype=np.int64)


LETTERS = {WALL: "#", FREE: ".", AGENT: "A", GOAL: "G", KEY: "k", DOOR: "D", HOLE: "o"}


def shortest_path(start: State, actions: Sequence[int], move: Any) -> int | None:
    """The fewest actions from `start` until a move says that the goal is reached, by breadth-first search."""
    queue: deque[tuple[State, int]] = deque([(start, 0)])
    seen = {start}
    while queue and len(seen) <= MAX_EXPLORED:
        state, taken = queue.popleft()
        for moved in (move(state, action) for action in actions):
            if moved.reached:
                return taken + 1
            if not moved.ends and moved.state not in seen:
                seen.add(moved.state)
                queue.append((moved.state, taken + 1))
    return None


def draw_cells(rng: np.random.Generator, cells: Iterable[State], count: int) -> list[State]:
    """So many different cells. Raises WorldError where there are not enough."""
    found = sorted(cells)
    if len(found) < count:
        raise WorldError(f"Found {len(found)} free cells, expected at least {count}.")
    return [found[index] for index in rng.choice(len(found), size=count, replace=False)]
