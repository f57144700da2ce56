"""What a trainer is: the items of a release in, an artefact and the sampler that uses it out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from trajectories.core.faults import Fault
from trajectories.core.learning.lessons import Lesson, Lessons
from trajectories.core.records import JSON

WRONG_TOO = "wrong_too"
"""The parameter of trainers that leave wrong traces out by themselves; the control of a campaign sets it."""


class TrainerError(ValueError):
    """A training that cannot be done or that went wrong; the message is one sentence for people."""


class PausedTrainingError(TrainerError):
    """A training that something outside has interrupted: it pauses, and goes on from what is in its folder once it is
    resumed."""


class StoppedError(Exception):
    """Nobody wants the training any more: it was paused or cancelled, or another worker has taken it over."""


class ParameterKind(StrEnum):
    """What a parameter's value is."""

    WHOLE = "whole number"
    NUMBER = "number"
    CHOICE = "choice"
    FLAG = "yes or no"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One setting of a trainer, as forms, the command line and the page of a training show it.

    `least` and `most` bound a number, both included; `choices` are (value, label). `group` is the heading it stands
    under, "" for the trainer's own; `empty` is how an empty text is shown. `counts_where` names other parameters and
    the values of theirs with which it means anything; `with_base` says whether that takes a sampler to begin from
    (True), takes none (False), or either (None).
    """

    name: str
    label: str
    kind: ParameterKind
    default: JSON
    help: str = ""
    least: float | None = None
    most: float | None = None
    choices: tuple[tuple[str, str], ...] = ()
    group: str = ""
    empty: str = "none"
    counts_where: tuple[tuple[str, tuple[JSON, ...]], ...] = ()
    with_base: bool | None = None

    def counts(self, parameters: Mapping[str, JSON], *, has_base: bool) -> bool:
        """Whether it means anything beside the values of the others."""
        if self.with_base not in (None, has_base):
            return False
        return all(parameters.get(name) in values for name, values in self.counts_where if name in parameters)

    def read(self, value: JSON) -> JSON:
        """The value, typed. Texts of forms are read too. Raises Fault with the parameter's name."""
        try:
            return self._typed(value)
        except (ValueError, TypeError, OverflowError) as fault:
            raise Fault(
                f"{self.label}: found {_short(value)}, expected {self._expected()}.", field=self.name
            ) from fault

    def _typed(self, value: JSON) -> JSON:
        if self.kind is ParameterKind.FLAG:
            return {True: True, False: False, "true": True, "on": True, "false": False, "": False}[_flag(value)]
        if self.kind is ParameterKind.TEXT:
            if not isinstance(value, str) or "\x00" in value:
                raise ValueError
            return value.strip()
        if self.kind is ParameterKind.CHOICE:
            if value not in [known for known, _ in self.choices]:
                raise ValueError
            return value
        return self._number(value)

    def _number(self, value: JSON) -> int | float:
        if isinstance(value, bool):
            raise TypeError
        number = float(value)
        if number != number or (self.least is not None and number < self.least):
            raise ValueError
        if self.most is not None and number > self.most:
            raise ValueError
        if self.kind is ParameterKind.WHOLE:
            if number != int(number):
                raise ValueError
            return int(number)
        return number

    def _expected(self) -> str:
        if self.kind is ParameterKind.CHOICE:
            return "one of " + ", ".join(value for value, _ in self.choices)
        if self.kind in (ParameterKind.FLAG, ParameterKind.TEXT):
            return self.kind.value
        if self.least is not None and self.most is not None:
            return f"a {self.kind.value} from {self.least:g} to {self.most:g}"
        return f"a {self.kind.value}" + (f" of {self.least:g} or more" if self.least is not None else "")


def read_parameters(parameters: Sequence[Parameter], values: Mapping[str, JSON]) -> dict[str, JSON]:
    """Every parameter's value, the default where none is given. Raises Fault for a value or a name that is wrong."""
    known = {parameter.name for parameter in parameters}
    if unknown := sorted(set(values) - known):
        names = ", ".join(sorted(known)) or "no parameters"
        raise Fault(f"Found the parameter {_short(unknown[0])}, expected {names}.", field=unknown[0])
    return {each.name: each.read(values.get(each.name, each.default)) for each in parameters}


def _flag(value: JSON) -> JSON:
    if not isinstance(value, bool | str) or value not in (True, False, "true", "on", "false", ""):
        raise ValueError
    return value


def _short(value: JSON) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


@dataclass(frozen=True, slots=True)
class Base:
    """The sampler that a training begins from. `artefact` is the file that it was made with, if any."""

    kind: str
    name: str
    version: int
    parameters: Mapping[str, JSON]
    artefact: Path | None = None


class Report(Protocol):
    """How a trainer tells how far it is. Any of these raises StoppedError once nobody wants the training any more, so a
    trainer calls one of them every few seconds and lets that pass."""

    def progress(self, done: int, total: int, unit: str) -> None:
        """`done` of `total` things are done; a total of 0 is not known."""
        ...

    def point(self, step: int, **values: float) -> None:
        """Values of curves at a step, by the curve's name; the same step again replaces what was told."""
        ...

    def note(self, message: str) -> None:
        """One sentence on what goes on now."""
        ...

    def check(self) -> None:
        """Nothing to tell; only raises StoppedError where nobody wants the training."""
        ...


@dataclass(frozen=True, slots=True)
class Task:
    """One training.

    `folder` is the training's own on this machine: it is there before the first call, keeps what a killed worker left
    (checkpoints), and is deleted once the training has ended. `seed` decides all that is drawn at random.
    """

    lessons: Lessons
    parameters: Mapping[str, JSON]
    base: Base | None
    folder: Path
    seed: int


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """What a trainer made.

    `artefact` is a file in the task's folder, stored under its hash when the training ends. `sampler_kind` and
    `sampler_parameters` are those of the sampler that uses it; a kind of "" says that no sampler comes of it by itself:
    the training then waits until a person says which one did. `facts` are told on the training's page.
    """

    artefact: Path
    suffix: str
    sampler_kind: str = ""
    sampler_parameters: Mapping[str, JSON] = field(default_factory=dict)
    facts: Mapping[str, JSON] = field(default_factory=dict)


class Trainer(Protocol):
    """A way to make a sampler better by what was sampled."""

    key: str
    """Names it in addresses, on the command line and in the database."""
    label: str
    summary: str
    """One sentence on what it does, for who chooses."""
    parameters: tuple[Parameter, ...]
    base_kinds: tuple[str, ...]
    """Kinds of samplers that it can begin from; none where it begins from parameters alone."""

    def missing(self) -> str:
        """What this machine lacks for it, in one sentence with what to do; "" where nothing is missing."""
        ...

    def check(self, parameters: Mapping[str, JSON], base: Base | None) -> None:
        """Raises Fault where parameters or base are wrong in a way that can be said before the training begins."""
        ...

    def train(self, task: Task, report: Report) -> TrainingResult:
        """Train, telling `report` every few seconds at least. May be called again after its worker was killed, with
        what is left in the folder. Raises TrainerError, and lets StoppedError pass."""
        ...


def lessons_of(task: Task, report: Report, every: int = 500) -> Iterator[Lesson]:
    """The lessons of a task, asking now and then whether anybody still wants the training."""
    for number, lesson in enumerate(task.lessons):
        if number % every == 0:
            report.check()
        yield lesson
