"""The steps of a trace as they are drawn: in groups whose bodies come when they are reached, far down as ranges."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import groupby

from django.utils.safestring import SafeString

from trajectories.core.problems.grids import GridError, parse_grid
from trajectories.core.records import JSON
from trajectories.core.text.marks import find_signs
from trajectories.models import Trace
from trajectories.selectors.completions import marked_steps
from trajectories.templatetags.shell import icon
from trajectories.views.shown.values import ShownValue

RANGE_STEPS = 100
"""A trace is cut into ranges of so many steps. The first of them, and the one that the address asks for, come with the
page; the others when they are reached."""

OUTLINE_STEPS = 500
"""The outline lists so many steps from the start; further ranges are listed when they are reached."""

GROUP_STEPS = 10
GROUP_CHARACTERS = 12_000
FIRST_CHARACTERS = 8_000
"""Bodies up to this many characters come with the page; the rest when they come into sight."""

FENCED = re.compile(r"```[a-zA-Z0-9]*\n(.*?)\n?```", re.DOTALL)

MARKS = {
    "backtrack": ("undo", "backtracking"),
    "reflection": ("eye", "reflection"),
    "question": ("question", "questioning an assumption"),
    "hypothesis": ("lightbulb", "hypothesis"),
    "observation": ("search", "observation"),
    "subtask": ("target", "subtask"),
    "program": ("code", "program"),
    "tool_call": ("gear", "tool call"),
    "tool_result": ("arrow-right", "tool result"),
    "answer": ("check", "answer"),
    "text": ("list", "text"),
}
"""(icon, word) by kind of step."""


UNREAD_KINDS = ("program", "tool_call", "tool_result")
"""Kinds of steps in which no signs of thinking are looked for."""


@dataclass(frozen=True, slots=True)
class ShownStep:
    """One step of a trace as it is drawn."""

    index: int
    """Its place among the steps, from 0."""
    kind: str
    mark: SafeString
    """The icon of its kind."""
    word: str
    """What its kind is called."""
    title: str
    body: str
    depth: int
    """How many steps it lies inside of; 0 at the top."""
    pair: "ShownPair | None"
    """The pair of grids in its data; None where it has none."""
    grids: tuple[JSON, ...]
    """The grids in its data."""
    same_program_as: int | None = None
    """The index of the earlier step with the very same program; None where there is none."""
    is_thinking: bool = False
    """Whether it is part of the model's thoughts."""
    detected: "tuple[Detected, ...]" = ()
    """The signs of thinking that its body shows."""
    value: ShownValue | None = None
    """How good it is, where something says so that the reader may see."""
    fault: str = ""
    """What is wrong with it, where a verifier of steps found it to be the first wrong one; else ""."""

    @property
    def says_title(self) -> bool:
        """Whether its text begins with its title, so that nobody needs to see both."""
        return bool(self.title) and self.body.lstrip(" #*`>-\n").startswith(self.title.removesuffix(" …"))


@dataclass(frozen=True, slots=True)
class Detected:
    """A kind of sign that the body of a step shows, how often, and the words of the first one."""

    kind: str
    mark: SafeString
    word: str
    count: int
    words: str


@dataclass(frozen=True, slots=True)
class ShownPair:
    """A row of grids: what went in, what came out, what was expected (None: unknown)."""

    number: int
    input: JSON
    predicted: JSON
    expected: JSON
    right: bool = False
    message: str = ""
    printed: str = ""


@dataclass(frozen=True, slots=True)
class StepGroup:
    """Neighbouring steps that are fetched together; `shown` says whether their bodies are in the page already."""

    first: int
    steps: tuple[ShownStep, ...]
    shown: bool

    @property
    def is_thinking(self) -> bool:
        """Whether these steps are thoughts; a group never holds both."""
        return self.steps[0].is_thinking

    @property
    def count(self) -> int:
        """Steps in it."""
        return len(self.steps)

    @property
    def characters(self) -> int:
        """Characters of its bodies."""
        return sum(len(step.body) for step in self.steps)


@dataclass(frozen=True, slots=True)
class StepRange:
    """Neighbouring steps, from `first` to `last`, that are not in the reading column yet. `steps` are there for the
    outline, none far behind."""

    first: int
    last: int
    is_thinking: bool
    characters: int
    steps: tuple[ShownStep, ...] = ()

    @property
    def count(self) -> int:
        """Steps in it."""
        return self.last - self.first + 1


def group_steps(trace: Trace, *, whole: bool = False, at: int = 0, every: bool = False) -> list[StepGroup | StepRange]:
    """The steps of a trace in groups of bounded length, those far behind as ranges; step `at` is in a group, and with
    `every` all are.

    Bodies count as shown up to FIRST_CHARACTERS, those of the range of step `at` and with `whole` all.
    """
    reader = _Reader(trace)
    blocks: list[StepGroup | StepRange] = []
    characters = 0
    for steps in _ranges(len(trace.steps)):
        is_asked = at > 0 and at in steps
        if steps.start and not is_asked and not every:
            blocks += reader.folded(steps)
            continue
        for group in reader.groups(steps):
            first = group[0].index
            shown = whole or characters < FIRST_CHARACTERS or (is_asked and first <= at < first + len(group))
            blocks.append(StepGroup(first, tuple(group), shown))
            characters += sum(len(step.body) for step in group)
    return blocks


def steps_of_range(trace: Trace, first: int, last: int) -> list[StepGroup]:
    """The groups of a range that the page left out; none where there is no such range. Their bodies come later."""
    reader = _Reader(trace)
    for steps in _ranges(len(trace.steps)):
        if first in steps and (first, last) in [(block.first, block.last) for block in reader.folded(steps)]:
            within = range(first, last + 1)
            return [StepGroup(group[0].index, tuple(group), shown=False) for group in reader.groups(within)]
    return []


def steps_of_group(trace: Trace, first: int) -> StepGroup | None:
    """The group that begins with a step, bodies included; None where none does."""
    steps = next((steps for steps in _ranges(len(trace.steps)) if first in steps), range(0))
    groups = (group for group in _Reader(trace).groups(steps) if group[0].index == first)
    return next((StepGroup(first, tuple(group), shown=True) for group in groups), None)


def _ranges(count: int) -> list[range]:
    return [range(start, min(start + RANGE_STEPS, count)) for start in range(0, count, RANGE_STEPS)]


def program_step(trace: Trace) -> int | None:
    """The first step that is the trace's program and nothing else; None where there is none."""
    program = _code_alone(trace.program.body) if trace.program else ""
    # Most steps are told apart by the program's last line, without being taken apart.
    last = program.rpartition("\n")[2]
    steps = (
        index
        for index, step in enumerate(trace.steps)
        if program and last in step["body"] and _code_alone(step["body"]) == program
    )
    return next(steps, None)


def _code_alone(text: str) -> str:
    """A text without the fence around it and the blanks at the ends of its lines."""
    found = FENCED.fullmatch(text.strip())
    return "\n".join(line.rstrip() for line in (found[1] if found else text).strip().splitlines())


class _Reader:
    """Reads the steps of a trace range by range, so that a page draws no more of them than it shows."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.thinking = [step.is_thinking for step in marked_steps(trace.steps)]
        self.first = program_step(trace)
        self.program = None if self.first is None else _code_alone(trace.steps[self.first]["body"])

    def step(self, index: int) -> ShownStep:
        """One step as it is drawn."""
        step = self.trace.steps[index]
        shown = replace(
            _shown_step(self.trace.problem.spec, index, step),
            is_thinking=self.thinking[index],
            value=self.trace.step_values.get(index),
            fault=self.trace.step_faults.get(index, ""),
        )
        if self.first is not None and index > self.first and _code_alone(step["body"]) == self.program:
            return replace(shown, same_program_as=self.first)
        return shown

    def groups(self, steps: range) -> Iterator[list[ShownStep]]:
        """The steps of a range in groups, none of which holds both thoughts and others."""
        group: list[ShownStep] = []
        for index in steps:
            shown = self.step(index)
            if group and group[0].is_thinking is not shown.is_thinking:
                yield group
                group = []
            group.append(shown)
            if len(group) == GROUP_STEPS or sum(len(step.body) for step in group) > GROUP_CHARACTERS:
                yield group
                group = []
        if group:
            yield group

    def folded(self, steps: range) -> list[StepRange]:
        """A range by itself, in parts where thoughts and others follow each other."""
        parts = (list(part) for _, part in groupby(steps, lambda index: self.thinking[index]))
        return [
            StepRange(
                first=part[0],
                last=part[-1],
                is_thinking=self.thinking[part[0]],
                characters=sum(len(self.trace.steps[at]["body"]) for at in part),
                steps=tuple(map(self.step, part)) if part[0] < OUTLINE_STEPS else (),
            )
            for part in parts
        ]


def show_alone(spec: Mapping[str, JSON], steps: Sequence[Mapping[str, JSON]], first: int) -> StepGroup:
    """Steps that no trace has yet, from the number `first` on, in one group with their bodies; `spec` is that of their
    problem. There is at least one."""
    thinking = [step.is_thinking for step in marked_steps(steps)]
    shown = (_shown_step(spec, index, step) for index, step in enumerate(steps, first))
    marked = (replace(step, is_thinking=thinks) for step, thinks in zip(shown, thinking, strict=True))
    return StepGroup(first, tuple(marked), shown=True)


def _shown_step(spec: Mapping[str, JSON], index: int, step: Mapping[str, JSON]) -> ShownStep:
    kind = step["kind"]
    symbol, word = MARKS.get(kind, MARKS["text"])
    data = step.get("data") or {}
    pair = _refuted_pair(spec, data)
    grids = data.get("grids")
    return ShownStep(
        index=index,
        kind=kind,
        mark=_mark(symbol),
        word=word,
        title=step["title"] or word.capitalize(),
        body=step["body"],
        depth=min(int(step.get("depth") or 0), 6),
        pair=pair,
        grids=tuple(grids) if isinstance(grids, list) else (),
        detected=_detected(kind, step["body"]),
    )


def _detected(kind: str, body: str) -> tuple[Detected, ...]:
    """The signs in the body of a step, but for those of the kind that it is; code and what tools printed have none."""
    if kind in UNREAD_KINDS:
        return ()
    signs: dict[str, list[str]] = {}
    for sign in find_signs(body):
        if sign.kind.value != kind:
            signs.setdefault(sign.kind.value, []).append(sign.words)
    return tuple(
        Detected(name, _mark(MARKS[name][0]), MARKS[name][1], len(words), words[0]) for name, words in signs.items()
    )


@cache
def _mark(symbol: str) -> SafeString:
    """A long trace draws a handful of symbols a thousand times over."""
    return icon(symbol)


def _refuted_pair(spec: Mapping[str, JSON], data: Mapping[str, JSON]) -> ShownPair | None:
    """The training pair that a step holds a prediction against; None where its data says nothing of the kind."""
    number, expected = data.get("pair"), data.get("expected")
    train = spec.get("train") or []
    if type(number) is not int or not 0 <= number < len(train) or not _is_grid(expected):
        return None
    predicted = data.get("predicted")
    return ShownPair(number + 1, train[number].get("input"), predicted, expected, right=predicted == expected)


def _is_grid(value: JSON) -> bool:
    try:
        parse_grid(value)
    except GridError:
        return False
    return True
