"""Best-first search over chains of operations, with states told apart by what they do on all inputs of the task.

The idea of searching states de-duplicated by their outputs (observational equivalence, train and test inputs alike) and
then stacking partial solutions is that of the public winner of the 2020 ARC competition; here states are grids and
lists of placed pieces, expanded lazily in the order of description length.
"""

import heapq
from collections.abc import Iterable, Sequence
from itertools import count
from typing import Protocol

from trajectories.core.samplers.symbolic.candidates import SearchBudget
from trajectories.core.samplers.symbolic.memory import Done, Runner, SearchMemory, flatten
from trajectories.core.samplers.symbolic.operation import Kind, Op
from trajectories.core.samplers.symbolic.values import Rows, Value

MAX_FITS = 60
"""Fits that are kept; on easy tasks there are many ways to the same output."""

NEARNESS = 1.0
"""How much cheaper a state counts, in description length, that has all output cells right."""

CALL_WORK = 25
"""Work of one call of an operation besides its cells."""

MISSIZED = 30
"""States of a wrong output size that are remembered as refuted hypotheses, from grids and from pieces."""


class State:
    """What a chain of operations gives on every input; later inputs are only computed when needed.

    `wrong`: the cells that differ from the training outputs, None where the sizes do.
    """

    __slots__ = ("cost", "depth", "done", "kind", "op", "parent", "path", "rank", "wrong")

    def __init__(self, kind: Kind, done: list[Done], parent: "State | None", op: Op | None, step: float = 0.0) -> None:
        self.kind = kind
        self.done = done
        self.parent = parent
        self.op = op
        self.cost: float = parent.cost + op.cost if parent and op else 0.0
        # What the search counts: the costs of the steps as it was told to order them.
        self.path: float = parent.path + step if parent else 0.0
        self.rank: float = self.path
        self.depth: int = parent.depth + 1 if parent else 0
        self.wrong: int | None = None

    @property
    def values(self) -> list[Value]:
        """What the chain gives on the inputs, as far as it was computed."""
        return [done.value for done in self.done]

    @property
    def surprise(self) -> float:
        """By how much the chain is longer as the search counts it than by its description."""
        return self.path - self.cost

    @property
    def steps(self) -> tuple[Op, ...]:
        """The operations from the input to this state."""
        chain: list[Op] = []
        state: State | None = self
        while state is not None and state.op is not None:
            chain.append(state.op)
            state = state.parent
        return tuple(reversed(chain))


Groups = list[tuple[float, list[tuple[Runner, float]]]]
"""Operations with their costs; those of about the same cost together, cheapest first."""


def group_by_cost(runners: Iterable[Runner], costs: Iterable[float]) -> Groups:
    """Operations of the same cost, to one decimal, together, cheapest first."""
    groups: dict[float, list[tuple[Runner, float]]] = {}
    for runner, cost in zip(runners, costs):
        groups.setdefault(round(cost, 1), []).append((runner, cost))
    return sorted(groups.items(), key=lambda group: group[0])


class Order(Protocol):
    """In which order operations are tried."""

    def costs(self, ops: Sequence[Op], previous: str) -> list[float]:
        """What it costs to go on with each operation after the one of that name, "" at the start."""
        ...


class ByDescription:
    """The order of description length alone."""

    def costs(self, ops: Sequence[Op], previous: str) -> list[float]:  # noqa: ARG002
        """See Order."""
        return [op.cost for op in ops]


class Fit:
    """A state that gives every training output, after exchanging colours by `table`, which may be empty."""

    __slots__ = ("state", "table")

    def __init__(self, state: State, table: dict[int, int]) -> None:
        self.state = state
        self.table = table


class Search:
    """One search in one frame. It leaves `fits`, `layers` (states of the outputs' sizes) and `missized` (of others)."""

    def __init__(
        self,
        inputs: Sequence[Rows],
        targets: Sequence[Rows],
        ops: Sequence[Op],
        order: Order | None = None,
        memory: SearchMemory | None = None,
    ) -> None:
        self.inputs = list(inputs)
        self.shapes = [(len(rows), len(rows[0])) for rows in targets]
        self.target = b"".join(flatten(rows) for rows in targets)
        self.memory = memory or SearchMemory()
        runners = [self.memory.runner(op) for op in ops]
        self._runners: dict[Kind, list[Runner]] = {
            "grid": [runner for runner in runners if runner.op.takes == "grid"],
            "pieces": [runner for runner in runners if runner.op.takes == "pieces"],
        }
        # Kept, as an order may remember what it made of a list.
        self._ops = {kind: [runner.op for runner in found] for kind, found in self._runners.items()}
        self._order = order or ByDescription()
        self._habits = order is not None
        self._grouped: dict[tuple[Kind, str], Groups] = {}
        self.fits: list[Fit] = []
        self.layers: list[tuple[State, bytes]] = []
        self.missized: dict[Kind, list[State]] = {"grid": [], "pieces": []}
        self.evaluated = 0
        self._seen: set[tuple[int, ...]] = set()
        self._fit_of: dict[tuple[int, ...], Fit] = {}
        self._target_number = int.from_bytes(self.target, "little")
        self._hardness = len(self.target)
        self._heap: list[tuple[float, int, State, int]] = []
        self._serial = count()
        root = State("grid", [self.memory.grid(rows) for rows in self.inputs], None, None)
        self._seen.add(tuple([done.number for done in root.done]))
        self._assess(root)
        self._push(root, 0)

    @property
    def states(self) -> int:
        """The number of different states met so far."""
        return len(self._seen)

    def run(self, budget: SearchBudget, stop_below: int = 0) -> None:
        """Go on until the budget is down to `stop_below` or nothing is left to try."""
        while self._heap and budget.left > stop_below:
            _, _, parent, index = heapq.heappop(self._heap)
            if not self._complete(parent, budget):
                continue
            groups = self._groups(parent)
            self._push(parent, index + 1)
            for runner, cost in groups[index][1]:
                state = self._apply(parent, runner, cost, budget)
                if state is not None:
                    self._push(state, 0)

    def _groups(self, state: State) -> Groups:
        """The operations that may follow a state."""
        previous = state.op.function.__name__ if self._habits and state.op is not None else ""
        found = self._grouped.get((state.kind, previous))
        if found is None:
            runners = self._runners[state.kind]
            found = group_by_cost(runners, self._order.costs(self._ops[state.kind], previous))
            self._grouped[state.kind, previous] = found
        return found

    def _push(self, state: State, index: int) -> None:
        groups = self._groups(state)
        if index < len(groups):
            heapq.heappush(self._heap, (state.rank + groups[index][0], next(self._serial), state, index))

    def _apply(self, parent: State, runner: Runner, cost: float, budget: SearchBudget) -> State | None:
        self.evaluated += 1
        before = parent.done[0]
        budget.left -= CALL_WORK + before.cells * runner.weight
        first = runner.run(before, self.inputs[0])
        if first is None:
            return None
        op = runner.op
        state = State(op.gives, [first], parent, op, cost)
        if op.gives == "grid":
            if first.shape == self.shapes[0]:
                return state if self._complete(state, budget) else None
            missized = self.missized[parent.kind]
            if len(missized) < MISSIZED:
                missized.append(state)
        return state

    def _complete(self, state: State, budget: SearchBudget) -> bool:
        """Compute what is missing; False where the state does not apply to some input or is known already."""
        if len(state.done) == len(self.inputs):
            return True
        parent, op = state.parent, state.op
        assert parent is not None
        assert op is not None
        runner = self.memory.runner(op)
        for position in range(len(state.done), len(self.inputs)):
            before = parent.done[position]
            budget.left -= CALL_WORK + before.cells * runner.weight
            done = runner.run(before, self.inputs[position])
            if done is None:
                return False
            state.done.append(done)
        key = tuple([done.number for done in state.done])
        if key in self._seen:
            # Another way to a known fit is no new state, but it is a program of its own.
            known = self._fit_of.get(key)
            if known is not None and len(self.fits) < MAX_FITS:
                self.fits.append(Fit(state, known.table))
            return False
        self._seen.add(key)
        if state.kind == "grid":
            fits = len(self.fits)
            self._assess(state)
            if len(self.fits) > fits:
                self._fit_of[key] = self.fits[-1]
        return True

    def _assess(self, state: State) -> None:
        """Compare a state with the training outputs: a fit, a fit after painting, or a layer for stacking."""
        compared = state.done[: len(self.shapes)]
        if [done.shape for done in compared] != self.shapes:
            return
        flat = b"".join([done.flat for done in compared])
        self.layers.append((state, flat))
        apart = int.from_bytes(flat, "little") ^ self._target_number
        state.wrong = len(flat) - apart.to_bytes(len(flat), "little").count(0)
        if not state.depth:
            self._hardness = state.wrong
        # What comes nearer to the outputs than the input does is worth going on from.
        state.rank -= NEARNESS * max(0.0, 1.0 - state.wrong / max(1, self._hardness))
        if not state.wrong:
            self.fits.append(Fit(state, {}))
            return
        pairs = set(zip(flat, self.target))
        if len(pairs) == len(set(flat)) and len(pairs) > 1:
            self.fits.append(Fit(state, {a: b for a, b in sorted(pairs) if a != b}))
