"""What the replay page draws: the program by lines, one pair's statements, and the grids after one of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString

from trajectories.core.problems.grids import GridError, parse_grid
from trajectories.core.programs.claims import HeldClaim, hold_claim
from trajectories.core.programs.replays import STOPPED, PairReplay, grid_cells, grid_digits
from trajectories.core.prompts.grid_answers import find_grids
from trajectories.core.records import JSON, ProblemRecord
from trajectories.core.rendering.difference import Cell
from trajectories.models import Trace
from trajectories.templatetags.markup import code_lines

MOST_LINES = 5_000
MOST_CLAIMS = 40
CLAIM_CHARACTERS = 2_000_000
"""Characters of a trace's steps that claims are looked for in."""


@dataclass(frozen=True, slots=True)
class ReplayedPair:
    """One pair as it is replayed. `expected` is None where the answer is unknown."""

    number: int
    label: str
    replay: PairReplay
    input: JSON
    expected: JSON

    @property
    def result(self) -> JSON:
        """The grid that the program returned, None for anything else."""
        return None if self.replay.result is None else grid_cells(self.replay.result)

    @property
    def outcome(self) -> str:
        """pass, fail or unscored, as far as the replay itself tells; error where it tells nothing."""
        if self.replay.result is None:
            return "fail" if self.replay.fault_line or self.replay.other else "error"
        return "unscored" if self.expected is None else "pass" if self.result == self.expected else "fail"

    @property
    def ended(self) -> str:
        """Why there is no more of it, "" where it ran to its end."""
        return STOPPED.get(self.replay.stopped, "")


@dataclass(frozen=True, slots=True)
class ShownVariable:
    """A grid in a variable after a statement. `changed` are the cells in which it differs from before, None where all
    of it is new; `is_new` says that the statement has set it at all."""

    name: str
    grid: JSON
    is_new: bool
    changed: Sequence[Cell] | None


@dataclass(frozen=True, slots=True)
class CodeLine:
    """A line of the program; `step` is the first statement of the pair that ran it, None where none did."""

    number: int
    html: SafeString
    step: int | None


@dataclass(frozen=True, slots=True)
class Moment:
    """The state after one statement: `place` counts the statements that are walked through, from 0, of `total`.

    `function` is "" in the main function; `run` says for which time the statement ran.
    """

    place: int
    total: int
    line: int
    run: int
    function: str
    variables: Sequence[ShownVariable]
    values: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class ShownClaim:
    """A grid that a step of the trace shows and the task does not, with what the program came to."""

    step: int
    grid: JSON
    held: HeldClaim
    pair_label: str


def replayed_pairs(problem: ProblemRecord, kept: Sequence[Mapping[str, JSON]]) -> list[ReplayedPair]:
    """The pairs of a kept replay, training pairs first."""
    train, test = problem.spec.get("train") or [], problem.spec.get("test") or []
    reference = problem.reference if isinstance(problem.reference, list | tuple) else []
    sides: list[tuple[str, JSON, JSON]] = [
        (f"Pair {index + 1}", pair.get("input"), pair.get("output")) for index, pair in enumerate(train)
    ]
    for index, pair in enumerate(test):
        expected = reference[index] if index < len(reference) else None
        sides.append((f"Test {index + 1}", pair.get("input"), expected))
    replays = [PairReplay.from_json(each) for each in kept]
    return [
        ReplayedPair(number, label, replay, given, expected)
        for number, ((label, given, expected), replay) in enumerate(zip(sides, replays, strict=False))
    ]


def walked_steps(replay: PairReplay, *, main_only: bool) -> list[int]:
    """The indices of the statements that are walked through: all, or those of the main function."""
    steps = enumerate(replay.steps)
    return [index for index, step in steps if not main_only or replay.calls[step.call][1] == 0]


def shown_lines(source: str, replay: PairReplay, walked: Sequence[int]) -> list[CodeLine]:
    """The program, highlighted, at most MOST_LINES of it."""
    first: dict[int, int] = {}
    for place, index in enumerate(walked):
        first.setdefault(replay.steps[index].line, place)
    lines = code_lines(source, "python")[:MOST_LINES]
    return [CodeLine(number, html, first.get(number)) for number, html in enumerate(lines, 1)]


def moment_of(replay: PairReplay, walked: Sequence[int], place: int) -> Moment | None:
    """The state after the statement at a place of the walk, which is held within its bounds."""
    if not walked:
        return None
    place = max(0, min(len(walked) - 1, place))
    now = walked[place]
    step = replay.steps[now]
    before: dict[str, int] = {}
    values: dict[str, str] = {}
    for each in replay.steps[:now]:
        if each.call == step.call:
            before.update(each.grids)
            values.update(each.values)
    after = {**before, **step.grids}
    name, depth = replay.calls[step.call]
    return Moment(
        place=place,
        total=len(walked),
        line=step.line,
        run=step.run,
        function=name if depth else "",
        variables=[_variable(replay, each, grid, before, step.grids) for each, grid in after.items()],
        values=list({**values, **step.values}.items()),
    )


def _variable(
    replay: PairReplay, name: str, grid: int, before: Mapping[str, int], now: Mapping[str, int]
) -> ShownVariable:
    cells = grid_cells(replay.grids[grid])
    if name not in now:
        return ShownVariable(name, cells, False, ())
    old = grid_cells(replay.grids[before[name]]) if name in before else []
    if [len(row) for row in old] != [len(row) for row in cells]:
        return ShownVariable(name, cells, True, None)
    pairs = ((y, x) for y, row in enumerate(cells) for x, cell in enumerate(row) if old[y][x] != cell)
    return ShownVariable(name, cells, True, tuple(pairs))


def shown_claims(trace: Trace, problem: ProblemRecord, pairs: Sequence[ReplayedPair]) -> tuple[list[ShownClaim], int]:
    """(grids that steps claim, held against the program; how many more there are).

    A claim is a grid of at least two rows in the text of a step that is no code, and neither an input nor an output of
    the task; the same grid counts once.
    """
    seen = _known_grids(problem)
    claims: list[ShownClaim] = []
    more = characters = 0
    replays = [pair.replay for pair in pairs]
    for index, step in enumerate(trace.steps):
        if step["kind"] in ("program", "tool_call") or characters > CLAIM_CHARACTERS:
            continue
        characters += len(step["body"])
        for rows in find_grids(step["body"], MOST_CLAIMS):
            digits = _digits(rows)
            if digits in seen or digits.count("/") < 1:
                continue
            seen.add(digits)
            if len(claims) == MOST_CLAIMS:
                more += 1
                continue
            held = hold_claim(digits, replays)
            label = pairs[held.place.pair].label if held.place else ""
            claims.append(ShownClaim(index, rows, held, label))
    return claims, more


def _known_grids(problem: ProblemRecord) -> set[str]:
    sides = [*(problem.spec.get("train") or []), *(problem.spec.get("test") or [])]
    return {_digits(pair.get(key)) for pair in sides for key in ("input", "output")}


def _digits(value: JSON) -> str:
    """A grid as digits; "" for what is none."""
    try:
        return grid_digits(parse_grid(value))
    except GridError:
        return ""
