"""Best-first search over chains of operations, with states told apart by what they do on all inputs of the task.

The idea of searching states de-duplicated by their outputs (observational equivalence, train and test inputs alike) and
then stacking partial solutions is that of the public winner of the 2020 ARC competition; here states are grids and
lists of placed pieces, expanded lazily in the order of description length.
"""

import heapq
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from trajectories.core.samplers.symbolic.candidates import SearchBudget
from trajectories.core.samplers.symbolic.memory import Done, Runner, SearchMemory, flatten
from trajectories.core.samplers.symbolic.operation import Kind, Op
from trajectories.core.samplers.symbolic.quick.flat import exchange
from trajectories.core.samplers.symbolic.sizes import NO_SIZE, SizeRules
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

    __slots__ = ("cost", "depth", "done", "kind", "op", "parent", "path", "rank", "runner", "wrong")

    def __init__(
        self,
        kind: Kind,
        done: list[Done],
        parent: "State | None" = None,
        runner: Runner | None = None,
        step: float = 0.0,
    ) -> None:
        self.kind = kind
        self.done = done
        self.parent = parent
        self.runner = runner
        self.op = op = runner.op if runner else None
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


Member = tuple[int, Runner, float]
"""An operation with its place in its group and its cost."""


@dataclass(frozen=True, slots=True)
class GroupPlan:
    """What to run at once of a group, and what when its turn comes: by cost and the cost of what may follow."""

    now: list[Member]
    later: list[tuple[float, float, list[Member]]]


class Group:
    """Operations of about the same cost; `work` of one cell, and `plans` by what may give the outputs' size."""

    __slots__ = ("cost", "members", "plans", "work")

    def __init__(self, cost: float, members: list[Member]) -> None:
        self.cost = cost
        self.members = members
        self.work = sum(runner.weight for _, runner, _ in members)
        self.plans: dict[Hashable, GroupPlan] = {}


class Waiting:
    """Operations on a state, not run yet, of which the search has come to number `next`."""

    __slots__ = ("first", "members", "next", "parent")

    def __init__(self, parent: State, members: list[Member], first: int) -> None:
        self.parent = parent
        self.members = members
        self.first = first
        self.next = 0


def group_by_cost(runners: Iterable[Runner], costs: Iterable[float]) -> list[Group]:
    """Operations of the same cost, to one decimal, together, cheapest first."""
    groups: dict[float, list[Member]] = {}
    for runner, cost in zip(runners, costs):
        members = groups.setdefault(round(cost, 1), [])
        members.append((len(members), runner, cost))
    return [Group(cost, members) for cost, members in sorted(groups.items(), key=lambda group: group[0])]


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


def exchanged(flat: bytes, target: bytes) -> dict[int, int] | None:
    """The colour that each colour of a grid's cells has in the target, None where one has several."""
    places = [(colour, flat.find(colour)) for colour in range(10)]
    table = {colour: target[place] for colour, place in places if place >= 0}
    return table if flat.translate(exchange(tuple(table.items()))) == target else None


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
        self._grouped: dict[tuple[Kind, str], list[Group]] = {}
        self._sizes = SizeRules(ops, (len(inputs[0]), len(inputs[0][0])), self.shapes[0])
        self._picked: dict[int, bool] = {}
        self.fits: list[Fit] = []
        self.layers: list[tuple[State, bytes]] = []
        self.missized: dict[Kind, list[State]] = {"grid": [], "pieces": []}
        self.evaluated = 0
        self._seen: set[tuple[int, ...]] = set()
        self._fit_of: dict[tuple[int, ...], Fit] = {}
        self._target_number = int.from_bytes(self.target, "little")
        self._hardness = len(self.target)
        self._heap: list[tuple[float, int, State | Waiting, int]] = []
        self._serial = 0
        root = State("grid", [self.memory.grid(rows) for rows in self.inputs])
        self._seen.add(tuple([done.number for done in root.done]))
        self._assess(root)
        self._push(root, 0, self._next_serial(1))

    @property
    def states(self) -> int:
        """The number of different states met so far."""
        return len(self._seen)

    def run(self, budget: SearchBudget, stop_below: int = 0) -> None:
        """Go on until the budget is down to `stop_below` or nothing is left to try."""
        while self._heap and budget.left > stop_below:
            rank, _, entry, index = heapq.heappop(self._heap)
            parent = self._run_next(entry, rank) if isinstance(entry, Waiting) else entry
            if parent is None or not self._complete(parent, budget):
                continue
            group = self._groups(parent)[index]
            self._push(parent, index + 1, self._next_serial(1))
            self._apply_all(parent, group, budget)

    def _groups(self, state: State) -> list[Group]:
        """The operations that may follow a state."""
        return self._groups_after(state.kind, state.op)

    def _groups_after(self, kind: Kind, op: Op | None) -> list[Group]:
        previous = op.function.__name__ if self._habits and op is not None else ""
        found = self._grouped.get((kind, previous))
        if found is None:
            runners = self._runners[kind]
            found = group_by_cost(runners, self._order.costs(self._ops[kind], previous))
            self._grouped[kind, previous] = found
        return found

    def _next_serial(self, count: int) -> int:
        """The first of so many numbers, by which equal ranks keep the order in which they came up."""
        self._serial += count
        return self._serial - count

    def _push(self, state: State, index: int, serial: int) -> None:
        groups = self._groups(state)
        if index < len(groups):
            heapq.heappush(self._heap, (state.rank + groups[index].cost, serial, state, index))

    def _apply_all(self, parent: State, group: Group, budget: SearchBudget) -> None:
        """Apply a group: what may give the outputs' size at once. The rest waits, though its work is counted."""
        self.evaluated += len(group.members)
        budget.left -= CALL_WORK * len(group.members) + parent.done[0].cells * group.work
        plan, serial = self._plan(parent, group), self._next_serial(len(group.members))
        for cost, following, members in plan.later:
            first = serial + members[0][0]
            waiting = Waiting(parent, members, serial)
            heapq.heappush(self._heap, (parent.path + cost + following, first, waiting, 0))
        for place, runner, cost in plan.now:
            state = self._apply(parent, runner, cost, budget)
            if state is not None:
                self._push(state, 0, serial + place)

    def _plan(self, parent: State, group: Group) -> GroupPlan:
        before = parent.done[0]
        full = len(self.missized[parent.kind]) >= MISSIZED
        # Until there are enough refuted hypotheses of other sizes, every grid is made.
        answers = self._sizes.answers(before.shape or NO_SIZE) if full else ()
        picked = full and before.shape is None and self._has_target_size(before)
        found = group.plans.get((answers, picked))
        if found is None:
            found = group.plans[answers, picked] = self._make_plan(group, full, answers, picked)
        return found

    def _has_target_size(self, pieces: Done) -> bool:
        found = self._picked.get(pieces.number)
        if found is None:
            found = any((len(rows), len(rows[0])) == self.shapes[0] for _, _, rows in pieces.value)
            self._picked[pieces.number] = found
        return found

    def _make_plan(self, group: Group, full: bool, answers: tuple[bool, ...], picked: bool) -> GroupPlan:
        now: list[Member] = []
        later: dict[tuple[float, float], list[Member]] = {}
        for member in group.members:
            _, runner, cost = member
            op = runner.op
            if op.gives == "grid" and (not full or self._sizes.may_give(op, answers, picked)):
                now.append(member)
            elif following := self._groups_after(op.gives, op):
                later.setdefault((cost, following[0].cost), []).append(member)
        return GroupPlan(now, [(cost, following, members) for (cost, following), members in later.items()])

    def _run_next(self, waiting: Waiting, rank: float) -> State | None:
        """Run the operation that has come up, and leave the next one waiting."""
        parent = waiting.parent
        _, runner, cost = waiting.members[waiting.next]
        waiting.next += 1
        if waiting.next < len(waiting.members):
            serial = waiting.first + waiting.members[waiting.next][0]
            heapq.heappush(self._heap, (rank, serial, waiting, 0))
        first = runner.run(parent.done[0], self.inputs[0])
        return None if first is None else State(runner.op.gives, [first], parent, runner, cost)

    def _apply(self, parent: State, runner: Runner, cost: float, budget: SearchBudget) -> State | None:
        first = runner.run(parent.done[0], self.inputs[0])
        if first is None:
            return None
        state = State(runner.op.gives, [first], parent, runner, cost)
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
        parent, runner = state.parent, state.runner
        assert parent is not None
        assert runner is not None
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
        table = exchanged(flat, self.target)
        if table is not None and len(table) > 1:
            self.fits.append(Fit(state, {a: b for a, b in table.items() if a != b}))
