"""Procedural problems: families that make as many problems as are asked for, and score answers to them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from trajectories.core.problems import ProblemError, describe
from trajectories.core.problems.documents import parse_json_text
from trajectories.core.problems.procedural_families import ScorerTrust, scoring_of
from trajectories.core.records import JSON, ProblemKind, ProblemRecord
from trajectories.core.text.storable import storable_json, storable_text

MAX_SEED = 2**32 - 1
MAX_SIZE = 10_000
"""Problems of one import."""


class KnobKind(StrEnum):
    """What a knob can be set to."""

    INTEGER = "integer"
    NUMBER = "number"
    FLAG = "flag"
    CHOICE = "choice"
    TEXT = "text"
    LIST = "list"


@dataclass(frozen=True, slots=True)
class Knob:
    """One setting of a family; `default` is None where the family chooses by itself."""

    name: str
    kind: KnobKind
    default: JSON
    choices: tuple[str, ...] = ()
    help: str = ""


@dataclass(frozen=True, slots=True)
class Example:
    """One problem of a family. `answer` is None where many answers are right and none is given.

    `entry` is what the family's scorer needs besides, as JSON; it may give the answer away. `solution` is a worked one,
    "" where the family writes none.
    """

    question: str
    answer: str | None
    entry: Mapping[str, JSON]
    solution: str = ""


@dataclass(frozen=True, slots=True)
class Family:
    """A generator of problems. `levels` holds, from easy to hard, the knobs that each level of difficulty sets.

    `unavailable` says why a family cannot be used here, and then there is no example. `prerequisites` says of each
    family that its problems are of which ones come before it: what a curriculum goes by. `is_shipped`: it comes with
    the application, and verifiers decide on its problems without a scorer of the family's own.
    """

    name: str
    category: str
    summary: str
    knobs: tuple[Knob, ...] = ()
    fixed: tuple[str, ...] = ()
    levels: tuple[Mapping[str, JSON], ...] = ()
    example: Example | None = None
    unavailable: str = ""
    prerequisites: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    is_shipped: bool = False

    @property
    def scoring(self) -> ScorerTrust:
        """How far the family's scorer is trusted."""
        return ScorerTrust() if self.is_shipped else scoring_of(self.name)


@dataclass(frozen=True, slots=True)
class Draw:
    """Which problems of a family: those of `seed` with these knobs, `size` in all, from index 0."""

    family: str
    knobs: Mapping[str, JSON]
    seed: int
    size: int


class ProceduralError(Exception):
    """A family could not do what was asked; the text says why."""


class UnscoredError(Exception):
    """An answer that cannot be scored though nothing is wrong with it; the text says why."""


def read_knob(knob: Knob, text: str) -> JSON:
    """The value that a text sets a knob to. Raises ProblemError with the knob's name as path."""
    if knob.kind in (KnobKind.TEXT, KnobKind.CHOICE):
        return _choice(knob, text)
    if not text.strip() and knob.default is None:
        return None
    words = {"true": True, "false": False}
    try:
        value = words[text.lower()] if text.lower() in words else parse_json_text(text)
    except ProblemError as fault:
        raise ProblemError(knob.name, f"found {describe(text)}, expected {EXPECTED[knob.kind]}") from fault
    if not _fits(knob.kind, value):
        raise ProblemError(knob.name, f"found {describe(value)}, expected {EXPECTED[knob.kind]}")
    return value


EXPECTED = {
    KnobKind.INTEGER: "a whole number",
    KnobKind.NUMBER: "a number",
    KnobKind.FLAG: "true or false",
    KnobKind.LIST: 'a JSON list such as ["+", "-"]',
}


def _choice(knob: Knob, text: str) -> JSON:
    if knob.kind is KnobKind.CHOICE and text not in knob.choices:
        raise ProblemError(knob.name, f"found {describe(text)}, expected one of {', '.join(knob.choices)}")
    return text or (None if knob.default is None else "")


def _fits(kind: KnobKind, value: JSON) -> bool:
    if kind is KnobKind.FLAG:
        return isinstance(value, bool)
    if kind is KnobKind.LIST:
        return isinstance(value, list) and bool(value) and all(is_plain(item) for item in value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return isinstance(value, int) or (kind is KnobKind.NUMBER and math.isfinite(value))


def is_plain(value: object) -> bool:
    """Whether a value is a text, a number or a flag."""
    return isinstance(value, str | int | float)


def read_knobs(family: Family, texts: Mapping[str, str]) -> dict[str, JSON]:
    """The values of the knobs that are set. Raises ProblemError for an unknown knob or a value that does not fit."""
    by_name = {knob.name: knob for knob in family.knobs}
    if unknown := [name for name in texts if name not in by_name]:
        known = ", ".join(by_name) or "no knobs"
        raise ProblemError(unknown[0], f"is no knob of {family.name}, expected one of {known}")
    return {name: read_knob(by_name[name], text) for name, text in texts.items()}


def to_problem(example: Example, draw: Draw, index: int, *, split: str) -> ProblemRecord:
    """A problem of a draw as a record. Raises ValueError where its texts or numbers cannot be stored."""
    entry = storable_json(example.entry)
    return ProblemRecord(
        kind=ProblemKind.PROCEDURAL,
        name=f"{draw.family}-{draw.seed}-{index}",
        statement=storable_text(example.question),
        spec={
            "family": draw.family,
            "config": dict(draw.knobs),
            "seed": draw.seed,
            "index": index,
            "entry": entry,
        },
        reference=None if example.answer is None else storable_text(example.answer),
        split=split,
        family=draw.family,
        difficulty=difficulty_of(entry),
    )


def difficulty_of(entry: Mapping[str, JSON]) -> dict[str, float]:
    """What the family calls difficult about this problem: the names under "difficulty", where they are numbers."""
    metadata = entry.get("metadata")
    named = metadata.get("difficulty") if isinstance(metadata, Mapping) else None
    if not isinstance(metadata, Mapping) or not isinstance(named, Mapping):
        return {}
    values = {name: metadata.get(name, value) for name, value in named.items()}
    return {
        name: float(value)
        for name, value in values.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300
    }
