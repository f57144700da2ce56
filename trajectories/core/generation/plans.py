"""What a job that generates problems keeps of its plan."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from trajectories.core.generation.base import Recipe, recipe_from_json
from trajectories.core.records import JSON


@dataclass(frozen=True, slots=True)
class SolverCheck:
    """How candidates are shown to be solvable."""

    samples: int
    """Answers that the solver gives to each."""
    temperature: float
    """At which temperature of the model."""
    share: float
    """The least share of the answers that have to agree, in (0, 1]."""


@dataclass(frozen=True, slots=True)
class GenerationPlan:
    """A frozen plan: what is made, from what, where it goes, and how it is checked."""

    recipe: Recipe
    source_ids: tuple[int, ...]
    """The problems that are started from, by their places in this list; empty where the generator takes none."""
    set_title: str
    set_name: str
    """The set that accepted problems go into."""
    temperature: float
    """Of the model that writes them."""
    threshold: float
    """The similarity to another problem, in [0, 1], from which on one is a near duplicate."""
    most_calls: int
    """So many orders are placed at most."""
    check: SolverCheck | None
    """None where nothing is solved."""

    def to_json(self) -> dict[str, JSON]:
        """The form in which a job keeps it."""
        check = None if self.check is None else asdict(self.check)
        named = {name: getattr(self, name) for name in ("set_title", "set_name", "temperature", "threshold")}
        ids = list(self.source_ids)
        return {
            "recipe": self.recipe.to_json(),
            "source_ids": ids,
            **named,
            "most_calls": self.most_calls,
            "check": check,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "GenerationPlan":
        """What `to_json` gave."""
        check = value["check"]
        made = {
            "recipe": recipe_from_json(value["recipe"]),
            "source_ids": tuple(value["source_ids"]),
            "check": None if check is None else SolverCheck(**check),
        }
        return cls(**{**value, **made})
