"""What a layout of questions is, and how its rows are looked into."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from trajectories.core.problems.question_files import Row
from trajectories.core.problems.question_values import is_nothing
from trajectories.core.records import JSON

CHOICES, RIGHT = "choices", "right choice"
"""Columns that layouts put into plain rows: the choices, and the letter of the right one."""


@dataclass(frozen=True, slots=True)
class Layout:
    """One layout.

    `says` completes "Read as <title>:". `columns` are the column names of a field, best first and in lower case, that
    are looked for before the usual ones. `fits` tells of one row, with its columns in lower case, whether it looks like
    this. `plain` turns a row into a plain one, or raises ProblemError. `kind` is that of every question, "" where the
    answers tell.
    """

    name: str
    title: str
    says: str
    fits: Callable[[Row], bool]
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    plain: Callable[[Row], Row] = dict
    kind: str = ""


def get(row: Row, column: str) -> JSON:
    """The value of a column whose name is given in lower case."""
    return next((value for name, value in row.items() if name.lower() == column), None)


def has(row: Row, *columns: str) -> bool:
    """Whether a row has something in each of these columns."""
    return all(not is_nothing(row.get(column)) for column in columns)


def is_whole(value: JSON) -> bool:
    """Whether a value is a whole number; true and false are none."""
    return isinstance(value, int) and not isinstance(value, bool)
