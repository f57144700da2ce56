"""The memory of transitions: what followed which action in which state; a contradiction overwrites.

The search is that of John & Motani 2023 (arXiv 2301.13758): so many random walks through what is remembered, side by
side, and the first to reach the goal is the imagined path. All walks go on together, a step at a time, so that the
shortest is known as soon as one arrives.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from trajectories.core.worlds.base import State

UNKNOWN = -1
FIRST_ROOM = 256


@dataclass(frozen=True, slots=True)
class Remembered:
    """One transition. `reached`: it reached a goal that the agent was not told. `visits` counts since it was last
    overwritten, `overwritten` how often it was.

    `first_episode`: when anything was remembered of the state and action first. `seen_episode`, `seen_step`: when it
    was seen last. `former` is the state that it led to before it was overwritten in `overwritten_episode`.
    """

    state: State
    action: int
    after: State
    reached: bool
    visits: int
    first_episode: int
    seen_episode: int
    seen_step: int
    overwritten: int = 0
    overwritten_episode: int | None = None
    former: State | None = None


@dataclass(frozen=True, slots=True)
class Search:
    """What the walks came to: actions and states of the shortest path to a goal, () where none was found."""

    actions: Sequence[int]
    """The actions of the shortest path to a goal."""
    path: Sequence[State]
    """The states of that path."""
    branches: int
    """How many walks set out."""
    found: int
    """How many of them reached a goal with their last step."""
    edges: Sequence[tuple[State, State]]


class MindMemory:
    """Transitions by state and action, in arrays that a search walks through without a loop over walks."""

    def __init__(self, actions: int) -> None:
        self.actions = actions
        self._index: dict[State, int] = {}
        self._states: list[State] = []
        self._rows: dict[tuple[int, int], Remembered] = {}
        self._touched: set[tuple[int, int]] = set()
        self._after = np.full((FIRST_ROOM, actions), UNKNOWN, dtype=np.int32)
        self._moves = np.zeros((FIRST_ROOM, actions), dtype=np.int16)
        self._degree = np.zeros(FIRST_ROOM, dtype=np.int16)
        self._wins = np.zeros((FIRST_ROOM, actions), dtype=bool)

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Remembered]:
        return iter(self._rows.values())

    def _make_room(self) -> None:
        """As much room again."""
        self._after = np.concatenate([self._after, np.full_like(self._after, UNKNOWN)])
        self._moves = np.concatenate([self._moves, np.zeros_like(self._moves)])
        self._degree = np.concatenate([self._degree, np.zeros_like(self._degree)])
        self._wins = np.concatenate([self._wins, np.zeros_like(self._wins)])

    def _place(self, state: State) -> int:
        place = self._index.get(state)
        if place is None:
            place = len(self._states)
            if place >= len(self._degree):
                self._make_room()
            self._index[state] = place
            self._states.append(state)
        return place

    def states(self) -> list[State]:
        """Every state that was seen, in their order as numbers."""
        return sorted(self._states)

    def see(self, state: State, action: int, after: State, reached: bool, now: tuple[int, int]) -> bool:
        """Remember what was seen at `now` (episode, step); whether that contradicts what was remembered."""
        key = self._place(state), action
        known = self._rows.get(key)
        if known is None:
            row = Remembered(state, action, after, reached, 1, now[0], *now)
        elif (known.after, known.reached) == (after, reached):
            row = replace(known, visits=known.visits + 1, seen_episode=now[0], seen_step=now[1])
        else:
            times = known.overwritten + 1
            first = known.first_episode
            row = Remembered(state, action, after, reached, 1, first, *now, times, now[0], known.after)
        self._put(key, row)
        self._touched.add(key)
        return row.visits == 1 and known is not None

    def _put(self, key: tuple[int, int], row: Remembered) -> None:
        place, action = key
        after = self._place(row.after)
        self._rows[key] = row
        self._after[place, action] = after
        self._wins[place, action] = row.reached
        # Walks do not stand still: what leads nowhere is remembered, but not walked.
        leads = [each for each in range(self.actions) if self._after[place, each] not in (UNKNOWN, place)
                 or self._wins[place, each]]  # fmt: skip
        self._moves[place, : len(leads)] = leads
        self._degree[place] = len(leads)

    def load(self, rows: Iterable[Remembered]) -> None:
        """Take over what was kept."""
        for row in rows:
            self._put((self._place(row.state), row.action), row)

    def take_touched(self) -> list[Remembered]:
        """What was seen since this was asked last, to be kept."""
        touched = [self._rows[key] for key in sorted(self._touched)]
        self._touched.clear()
        return touched

    def search(
        self, start: State, goal: State | None, branches: int, depth: int, rng: np.random.Generator, tell: bool = False
    ) -> Search:
        """Walk from `start` until the first of `branches` walks reaches the goal, `depth` steps at the most.

        Without a known goal, a walk arrives where an action is remembered to have reached it. `tell` collects the moves
        that were walked through.
        """
        place, target = self._index.get(start), UNKNOWN if goal is None else self._index.get(goal)
        if place is None or target is None or self._degree[place] == 0:
            return Search((), (), 0, 0, ())
        at = np.full(branches, place, dtype=np.int64)
        walked: list[tuple[np.ndarray, np.ndarray]] = []
        for _ in range(depth):
            drawn = (rng.random(branches) * self._degree[at]).astype(np.int64)
            action = self._moves[at, drawn].astype(np.int64)
            # A state of which nothing is known that leads on holds the walk where it is.
            stuck = self._degree[at] == 0
            after = np.where(stuck, at, self._after[at, action])
            walked.append((at, action))
            hit = (self._wins[at, action] & ~stuck) if goal is None else (after == target) & ~stuck
            at = after
            if hit.any():
                return self._found(walked, at, int(hit.argmax()), branches, int(hit.sum()), tell)
        return Search((), (), branches, 0, self._edges(walked, at) if tell else ())

    def _found(
        self,
        walked: list[tuple[np.ndarray, np.ndarray]],
        at: np.ndarray,
        winner: int,
        branches: int,
        found: int,
        tell: bool,
    ) -> Search:
        path = [self._states[int(places[winner])] for places, _ in walked] + [self._states[int(at[winner])]]
        actions = [int(action[winner]) for _, action in walked]
        return Search(actions, path, branches, found, self._edges(walked, at) if tell else ())

    def _edges(self, walked: list[tuple[np.ndarray, np.ndarray]], at: np.ndarray) -> list[tuple[State, State]]:
        places = [places for places, _ in walked] + [at]
        codes = np.unique(np.concatenate([a * len(self._states) + b for a, b in pairwise(places)]))
        pairs = ((int(code) // len(self._states), int(code) % len(self._states)) for code in codes)
        # In an order that does not depend on which state was seen first, as that is not remembered for ever.
        return sorted((self._states[a], self._states[b]) for a, b in pairs if a != b)
