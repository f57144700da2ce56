"""Grid and object search on one task: frames, chains, stacks; the result is a ranked list of candidates."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from trajectories.core.problems.arc import ArcTask
from trajectories.core.problems.grids import Grid
from trajectories.core.samplers.symbolic.candidates import Candidate, SearchBudget
from trajectories.core.samplers.symbolic.catalogue import build_catalogue
from trajectories.core.samplers.symbolic.engine import Order, Search, State
from trajectories.core.samplers.symbolic.frames import Frame, choose_frames
from trajectories.core.samplers.symbolic.grid import colour
from trajectories.core.samplers.symbolic.memory import SearchMemory
from trajectories.core.samplers.symbolic.object.learn import learn_answers, learn_rules
from trajectories.core.samplers.symbolic.operation import Op, to_rows
from trajectories.core.samplers.symbolic.program import GridProgram, Layer, title_table
from trajectories.core.samplers.symbolic.stacking import BY_TABLE, ENTRY, Choice, Stack, Stacker
from trajectories.core.samplers.symbolic.values import Rows

MAX_STACKED = 1500
STACKED_CELLS = 2_500_000
"""Layers that are stacked are bounded by number and by cells, which bounds memory."""

GUARD_SECONDS = 900.0
"""No search takes this long on any machine in working order: the work budget ends it within seconds."""

STARTS = 12
EARLY_STARTS = 2
"""Of a look at the stacks in the middle of a search: it found each of the ten that STARTS found in 53 frames, in a
quarter of the time."""

EASY_BOTH, EASY_ONE = 0.2, 0.5
NEAR_PROGRAMS = 40
LOOKS = 100
"""How often within its budget a search in a learnt order looks whether it is done."""

PATIENCE = 2.0
LEAST_SPENT = 0.03
"""It goes on for as long again after the first fit, and for this share of the budget at the least."""

STACKED_AT = 0.2
"""After which share of the budget layers are stacked, once: it takes as long as some thousand states do."""


class SearchTimeoutError(RuntimeError):
    """The machine is so slow or suspended that a search met its wall-clock guard."""


@dataclass
class Exploration:
    """What a search found and how much it looked at."""

    candidates: list[Candidate]
    states: int = 0
    evaluated: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """A program with what the search saw each of its layers give on every input; None where it has to be run."""

    program: GridProgram
    layers: Sequence[Sequence[Rows]] | None = None


def make_candidate(program: GridProgram, task: ArcTask) -> Candidate:
    """Run a program on all inputs of the task."""
    return _candidate(program, task, [program.run(pair.input) for pair in (*task.train, *task.test)])


def candidate_of(finding: Finding, task: ArcTask, inputs: Sequence[Rows]) -> Candidate:
    """The candidate that a finding is: what was computed once is not computed again."""
    program, layers = finding.program, finding.layers
    if layers is None:
        return make_candidate(program, task)
    outputs = [program.finish([grids[i] for grids in layers], rows) for i, rows in enumerate(inputs)]
    return _candidate(program, task, outputs)


def _candidate(program: GridProgram, task: ArcTask, outputs: Sequence[Grid | None]) -> Candidate:
    train, test = tuple(outputs[: len(task.train)]), tuple(outputs[len(task.train) :])
    matches = tuple(output == pair.output for output, pair in zip(train, task.train))
    return Candidate(program.view, program, train, test, matches)


def explore(task: ArcTask, budget: SearchBudget, order: Order | None = None) -> Exploration:
    """Search all frames within the budget, in an order of its own or in that of description length.

    An order that was learnt ends the search soon after something fits (see `is_found`), and looks no further for the
    same in other frames than it had to in the first: what it saves is what it is for.
    """
    inputs = [to_rows(pair.input) for pair in (*task.train, *task.test)]
    outputs = [to_rows(pair.output) for pair in task.train if pair.output is not None]
    frames = choose_frames(inputs, outputs)
    found: dict[str, Candidate] = {}
    result = Exploration([])
    total = budget.left
    shares = {1: (1.0,), 2: (0.6, 0.4), 3: (0.45, 0.35, 0.2)}[len(frames)]
    enough = total
    for frame, share in zip(frames, shares):
        allowed = min(int(total * share), enough)
        part = SearchBudget(allowed)
        search = explore_frame(frame, inputs, outputs, part, order)
        budget.spend(allowed - part.left)
        for finding in programs_of(search, frame):
            if finding.program.key not in found:
                found[finding.program.key] = candidate_of(finding, task, inputs)
        search.memory.forget()
        result.states += search.states
        result.evaluated += search.evaluated
        if order is not None and any(candidate.fits for candidate in found.values()):
            enough = min(enough, allowed - part.left)
    result.candidates = sorted(found.values(), key=lambda c: (not c.fits, -sum(c.train_matches), c.program.cost))
    return result


def explore_frame(
    frame: Frame | None,
    inputs: Sequence[Rows],
    outputs: Sequence[Rows],
    budget: SearchBudget,
    order: Order | None = None,
) -> Search:
    """Search one frame until the budget is spent, or earlier where the task turns out to be easy."""
    starts = [enter(frame, rows, rows) for rows in inputs]
    targets = [enter(frame, rows, given) for rows, given in zip(outputs, inputs)]
    ops = build_catalogue(starts[: len(targets)], targets)
    memory = SearchMemory()
    search = Search(starts, targets, [*ops, *learned_ops(starts, targets, ops, memory)], order, memory)
    total = budget.left
    watch = SearchWatch(search, total) if order is not None else None
    started = time.monotonic()
    while budget.left > 0:
        if time.monotonic() - started > GUARD_SECONDS:
            raise SearchTimeoutError(f"The search was still running after {GUARD_SECONDS:g} seconds.")
        before = budget.left
        search.run(budget, stop_below=max(0, budget.left - total // (LOOKS if watch else 20)))
        spent = total - budget.left
        if before == budget.left or (watch.is_found(spent) if watch else is_easy(search, spent / total)):
            break
    return search


class SearchWatch:
    """Says when a search in a learnt order has found what it is going to find.

    Chains come in the order of how likely they are, so that what fits first is most often right: some more work shows
    other programs that are nearly as likely, among which the votes are then counted. Layers that fit together are
    looked for once, since no state tells of them.
    """

    def __init__(self, search: Search, total: int) -> None:
        self._search, self._total = search, total
        self._first: int | None = None
        self._next_stack = int(total * STACKED_AT)

    def is_found(self, spent: int) -> bool:
        """Whether to end the search after so much work."""
        if self._first is None and (self._search.fits or self._stacks(spent)):
            self._first = spent
        return self._first is not None and spent >= max(self._first * PATIENCE, self._total * LEAST_SPENT)

    def _stacks(self, spent: int) -> bool:
        if spent < self._next_stack or not self._search.layers:
            return False
        self._next_stack = self._total + 1
        return next(iter(best_stacks(self._search, EARLY_STARTS)[1]), Stack((), 1)).wrong == 0


def is_easy(search: Search, spent: float) -> bool:
    """Whether fits were found long enough ago: of both views after a fifth of the budget, of one after a half."""
    views = {GridProgram((Layer(fit.state.steps),)).view for fit in search.fits}
    return (len(views) == 2 and spent > EASY_BOTH) or (len(views) == 1 and spent > EASY_ONE)


def enter(frame: Frame | None, rows: Rows, given: Rows) -> Rows:
    """A grid as seen in a frame that was chosen because it applies to all grids of the task."""
    seen = frame.enter(rows, given) if frame else rows
    assert seen is not None
    return seen


def learned_ops(
    starts: Sequence[Rows], targets: Sequence[Rows], ops: Sequence[Op], memory: SearchMemory | None = None
) -> list[Op]:
    """Rules learned from the pairs: about whole grids, and about objects for every way of finding them."""
    count = len(targets)
    answers = list(learn_answers(starts[:count], targets, starts[count:]))
    if any((len(a), len(a[0])) != (len(b), len(b[0])) for a, b in zip(starts, targets)):
        return answers
    found: dict[str, Op] = {}
    memory = memory or SearchMemory()
    for op in ops:
        if op.takes == "grid" and op.gives == "pieces":
            runner = memory.runner(op)
            pieces = [done.value for rows in starts if (done := runner.run(memory.grid(rows), rows)) is not None]
            if len(pieces) == len(starts):
                rules = learn_rules(pieces[:count], targets, pieces[count:], memory.recall)
                found |= {rule.key: rule for rule in rules}
    return [*answers, *found.values()]


def programs_of(search: Search, frame: Frame | None) -> Iterator[Finding]:
    """Fitting chains, fitting and partial stacks, and the nearest chains."""
    for fit in search.fits:
        layer = Layer(fit.state.steps + exchange(fit.table), surprise=fit.state.surprise)
        yield Finding(GridProgram((layer,), frame), [recoloured(fit.state, fit.table)])
    if search.layers:
        yield from stacked_programs(search, frame)
        yield from near_programs(search, frame)
    if len(search.layers) < NEAR_PROGRAMS:
        for states in search.missized.values():
            yield from (Finding(GridProgram((Layer(state.steps),), frame)) for state in states)


def recoloured(state: State, table: dict[int, int]) -> list[Rows]:
    """A state's grids with colours exchanged by a table, which may be empty."""
    return [colour.recolour(rows, table) for rows in state.values] if table else state.values


def stacked_programs(search: Search, frame: Frame | None) -> Iterator[Finding]:
    """Greedy stacks of the cheapest layers, fits first."""
    layers, stacks = best_stacks(search, STARTS)
    for stack in stacks:
        made = [make_layer(layers[choice.index][0], choice) for choice in stack.choices]
        grids = [
            recoloured(layers[choice.index][0], {} if choice.mode == BY_TABLE else dict(choice.table))
            for choice in stack.choices
        ]
        yield Finding(GridProgram(tuple(made), frame), grids)


def best_stacks(search: Search, starts: int) -> tuple[list[tuple[State, bytes]], list[Stack]]:
    """The layers that are stacked, and the stacks of them, fits first."""
    layers = search.layers[: min(MAX_STACKED, STACKED_CELLS // len(search.target))]
    costs = [(state.cost + state.path) / 2 for state, _ in layers]
    return layers, Stacker([flat for _, flat in layers], costs, search.target).best(starts)


def make_layer(state: State, choice: Choice) -> Layer:
    """The layer of a stack that a choice describes."""
    if choice.mode == BY_TABLE:
        return Layer(state.steps, choice.table, state.surprise)
    return Layer(state.steps + exchange(dict(choice.table)), surprise=state.surprise)


def exchange(table: dict[int, int]) -> tuple[Op, ...]:
    """The operation that exchanges colours by a table; none where the table is empty."""
    if not table:
        return ()
    title = title_table(table)
    return (Op(colour.recolour, "grid", "grid", title, ENTRY * len(table), (table,)),)


def near_programs(search: Search, frame: Frame | None) -> Iterator[Finding]:
    """The chains whose outputs differ from the training outputs in the fewest cells."""
    near = sorted(
        (state for state, _ in search.layers if state.depth and state.wrong),
        key=lambda state: (state.wrong, state.cost),
    )
    found: dict[str, list[Finding]] = {"grid": [], "object": []}
    for state in near[: 20 * NEAR_PROGRAMS]:
        program = GridProgram((Layer(state.steps, surprise=state.surprise),), frame)
        if len(found[program.view]) < NEAR_PROGRAMS:
            found[program.view].append(Finding(program, [state.values]))
    for findings in found.values():
        yield from findings
