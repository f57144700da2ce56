"""ARC tasks: training pairs, test inputs, and test outputs where they are known."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trajectories.core.grids import Grid, GridError, grid_to_lists, parse_grid
from trajectories.core.records import JSON, ProblemKind, ProblemRecord


@dataclass(frozen=True, slots=True)
class ArcPair:
    """One example; `output` is None for a test input whose answer is hidden or unknown."""

    input: Grid
    output: Grid | None


@dataclass(frozen=True, slots=True)
class ArcTask:
    """At least one training pair, every one with an output, and at least one test pair."""

    train: tuple[ArcPair, ...]
    test: tuple[ArcPair, ...]
