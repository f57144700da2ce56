"""Agents to compare with: Q-learning in a table (Watkins & Dayan 1992), and chance."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from trajectories.core.agents.base import Chosen, Experience, Surroundings, read_settings
from trajectories.core.agents.memory import MindMemory
from trajectories.core.worlds.base import Setting, State

DISCOUNT = 0.95


class RandomAgent:
    """Takes any action, and remembers what it saw."""

    name: ClassVar[str] = "random"
    version: ClassVar[int] = 1
    title: ClassVar[str] = "Random"
    summary: ClassVar[str] = "Takes any action; learns nothing."
    settings: ClassVar[tuple[Setting, ...]] = ()

    def __init__(self, surroundings: Surroundings, settings: Mapping[str, int], seed: int) -> None:  # noqa: ARG002
        self._around = surroundings
        self._chosen = read_settings(self.settings, settings, self.name)
        self.memory = MindMemory(surroundings.actions)

    def begin(self, state: State, goal: State | None, episode: int, seed: int) -> None:
        """Seed the episode."""
        self._episode, self._taken, self._state, self._goal = episode, 0, state, goal
        self._rng = np.random.default_rng(seed)

    def act(self) -> Chosen:
        """Any action."""
        return Chosen(int(self._rng.integers(self._around.actions)), "chance")

    def learn(self, step: Experience) -> None:
        """Remember the transition."""
        wins = step.reached and self._goal is None
        self.memory.see(step.before, step.action, step.after, wins, (self._episode, self._taken))
        self._taken, self._state = self._taken + 1, step.after

    def values_of(self, states: Sequence[State]) -> Sequence[float]:  # noqa: ARG002
        """It has no opinion."""
        return ()

    def weights(self) -> dict[str, np.ndarray]:
        """Nothing."""
        return {}

    def load(self, weights: Mapping[str, np.ndarray]) -> None:
        """Nothing."""


class QLearning(RandomAgent):
    """One table for each goal: it knows nothing of one goal from another."""

    name: ClassVar[str] = "q-learning"
    title: ClassVar[str] = "Q-learning"
    summary: ClassVar[str] = "A table of values for each state, action and goal."
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting("rate", "Learning rate", 50, "Hundredths by which a value moves to what was seen.", 1, 100),
        Setting("exploring", "Exploring", 10, "Actions in a hundred that are taken by chance.", 0, 100),
    )

    def __init__(self, surroundings: Surroundings, settings: Mapping[str, int], seed: int) -> None:
        super().__init__(surroundings, settings, seed)
        self._table: dict[State, np.ndarray] = {}

    def _row(self, state: State) -> np.ndarray:
        return self._table.setdefault((*state, *(self._goal or ())), np.zeros(self._around.actions))

    def act(self) -> Chosen:
        """The best action known, now and then any."""
        row = self._row(self._state)
        values = [float(value) for value in row]
        if self._rng.random() * 100 < self._chosen["exploring"]:
            return Chosen(int(self._rng.integers(len(row))), "chance", values)
        best = np.flatnonzero(row == row.max())
        return Chosen(int(best[self._rng.integers(len(best))]), "table", values)

    def learn(self, step: Experience) -> None:
        """Move the value of the action towards its reward and the best value after it."""
        after = 0.0 if step.ended else float(self._row(step.after).max())
        row = self._row(step.before)
        row[step.action] += self._chosen["rate"] / 100 * (step.reward + DISCOUNT * after - row[step.action])
        super().learn(step)

    def values_of(self, states: Sequence[State]) -> Sequence[float]:
        """The best value in each state."""
        rows = (self._table.get((*state, *(self._goal or ()))) for state in states)
        return [0.0 if row is None else min(1.0, max(0.0, float(row.max()))) for row in rows]

    def weights(self) -> dict[str, np.ndarray]:
        """The table: what it is about, and its values."""
        if not self._table:
            return {}
        return {"keys": np.array(list(self._table)), "values": np.array(list(self._table.values()))}

    def load(self, weights: Mapping[str, np.ndarray]) -> None:
        """Go on from a table."""
        if "keys" in weights:
            keys = (tuple(int(number) for number in key) for key in weights["keys"])
            self._table = {key: np.array(row) for key, row in zip(keys, weights["values"], strict=True)}
