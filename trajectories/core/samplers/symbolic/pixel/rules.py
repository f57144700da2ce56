"""The parts of a learned rule list: conditions on a cell, sources of its colour, and rules made of both."""

from dataclasses import dataclass

from trajectories.core.samplers.symbolic.pixel.features import COLOUR_NAMES, Feature, Kind, Role

_DENIED = {"is": "is not", "has": "has no"}


@dataclass(frozen=True, slots=True)
class Condition:
    """A question about a cell. `value` is a number, a role (a colour of the whole grid) or another map."""

    feature: Feature
    value: int | Role | Feature
    at_least: bool = False
    denied: bool = False

    @property
    def code(self) -> str:
        """Python for cell (r, c)."""
        operator = ("<" if self.denied else ">=") if self.at_least else ("!=" if self.denied else "==")
        return f"{cell_code(self.feature)} {operator} {value_code(self.value)}"

    @property
    def words(self) -> str:
        """The condition in English."""
        if self.feature.kind is Kind.FLAG:
            subject, verb, rest = self.feature.phrase.split("|")
            return f"{subject} {_DENIED[verb] if self.denied else verb} {rest}"
        if self.at_least:
            return f"{self.feature.phrase} is {'less than' if self.denied else 'at least'} {self.value}"
        if self.value == -1:
            return f"{self.feature.phrase} {'exists' if self.denied else 'does not exist'}"
        return f"{self.feature.phrase} is {'not ' if self.denied else ''}{self._value_words()}"

    def _value_words(self) -> str:
        if isinstance(self.value, Role):
            return self.value.phrase
        if isinstance(self.value, Feature):
            return "the cell's own colour"
        return COLOUR_NAMES[self.value] if self.feature.kind is Kind.COLOUR else str(self.value)


@dataclass(frozen=True, slots=True)
class Source:
    """Where a cell's new colour comes from: a colour, a role, or a map. `total`: it always gives a colour."""

    origin: int | Role | Feature
    cost: float
    total: bool

    @property
    def code(self) -> str:
        """Python for cell (r, c)."""
        return value_code(self.origin)

    @property
    def words(self) -> str:
        """What the cell becomes, in English."""
        return COLOUR_NAMES[self.origin] if isinstance(self.origin, int) else self.origin.phrase


@dataclass(frozen=True, slots=True)
class Rule:
    """Cells that meet all conditions take the source's colour where it has one."""

    conditions: tuple[Condition, ...]
    source: Source


def cell_code(feature: Feature) -> str:
    """Python for a map's value at cell (r, c)."""
    return f"{feature.name}[r][c]"


def value_code(value: int | Role | Feature) -> str:
    """Python for a number, a role's variable or a map's value at cell (r, c)."""
    if isinstance(value, Feature):
        return cell_code(value)
    return value.name if isinstance(value, Role) else str(value)
