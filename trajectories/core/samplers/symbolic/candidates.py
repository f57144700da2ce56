"""What the three views of the symbolic sampler hand to one another: candidate programs and a deterministic budget."""

from dataclasses import dataclass
from typing import Protocol

from trajectories.core.problems.grids import Grid


@dataclass(frozen=True, slots=True)
class ExplainedStep:
    """One step of a program in plain English: a short title and what it does and why, as Markdown."""

    title: str
    body: str


class Program(Protocol):
    """A program of the DSL. Building `source` and `explain` may be slow: only chosen programs are asked."""

    @property
    def key(self) -> str:
        """Normal form: equal for programs that are written the same way."""
        ...

    @property
    def cost(self) -> float:
        """Description length in arbitrary units: smaller is simpler, comparable across views."""
        ...

    def source(self) -> str:
        """Self-contained Python, standard library only: `def transform(grid: list[list[int]]) -> list[list[int]]`."""
        ...

    def explain(self) -> tuple[ExplainedStep, ...]:
        """The steps in order of execution."""
        ...


@dataclass(frozen=True, slots=True)
class Candidate:
    """A program with what it does on a task. An output is None where the program has none for that input."""

    view: str
    program: Program
    train_outputs: tuple[Grid | None, ...]
    test_outputs: tuple[Grid | None, ...]
    train_matches: tuple[bool, ...]

    @property
    def fits(self) -> bool:
        """Whether every training pair is reproduced."""
        return all(self.train_matches)


class SearchBudget:
    """Work allowed to a search, counted in evaluated cells, so that the same task gives the same result everywhere."""

    def __init__(self, cells: int) -> None:
        self.left = cells

    def spend(self, cells: int) -> bool:
        """Take `cells` off; False once nothing is left, and the search must stop."""
        self.left -= cells
        return self.left > 0

    @property
    def exhausted(self) -> bool:
        """Whether the search must stop."""
        return self.left <= 0
