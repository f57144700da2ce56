"""What an operation of the DSL is, and how a chain of operations runs."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from trajectories.core.problems.grids import MAX_SIDE, Grid
from trajectories.core.samplers.symbolic.values import Rows, Value

Kind = Literal["grid", "pieces"]
"""The two types of the DSL: one grid, or a list of placed pieces."""


@dataclass(frozen=True, slots=True)
class Op:
    """A function of the DSL with its details filled in.

    `original` says that the function's second argument is the input the program started from. `cost` is its share of a
    program's description length; `weight` is the work per cell in units of the search's budget; `note` adds to the
    explanation what was learned.
    """

    function: Callable[..., Any]
    takes: Kind
    gives: Kind
    title: str
    cost: float
    args: tuple[Value, ...] = ()
    original: bool = False
    weight: int = 1
    note: str = ""
    _key: str = field(default="", init=False, repr=False, compare=False)

    @property
    def key(self) -> str:
        """Name and details, the same for operations that do the same."""
        if not self._key:
            details = ", ".join(write_value(value) for value in self.args)
            object.__setattr__(self, "_key", f"{self.function.__name__}({details})")  # worked out when first asked for
        return self._key

    @property
    def about_objects(self) -> bool:
        """Whether it belongs to the object view."""
        return ".object." in self.function.__module__

    def with_args(self, args: tuple[Value, ...]) -> "Op":
        """The same with other details."""
        return replace(self, args=args)

    def apply(self, value: Value, original: Rows) -> Value:
        """The result on one input, or None where the operation does not apply or gives no ARC grid."""
        result = self.function(value, original, *self.args) if self.original else self.function(value, *self.args)
        if not result:
            return None
        if self.gives == "grid" and not (len(result) <= MAX_SIDE and 0 < len(result[0]) <= MAX_SIDE):
            return None
        return result


def write_value(value: Value) -> str:
    """A detail of an operation as Python source: a function by its name, anything else as its literal."""
    return value.__name__ if callable(value) else repr(value)


def to_rows(grid: Grid) -> Rows:
    """The form of a grid that operations work on."""
    return [list(row) for row in grid]


def to_grid(rows: Rows) -> Grid:
    """The frozen form of what operations give."""
    return tuple(tuple(row) for row in rows)
