"""A figure: a drawing and the table of the same numbers, with what they mean and what they leave out."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

Value = str | int | float | None


class Mark(StrEnum):
    """How a series is drawn: joined points, the same with dashes for what it is held against, loose points, a
    staircase, bars, or a bare line without points."""

    LINE = "line"
    CONTROL = "control"
    POINTS = "points"
    STEPS = "steps"
    BARS = "bars"
    GUIDE = "guide"


class Unit(StrEnum):
    """What a value is, for how it is written: in the table, on an axis, beside a point."""

    TEXT = "text"
    COUNT = "count"
    NUMBER = "number"
    SHARE = "share"
    MONEY = "money"
    SECONDS = "seconds"


@dataclass(frozen=True, slots=True)
class Point:
    """A point, or a bar. `low` and `high` bound its band; `words` are read beside it, a line each; `link` is an address
    of the application that it leads to, "" for none. `hollow` marks what is not finished, or rests on fewer problems.
    """

    x: float
    """Its place along the axis below, in the unit of that axis."""
    y: float | None
    """Its height, in the unit of the axis beside; None for a gap in a line."""
    words: Sequence[str] = ()
    link: str = ""
    low: float | None = None
    high: float | None = None
    hollow: bool = False


@dataclass(frozen=True, slots=True)
class Series:
    """Points that belong together. `tone` names a colour of the style sheet: "1" to "8", or a meaning."""

    name: str
    mark: Mark
    tone: str
    points: Sequence[Point]
    in_legend: bool = True


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis. `ticks` are (place, label) where they are set by hand; a logarithmic axis has only places above 0.

    `top` is where the axis ends at least, None where the points decide.
    """

    title: str
    unit: Unit = Unit.NUMBER
    logarithmic: bool = False
    ticks: Sequence[tuple[float, str]] = ()
    top: float | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table."""

    title: str
    unit: Unit = Unit.TEXT


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table, one value for each column; `link` is where its first cell leads, "" for nowhere."""

    values: Sequence[Value]
    link: str = ""


@dataclass(frozen=True, slots=True)
class Count:
    """How many there are of something that stands beside every rate: samples, cut off, refused, failed."""

    title: str
    number: int
    """How many there are."""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """`definition` says how the numbers come about, `summary` what is seen, for who does not see it.

    `about` names what it is about: a set, a model, runs; empty where it is about everything.
    `missing` says why there is nothing to draw; empty where there is something.
    """

    title: str
    definition: str
    columns: Sequence[Column]
    rows: Sequence[Row] = ()
    series: Sequence[Series] = ()
    x: Axis = Axis("")
    y: Axis = Axis("")
    counts: Sequence[Count] = ()
    summary: str = ""
    missing: str = ""
    stacked: bool = False
    sideways: bool = False
    about: str = ""
