"""Worlds that others registered with Gymnasium, by their name: those with countable observations and actions."""

import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import gymnasium
import numpy as np
from gymnasium.spaces import Discrete, MultiBinary, MultiDiscrete, Tuple

from trajectories.core.worlds.base import Moved, State, World, WorldError, shortest_path
from trajectories.core.worlds.schedules import WorldPlan

PREFIX = "gymnasium:"
ACTIONS = {
    "FrozenLake": ("left", "down", "right", "up"),
    "FrozenLake8x8": ("left", "down", "right", "up"),
    "CliffWalking": ("up", "right", "down", "left"),
    "CliffWalkingSlippery": ("up", "right", "down", "left"),
    "Taxi": ("south", "north", "east", "west", "pick_up", "drop_off"),
    "Blackjack": ("stick", "hit"),
}
"""What the actions of known environments are called; those of others are numbered."""
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
LONGEST_TEXT = 4_000


class Registered(World):
    """An environment of Gymnasium under the same rules as ours.

    `settings` are what `gymnasium.make` takes besides the name, and a schedule may change them from one episode to the
    next, not within one. The goal is reached when the episode ends with the best reward that an end can bring, or with
    a reward above zero where its table is not known.
    """

    name: ClassVar[str] = "gymnasium"
    title: ClassVar[str] = "Environment of Gymnasium"
    summary: ClassVar[str] = "Any installed environment with countable observations and actions, by its name."

    def __init__(self, plan: WorldPlan, render_mode: str | None = None) -> None:
        self.env_name = plan.world.removeprefix(PREFIX)
        if any(change.step for change in plan.changes):
            raise WorldError(
                "Found a change within an episode; an environment of Gymnasium changes from one episode to the next.",
                field="changes",
            )
        self.inner: gymnasium.Env[Any, Any] | None = None
        self.made_of: dict[str, Any] | None = None
        super().__init__(plan, render_mode)

    def settings_at(self, episode: int, step: int) -> None:
        """Take over what the schedule has set; `gymnasium.make` checks it."""
        self.current = self.plan.settings_at(episode, step)

    def prepare(self) -> None:
        """Make the environment anew where its settings have changed."""
        if self.inner is None or self.made_of != self.current:
            self.close()
            self.inner, self.made_of = self._make(), dict(self.current)
        space = self.inner.action_space
        if not isinstance(space, Discrete) or int(space.start) != 0:
            raise WorldError(f"{self.env_name} has the actions {space}; expected a number of them.", field="world")
        family = self.env_name.rpartition("/")[2].rpartition("-v")[0]
        known = ACTIONS.get(family, ())
        count = int(space.n)
        self.actions = known if len(known) == count else tuple(f"action_{action}" for action in range(count))
        self.read, self.sizes = reader_of(self.inner.observation_space, self.env_name)
        self.table: Mapping[int, Any] | None = getattr(self.inner.unwrapped, "P", None)
        self.best_end = self._best_end()

    def _make(self) -> gymnasium.Env[Any, Any]:
        """The environment itself, drawing texts where it can. Raises WorldError.

        A name with a colon would have Gymnasium import a module of that name: only what is registered is made.
        """
        if self.env_name not in gymnasium.registry:
            raise WorldError(
                f"World: found no environment {self.env_name!r} registered with Gymnasium, expected a name such as "
                "FrozenLake-v1.",
                field="world",
            )
        try:
            made = gymnasium.make(
                self.env_name, max_episode_steps=self.plan.steps, disable_env_checker=True, **self.current
            )
            if "ansi" in made.metadata.get("render_modes", ()):
                made.close()
                made = gymnasium.make(
                    self.env_name, max_episode_steps=self.plan.steps, disable_env_checker=True, render_mode="ansi",
                    **self.current,
                )  # fmt: skip
        except Exception as fault:
            raise WorldError(f"{self.env_name}: {fault}", field="world") from fault
        return made

    def _best_end(self) -> float | None:
        """The best reward with which an episode can end; None where it is not known."""
        if not isinstance(self.table, Mapping):
            return None
        ends = [
            float(reward)
            for moves in self.table.values()
            for outcomes in moves.values()
            for chance, _, reward, ended in outcomes
            if ended and chance > 0
        ]
        return max(ends, default=None)

    def begin(self) -> State:
        """The first observation of an episode, seeded."""
        self.goal = None
        if self.inner is None:
            raise WorldError("The environment is closed.")
        seed = int(self.np_random.integers(2**31 - 1))
        observed, _ = self.inner.reset(seed=seed)
        return self.read(observed)

    def attempt(self, state: State, action: int) -> Moved:  # noqa: ARG002 (the environment knows its state)
        """One step of the environment itself."""
        if self.inner is None:
            raise WorldError("The environment is closed.")
        observed, reward, terminated, _, _ = self.inner.step(action)
        found = self.read(observed)
        reached = bool(terminated) and self._is_reached(float(reward))
        text = f"Observation {', '.join(map(str, found))}; reward {float(reward):g}."
        return Moved(found, text + self._ended(bool(terminated), reached), reached, bool(terminated))

    def _is_reached(self, reward: float) -> bool:
        return reward > 0 if self.best_end is None else reward >= self.best_end

    @staticmethod
    def _ended(terminated: bool, reached: bool) -> str:
        return "" if not terminated else " The goal is reached." if reached else " The episode ends."

    def move(self, state: State, action: int) -> Moved:  # noqa: ARG002 (see attempt)
        """Needs a table; see shortest."""
        raise WorldError(f"{self.env_name} has no table of its moves.")

    def shortest(self) -> int | None:
        """The fewest actions that can reach the goal by the environment's own table; None where it has none."""
        if not isinstance(self.table, Mapping) or len(self.sizes) != 1:
            return None
        table = self.table
        branches = [
            (action, outcome)
            for action in range(len(self.actions))
            for outcome in range(max(len(moves[action]) for moves in table.values()))
        ]

        def move(state: State, branch: int) -> Moved:
            action, place = branches[branch]
            outcomes = table[state[0]][action]
            if place >= len(outcomes) or outcomes[place][0] <= 0:
                return Moved(state, "")
            _, after, reward, ended = outcomes[place]
            return Moved((int(after),), "", bool(ended) and self._is_reached(float(reward)), bool(ended))

        return shortest_path(self.state, range(len(branches)), move)

    def task(self) -> str:
        """The name, what is seen first and how much time there is."""
        return (
            f"You act in the environment {self.env_name} of Gymnasium. The observation is "
            f"{', '.join(map(str, self.state))}. End the episode with the best reward in at most {self.plan.steps} "
            f"steps.{self._shown()}"
        )

    def _shown(self) -> str:
        drawn = self.drawn()
        return f"\n\n{drawn}" if drawn else ""

    def drawn(self) -> str:
        """What the environment draws as text, without colours; "" where it draws none."""
        if self.inner is None or self.inner.render_mode != "ansi":
            return ""
        drawn = self.inner.render()
        return COLOURS.sub("", drawn).strip()[:LONGEST_TEXT] if isinstance(drawn, str) else ""

    def picture(self) -> list[list[int]]:
        """No cells: others draw themselves as text."""
        return []

    def close(self) -> None:
        """Close the environment."""
        if self.inner is not None:
            self.inner.close()
            self.inner = None


def reader_of(space: gymnasium.Space[Any], name: str) -> tuple[Callable[[Any], State], tuple[int, ...]]:
    """How an observation is read as whole numbers from 0, and how many values each has. Raises WorldError."""
    if isinstance(space, Discrete):
        start = int(space.start)
        return (lambda seen: (int(seen) - start,)), (int(space.n),)
    if isinstance(space, MultiDiscrete):
        return _flat, tuple(int(size) for size in np.ravel(space.nvec))
    if isinstance(space, MultiBinary):
        return _flat, (2,) * int(np.prod(space.shape))
    if isinstance(space, Tuple):
        parts = [reader_of(each, name) for each in space.spaces]
        sizes = tuple(size for _, found in parts for size in found)
        return (lambda seen: tuple(n for (read, _), part in zip(parts, seen, strict=True) for n in read(part))), sizes
    raise WorldError(f"{name} shows {space}; expected observations that can be counted.", field="world")


def _flat(seen: Any) -> State:
    return tuple(int(number) for number in np.ravel(seen))
