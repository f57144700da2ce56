"""Families of problems from reasoning-gym (optional), run in a process of their own within time and memory limits.

Making problems sees no text of a model and goes on in a plain child, which keeps what it has made between batches.
Scoring is another matter: see scorer.
"""

import importlib.util
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from trajectories.adapters.child import WarmChild
from trajectories.adapters.procedural.scorer import PACKAGE
from trajectories.core.problems.procedural import (
    Draw,
    Example,
    Family,
    Knob,
    KnobKind,
    ProceduralError,
)
from trajectories.core.records import JSON

EXAMPLE_SECONDS = 20.0
FIRST_BATCH, BATCH = 3, 20


INSTALLING = Path(sys.prefix) / ".procedural-installing"
"""Is there while `.ci/procedural` installs the package."""


def is_installed() -> bool:
    """Whether the optional package is here, all of it."""
    return importlib.util.find_spec("reasoning_gym") is not None and not is_being_installed()


def is_being_installed() -> bool:
    """Whether the optional package will be here in a moment, as behind the first start of an installation."""
    return INSTALLING.exists()


@cache
def shared_source() -> "ReasoningGym":
    """The one source of this process. Raises ProceduralError where the package is not installed."""
    if not is_installed():
        raise ProceduralError(f"{PACKAGE} is not installed: `make procedural` does it")
    return ReasoningGym()


class ReasoningGym:
    """Asks a child process, one request at a time; one that takes too long is killed and replaced."""

    def __init__(self) -> None:
        self._child = WarmChild(f"{__name__}.worker")

    def source_name(self) -> str:
        """The package and its version."""
        return f"{PACKAGE} {version(PACKAGE)}"

    def families(self) -> list[Family]:
        """All families; one whose first problem cannot be made in time, or at all, says why."""
        return [self._family(name) for name in self._ask("names", EXAMPLE_SECONDS)]

    def _family(self, name: str) -> Family:
        told = self._ask("describe", EXAMPLE_SECONDS, family=name)
        knobs = tuple(
            Knob(**{**knob, "kind": KnobKind(knob["kind"]), "choices": tuple(knob["choices"])})
            for knob in told.pop("knobs")
        )
        fields = {**told, "knobs": knobs, "fixed": tuple(told["fixed"]), "levels": tuple(told["levels"])}
        try:
            return Family(**fields, example=next(self.examples(Draw(name, {}, seed=1, size=1))))
        except ProceduralError as fault:
            return Family(**fields, unavailable=str(fault))

    def examples(self, draw: Draw, *, seconds: float = EXAMPLE_SECONDS) -> Iterator[Example]:
        """The problems of a draw, in order; they come in batches that grow to BATCH, each within `seconds`."""
        where = {"family": draw.family, "knobs": draw.knobs, "seed": draw.seed, "size": draw.size}
        first = 0
        while first < draw.size:
            count = min(BATCH, max(FIRST_BATCH, first), draw.size - first)
            for fields in self._ask("examples", seconds, **where, first=first, count=count):
                yield Example(**fields)
            first += count

    def close(self) -> None:
        """End the child process."""
        self._child.close()

    def _ask(self, do: str, seconds: float, **values: JSON) -> Any:
        """The child's answer. Raises ProceduralError for a fault it reports, and where it takes longer or dies."""
        try:
            said = self._child.ask({"do": do, **values}, seconds)
        except (TimeoutError, EOFError, OSError) as fault:
            why = f"took longer than {seconds:g} s" if isinstance(fault, TimeoutError) else "ended the process"
            raise ProceduralError(why) from fault
        if "fault" in said:
            raise ProceduralError(said["fault"])
        return said["value"]


__all__ = ["ReasoningGym", "is_installed", "shared_source"]
