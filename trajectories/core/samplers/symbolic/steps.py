"""Next steps of a program: what tree searches ask the symbolic sampler for, one step at a time.

A step leads from one grid to the next: one operation on grids, or finding objects, changing them and drawing them. The
sampler proposes next steps in an order of its own, by description length and by how near they come to the outputs;
which of them are gone on from is for the strategy to say.
"""

import ast
import heapq
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from operator import ne

from trajectories.core.identity import derive_seed
from trajectories.core.problems.arc import ArcTask
from trajectories.core.samplers.symbolic.candidates import Candidate
from trajectories.core.samplers.symbolic.catalogue import build_catalogue
from trajectories.core.samplers.symbolic.engine import CALL_WORK, NEARNESS
from trajectories.core.samplers.symbolic.explore import enter, exchange, learned_ops, make_candidate
from trajectories.core.samplers.symbolic.frames import Frame, choose_frames
from trajectories.core.samplers.symbolic.grid import colour
from trajectories.core.samplers.symbolic.memory import Done, SearchMemory, flatten
from trajectories.core.samplers.symbolic.operation import Op, to_rows
from trajectories.core.samplers.symbolic.program import GridProgram, Layer
from trajectories.core.samplers.symbolic.values import Rows

STEP_VIEWS = ("grid", "object")
"""The views whose programs are chains of operations."""

STEP_WORK = 600_000
"""Work units of looking for the next steps of one program: about a tenth of a CPU second."""

TASKS_KEPT, PREFIXES_KEPT = 8, 256
MOST_OPERATIONS = 200
"""Operations of a program that can be gone on from."""


class StepError(ValueError):
    """A program that cannot be gone on from; the message is for people."""


@dataclass(frozen=True, eq=False)
class Toolbox:
    """What every program of a task is made of: the frame that it is seen in, its grids, and the operations."""

    frame: Frame | None
    starts: Sequence[Rows]
    targets: Sequence[Rows]
    ops: dict[str, Op]


@dataclass(frozen=True, slots=True)
class NextSteps:
    """The programs with one step more, likeliest first, and how much was looked at to find them."""

    ranked: Sequence[Candidate]
    chains: Sequence[tuple[str, ...]]
    evaluated: int
    work: int


@lru_cache(maxsize=TASKS_KEPT)
def toolbox(task: ArcTask) -> Toolbox:
    """The operations for a task, in the first frame that the whole search would take."""
    inputs = [to_rows(pair.input) for pair in (*task.train, *task.test)]
    outputs = [to_rows(pair.output) for pair in task.train if pair.output is not None]
    frame = choose_frames(inputs, outputs)[0]
    starts = [enter(frame, rows, rows) for rows in inputs]
    targets = [enter(frame, rows, given) for rows, given in zip(outputs, inputs)]
    ops = build_catalogue(starts[: len(targets)], targets)
    every = [*ops, *learned_ops(starts, targets, ops)]
    return Toolbox(frame, starts, targets, {op.key: op for op in every})


@lru_cache(maxsize=PREFIXES_KEPT)
def next_steps(task: ArcTask, view: str, chain: tuple[str, ...], work: int = STEP_WORK) -> NextSteps:
    """All next steps of the program whose operations have these keys, found within the work. Raises StepError."""
    tools = toolbox(task)
    prefix = _operations(tools, chain)
    search = _Expansion(tools, prefix, about_objects=view == "object", work=work)
    found = search.run()
    candidates = [make_candidate(GridProgram((Layer(steps),), tools.frame), task) for steps in found]
    order = sorted(range(len(found)), key=lambda at: (not candidates[at].fits, at))
    return NextSteps(
        ranked=[candidates[at] for at in order],
        chains=[tuple(op.key for op in found[at]) for at in order],
        evaluated=search.evaluated,
        work=work - search.left,
    )


def arrange_steps(found: NextSteps, chain: tuple[str, ...], temperature: float, seed: int) -> list[int]:
    """The places of the next steps in the order in which they are drawn, without repetition.

    A temperature above 0 perturbs the ranks by seeded Gumbel noise of that scale, as for whole programs.
    """
    places = list(range(len(found.ranked)))
    if temperature <= 0:
        return places
    noise = random.Random(derive_seed(seed, *chain))
    scores = [-math.log(place + 1) - temperature * math.log(-math.log(noise.random() or 1e-12)) for place in places]
    return sorted(places, key=lambda place: -scores[place])


def program_of(task: ArcTask, chain: tuple[str, ...]) -> GridProgram:
    """The program whose operations have these keys. Raises StepError."""
    tools = toolbox(task)
    return GridProgram((Layer(_operations(tools, chain)),), tools.frame)


def _operations(tools: Toolbox, chain: tuple[str, ...]) -> tuple[Op, ...]:
    """The operations of a chain by their keys. Raises StepError."""
    if len(chain) > MOST_OPERATIONS:
        raise StepError(f"The program has {len(chain)} operations; expected at most {MOST_OPERATIONS}.")
    found: list[Op] = []
    for key in chain:
        op = tools.ops.get(key) or _exchange(key)
        if op is None:
            raise StepError(f"The operation {key[:80]!r} is none of this task's; the program cannot be gone on from.")
        found.append(op)
    return tuple(found)


def _exchange(key: str) -> Op | None:
    """The exchange of colours that has this key: its table depends on the program before it, not on the task."""
    name = f"{colour.recolour.__name__}("
    if not key.startswith(name):
        return None
    try:
        table = ast.literal_eval(key[len(name) : -1])
    except (ValueError, SyntaxError):
        return None
    ops = exchange(table) if isinstance(table, dict) else ()
    return ops[0] if ops and ops[0].key == key else None


class _Expansion:
    """Chains of operations from one grid to others, cheapest first; grids that are reached are not gone on from."""

    def __init__(self, tools: Toolbox, prefix: tuple[Op, ...], *, about_objects: bool, work: int) -> None:
        self._tools, self._prefix = tools, prefix
        self._memory = SearchMemory()
        allowed = [op for op in tools.ops.values() if about_objects or not op.about_objects]
        self._ops = {kind: [op for op in allowed if op.takes == kind] for kind in ("grid", "pieces")}
        self.left, self.evaluated = work, 0
        self._target = b"".join(map(flatten, tools.targets))
        self._shapes = [(len(rows), len(rows[0])) for rows in tools.targets]
        self._hardness: int | None = None
        self._seen: set[tuple[int, ...]] = set()
        self._found: list[tuple[float, int, tuple[Op, ...]]] = []
        self._serial = count()

    def run(self) -> list[tuple[Op, ...]]:
        """The whole programs with one step more, likeliest first."""
        values = self._through_prefix()
        self._hardness = self._wrong(values)
        heap: list[tuple[float, int, tuple[Op, ...], list[Done], str]] = []
        heapq.heappush(heap, (0.0, next(self._serial), (), values, "grid"))
        while heap and self.left > 0:
            cost, _, steps, values, kind = heapq.heappop(heap)
            for op in self._ops[kind]:
                if self.left <= 0:
                    break
                after = self._apply(op, values)
                if after is None or not self._is_new(after):
                    continue
                if op.gives == "grid":
                    self._keep(cost + op.cost, (*steps, op), after)
                else:
                    heapq.heappush(heap, (cost + op.cost, next(self._serial), (*steps, op), after, "pieces"))
        return [(*self._prefix, *steps) for _, _, steps in sorted(self._found, key=lambda each: each[:2])]

    def _through_prefix(self) -> list[Done]:
        """The grids that the program so far gives; what it passed through is no next step. Raises StepError."""
        values = [self._memory.grid(rows) for rows in self._tools.starts]
        kind = "grid"
        self._is_new(values)
        for op in self._prefix:
            after = self._apply(op, values) if op.takes == kind else None
            if after is None:
                raise StepError("The program has no output for some input; it cannot be gone on from.")
            values, kind = after, op.gives
            self._is_new(values)
        if kind != "grid":
            raise StepError("The program ends in pieces; only one that gives a grid can be gone on from.")
        return values

    def _apply(self, op: Op, values: Sequence[Done]) -> list[Done] | None:
        self.evaluated += 1
        runner = self._memory.runner(op)
        after: list[Done] = []
        for value, start in zip(values, self._tools.starts):
            self.left -= CALL_WORK + value.cells * op.weight
            made = runner.run(value, start)
            if made is None:
                return None
            after.append(made)
        return after

    def _is_new(self, values: Sequence[Done]) -> bool:
        key = tuple([value.number for value in values])
        if key in self._seen:
            return False
        self._seen.add(key)
        return True

    def _keep(self, cost: float, steps: tuple[Op, ...], values: Sequence[Done]) -> None:
        """Keep a grid as a next step, and the same with its colours exchanged where that gives every output."""
        wrong = self._wrong(values)
        rank = cost
        if wrong is not None:
            before = self._hardness if self._hardness is not None else len(self._target)
            rank -= NEARNESS * max(0.0, 1.0 - wrong / max(1, before))
        self._found.append((rank, next(self._serial), steps))
        if wrong:
            flat = b"".join(value.flat for value in values[: len(self._shapes)])
            pairs = set(zip(flat, self._target))
            table = {a: b for a, b in sorted(pairs) if a != b}
            if len(pairs) == len({a for a, _ in pairs}) and len(pairs) > 1:
                self._found.append((rank, next(self._serial), (*steps, *exchange(table))))

    def _wrong(self, values: Sequence[Done]) -> int | None:
        """The wrong cells on the training pairs; None where a size is wrong."""
        grids = values[: len(self._shapes)]
        if [value.shape for value in grids] != self._shapes:
            return None
        wrong: int = sum(map(ne, b"".join([value.flat for value in grids]), self._target))
        return wrong
