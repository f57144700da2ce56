"""What the comparison of two traces draws: aligned steps, word differences, facts, verdicts and output grids."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from trajectories.core.programs.replays import PairReplay, grid_cells
from trajectories.core.records import JSON
from trajectories.core.text.alignment import align
from trajectories.core.text.word_diff import Change, TextSide, in_short, word_diff
from trajectories.models import Replay, Trace, Verdict
from trajectories.templatetags.money import money
from trajectories.views.shown.traces import PairTable

ROWS_TOGETHER = 20
CHARACTERS_TOGETHER = 40_000
"""Differing steps that come with the page: so many, or fewer where they are long. The rest comes when it is reached."""

MOST_COMPARED = 200_000
"""Characters of a step that are compared; of a longer one the page says so."""

MOST_SHOWN = 4_000
"""Characters of a piece of text that only one side has."""

MOST_TITLES = 200
"""Titles of shared steps that are listed in a fold."""


@dataclass(frozen=True, slots=True)
class StepText:
    """A step as it is compared; `place` is its index in its trace."""

    place: int
    kind: str
    title: str
    body: str

    def is_like(self, other: "StepText | None") -> bool:
        """Whether both say the same."""
        return other is not None and (self.kind, self.title, self.body) == (other.kind, other.title, other.body)


@dataclass(frozen=True, slots=True)
class SharedRow:
    """Steps that both traces have, folded: the first ones with their titles, `more` without."""

    steps: Sequence[tuple[StepText, StepText]]
    count: int

    @property
    def more(self) -> int:
        """Steps whose titles are left out."""
        return self.count - len(self.steps)


@dataclass(frozen=True, slots=True)
class DifferentRow:
    """A step that differs, or that one side does not have (None). The changes hold what each side shows.

    `number` counts the differing rows from 0; `is_cut` says that only a beginning of the texts was compared.
    """

    number: int
    left: StepText | None
    right: StepText | None
    left_changes: Sequence[Change] = ()
    right_changes: Sequence[Change] = ()
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Alignment:
    """Some rows of a comparison.

    `first` is the first differing step on both sides, None where all are the same. `different` counts all differing
    rows, `shared` the others; `following` is the number of the first differing row behind `rows`, None at the end.
    """

    rows: Sequence[SharedRow | DifferentRow]
    first: tuple[StepText | None, StepText | None] | None
    different: int
    shared: int
    following: int | None


def compare_steps(left: Trace, right: Trace, *, start: int = 0) -> Alignment:
    """Align two traces by step; the rows from the differing row number `start` on, with what they share before them."""
    one, other = _steps(left), _steps(right)
    pairs = align(
        [(step.kind, step.title, step.body) for step in one],
        [(step.kind, step.title, step.body) for step in other],
        ([(step.kind, step.title) for step in one], [(step.kind, step.title) for step in other]),
        ([step.kind for step in one], [step.kind for step in other]),
    )
    parted: list[tuple[list[tuple[StepText, StepText]], StepText | None, StepText | None]] = []
    shared: list[tuple[StepText, StepText]] = []
    for at, there in pairs:
        mine, theirs = (None if at is None else one[at]), (None if there is None else other[there])
        if mine is not None and theirs is not None and mine.is_like(theirs):
            shared.append((mine, theirs))
        else:
            parted.append((shared, mine, theirs))
            shared = []
    rows: list[SharedRow | DifferentRow] = []
    number, characters = start, 0
    while number < len(parted) and number < start + ROWS_TOGETHER and characters <= CHARACTERS_TOGETHER:
        before, mine, theirs = parted[number]
        rows += [*_fold(before), _different(number, mine, theirs)]
        characters += _length(mine) + _length(theirs)
        number += 1
    is_over = number >= len(parted)
    return Alignment(
        rows=[*rows, *(_fold(shared) if is_over else ())],
        first=parted[0][1:] if parted else None,
        different=len(parted),
        shared=len(pairs) - len(parted),
        following=None if is_over else number,
    )


def _steps(trace: Trace) -> list[StepText]:
    """The steps of a trace; one with nothing but a text is a single step."""
    steps = [StepText(place, step["kind"], step["title"], step["body"]) for place, step in enumerate(trace.steps)]
    return steps or [StepText(0, "text", "", trace.reasoning.body)]


def _length(step: StepText | None) -> int:
    return 0 if step is None else min(len(step.body), MOST_COMPARED)


def _fold(shared: Sequence[tuple[StepText, StepText]]) -> list[SharedRow]:
    return [SharedRow(shared[:MOST_TITLES], len(shared))] if shared else []


def _different(number: int, left: StepText | None, right: StepText | None) -> DifferentRow:
    if left is None or right is None:
        step = left or right
        text = "" if step is None else step.body
        changes = [Change(TextSide.SAME, text[:MOST_SHOWN], max(0, len(text) - MOST_SHOWN))]
        return DifferentRow(number, left, right, changes if left else (), changes if right else ())
    changes = [_cut(change) for change in in_short(word_diff(left.body[:MOST_COMPARED], right.body[:MOST_COMPARED]))]
    return DifferentRow(
        number,
        left,
        right,
        [change for change in changes if change.side is not TextSide.NEW],
        [change for change in changes if change.side is not TextSide.GONE],
        is_cut=max(len(left.body), len(right.body)) > MOST_COMPARED,
    )


def _cut(change: Change) -> Change:
    if len(change.text) <= MOST_SHOWN:
        return change
    return Change(change.side, change.text[:MOST_SHOWN], change.left_out + len(change.text) - MOST_SHOWN)


class FactRow(NamedTuple):
    """One fact of both traces, as texts."""

    title: str
    left: str
    right: str

    @property
    def differs(self) -> bool:
        """Whether the traces differ in it."""
        return bool(self.left != self.right)


FACTS: Sequence[tuple[str, Callable[[Trace], str]]] = (
    ("Sampler", lambda trace: trace.sampler.title if trace.sampler else ""),
    ("Instruction", lambda trace: trace.instruction.title if trace.instruction else ""),
    ("Run", lambda trace: trace.run.title if trace.run else "imported"),
    ("Kind", lambda trace: trace.attempt.kind if trace.attempt else ""),
    ("Temperature", lambda trace: f"{trace.temperature:g}" if trace.says_temperature else ""),
    ("Seed", lambda trace: "" if trace.seed is None else str(trace.seed)),
    ("Ended by", lambda trace: trace.finish_reason),
    ("Steps", lambda trace: f"{len(trace.steps):,}"),
    ("Characters", lambda trace: f"{len(trace.reasoning.body):,}"),
    ("Output tokens", lambda trace: f"{trace.output_tokens:,}" if trace.says_tokens else ""),
    ("Cost", lambda trace: "" if trace.cost is None else money(trace.cost)),
    ("Seconds", lambda trace: f"{trace.latency_seconds:.1f}" if trace.says_seconds else ""),
    ("Hinted", lambda trace: "yes" if trace.hinted else "no"),
)


OF_SAMPLER = ("Sampler", "Instruction", "Run", "Temperature", "Seed")
"""The facts that tell whose a trace is, which a queue may hide from its reviewers."""


def compared_facts(left: Trace, right: Trace) -> list[FactRow]:
    """What is known of both, side by side."""
    return [FactRow(title, *(_fact(title, read, trace) for trace in (left, right))) for title, read in FACTS]


def _fact(title: str, read: Callable[[Trace], str], trace: Trace) -> str:
    return "hidden" if trace.veiled_sampler and title in OF_SAMPLER else read(trace)


class VerdictRow(NamedTuple):
    """What one verifier found of both traces; None where it said nothing."""

    verifier: str
    left: Verdict | None
    right: Verdict | None


def compared_verdicts(left: Sequence[Verdict], right: Sequence[Verdict]) -> list[VerdictRow]:
    """The newest verdicts by verifier."""
    one, other = ({verdict.verifier: verdict for verdict in verdicts} for verdicts in (left, right))
    return [VerdictRow(name, one.get(name), other.get(name)) for name in dict.fromkeys([*one, *other])]


@dataclass(frozen=True, slots=True)
class OutputRow:
    """What both traces give for one input. `expected` is None where it is not known."""

    label: str
    left: JSON
    right: JSON
    expected: JSON

    @property
    def differs(self) -> bool:
        """Whether they give different things."""
        return bool(self.left != self.right)


def compared_outputs(left: Sequence[PairTable], right: Sequence[PairTable]) -> list[OutputRow]:
    """The outputs of both, training pairs first."""
    one, other = _outputs(left), _outputs(right)
    rows = []
    for key in sorted({*one, *other}):
        mine, theirs = one.get(key), other.get(key)
        known = mine or theirs
        rows.append(
            OutputRow(
                f"{'Test' if key[0] else 'Pair'} {key[1]}",
                mine.predicted if mine else None,
                theirs.predicted if theirs else None,
                known.expected if known else None,
            )
        )
    return rows


def _outputs(tables: Sequence[PairTable]) -> dict[tuple[bool, int], Any]:
    """(is a test output, number of the pair) to the pair; outputs of programs stand before stated ones."""
    found: dict[tuple[bool, int], Any] = {}
    for table in tables:
        for pair in table.pairs:
            found.setdefault((table.verdict.verifier != "arc_train", pair.number), pair)
    return found


@dataclass(frozen=True, slots=True)
class Parting:
    """Where two replays part: the first statement on each side whose grid the other does not have there. A side that
    had ended is None."""

    pair: int
    left: tuple[int, int, JSON] | None
    right: tuple[int, int, JSON] | None


def parting_of(left: Replay | None, right: Replay | None) -> Parting | None:
    """The first grid in which the executions of two programs part, pair by pair; None where they never do, or where
    one is not recorded. Each side is (statement, line, grid), statements from 1."""
    if left is None or right is None or left.pairs is None or right.pairs is None:
        return None
    for number, (one, other) in enumerate(zip(left.pairs, right.pairs, strict=False)):
        mine, theirs = _states(one), _states(other)
        for at in range(max(len(mine), len(theirs))):
            first = mine[at] if at < len(mine) else None
            second = theirs[at] if at < len(theirs) else None
            if first is None or second is None or first[2] != second[2]:
                return Parting(number + 1, first and _drawn(first), second and _drawn(second))
    return None


def _drawn(state: tuple[int, int, str]) -> tuple[int, int, JSON]:
    return state[0], state[1], grid_cells(state[2])


def _states(kept: Mapping[str, JSON]) -> list[tuple[int, int, str]]:
    """(statement, line, grid) for each grid that differs from all before it: names and copies do not count."""
    replay = PairReplay.from_json(kept)
    seen: set[int] = set()
    states = []
    for index, step in enumerate(replay.steps):
        for grid in step.grids.values():
            if grid not in seen:
                seen.add(grid)
                states.append((index + 1, step.line, replay.grids[grid]))
    return states
