"""Learning, fast and slow (John & Motani 2023, arXiv 2301.13758): a network that says the way at once, and a memory
that is walked through to imagine it.

The fast half is a network from (state, goal) to actions; its values are lowered by the square root of how often each
action was taken in the state in this episode. The slow half walks 100 branches of 20 steps through the remembered
transitions; the shortest that reaches the goal overrides the network. After each step the network is trained once on
hindsight pairs (from all states of the episode to the new one: the action that was taken) and on the imagined path.
Where the agent is not told its goal, the last state in which it was reached stands for it.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from trajectories.core.agents.base import Chosen, Experience, Surroundings, Visits, read_settings
from trajectories.core.agents.memory import MindMemory, Search
from trajectories.core.agents.networks import Network
from trajectories.core.identity import derive_seed
from trajectories.core.worlds.base import Setting, State

NO_SEARCH = Search((), (), 0, 0, ())


class FastSlow:
    """Both halves, or what is left without one of them."""

    name: ClassVar[str] = "fast-slow"
    version: ClassVar[int] = 1
    title: ClassVar[str] = "Fast & slow"
    summary: ClassVar[str] = "A network that knows the way at once, and a memory to imagine it."
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting("fast", "Fast half", 1, "1 with the network, 0 without.", 0, 1),
        Setting("slow", "Slow half", 1, "1 with the search through memory, 0 without.", 0, 1),
        Setting("branches", "Branches", 100, "Walks through memory at each step.", 1, 10_000),
        Setting("depth", "Depth", 20, "Steps of a walk at the most.", 1, 1_000),
    )

    def __init__(self, surroundings: Surroundings, settings: Mapping[str, int], seed: int) -> None:
        self._around = surroundings
        chosen = read_settings(self.settings, settings, self.name)
        self._fast, self._slow = bool(chosen["fast"]), bool(chosen["slow"])
        self._branches, self._depth = chosen["branches"], chosen["depth"]
        self.memory = MindMemory(surroundings.actions)
        rng = np.random.default_rng(derive_seed(seed, "network"))
        self._network = Network(2 * surroundings.width, surroundings.actions, rng) if self._fast else None
        self._last_goal: State | None = None

    def begin(self, state: State, goal: State | None, episode: int, seed: int) -> None:
        """Forget the visits of the episode before."""
        self._episode, self._taken, self._state, self._goal = episode, 0, state, goal
        self._rng = np.random.default_rng(seed)
        self._visits = Visits(self._around.actions)
        self._seen: list[State] = []
        self._did: list[int] = []
        self._imagined = NO_SEARCH

    def act(self) -> Chosen:
        """The first step of the imagined path, else what the network values most, else chance."""
        self._imagined = self._search() if self._slow else NO_SEARCH
        found = self._imagined
        values = self._values()
        if found.actions:
            action, by = found.actions[0], "slow"
        elif self._network is None:
            action, by = int(self._rng.integers(self._around.actions)), "chance"
        else:
            best = np.flatnonzero(np.asarray(values) == max(values))
            action, by = int(best[self._rng.integers(len(best))]), "fast"
        return Chosen(action, by, values, found.path, found.branches, found.found, found.edges)

    def _search(self) -> Search:
        tells = self._around.is_spatial
        return self.memory.search(self._state, self._goal, self._branches, self._depth, self._rng, tell=tells)

    def _values(self) -> list[float]:
        """The network's values, lowered by the square root of the visits."""
        if self._network is None:
            return []
        known = self._network(self._inputs([self._state], self._goal or self._last_goal))[0]
        return [float(value) for value in known - np.sqrt(self._visits.of(self._state))]

    def _inputs(self, states: Sequence[State], goal: State | None) -> np.ndarray:
        rows = self._around.encode(states)
        aim = np.zeros((1, rows.shape[1]), dtype=np.float32) if goal is None else self._around.encode([goal])
        return np.hstack([rows, np.repeat(aim, len(states), axis=0)])

    def learn(self, step: Experience) -> None:
        """Remember the transition and train the network once."""
        # A goal that is told is another in every episode: nothing about the transition.
        wins = step.reached and self._goal is None
        self.memory.see(step.before, step.action, step.after, wins, (self._episode, self._taken))
        self._visits.add(step.before, step.action)
        self._seen.append(step.before)
        self._did.append(step.action)
        self._taken += 1
        self._state = step.after
        if step.reached:
            self._last_goal = step.after
        if self._network is not None:
            self._train(step)

    def _train(self, step: Experience) -> None:
        """All states of the episode with the new one as goal; the imagined path with the goal."""
        rows, actions = [self._inputs(self._seen, step.after)], list(self._did)
        if self._imagined.actions:
            path, goal = self._imagined.path, self._goal or self._imagined.path[-1]
            rows.append(self._inputs(path[:-1], goal))
            actions += self._imagined.actions
        assert self._network is not None
        self._network.fit(np.vstack(rows), np.array(actions))

    def values_of(self, states: Sequence[State]) -> Sequence[float]:
        """The probability of the network's favourite action."""
        if self._network is None or not states:
            return ()
        known = self._network(self._inputs(states, self._goal or self._last_goal))
        return [float(value) for value in known.max(axis=1)]

    def weights(self) -> dict[str, np.ndarray]:
        """The network with the state of its optimiser, and the last goal."""
        kept = self._network.arrays() if self._network is not None else {}
        return kept | ({} if self._last_goal is None else {"last_goal": np.array(self._last_goal)})

    def load(self, weights: Mapping[str, np.ndarray]) -> None:
        """Go on from a checkpoint."""
        if self._network is not None:
            self._network.load(weights)
        goal = weights.get("last_goal")
        self._last_goal = None if goal is None else tuple(int(number) for number in goal)
