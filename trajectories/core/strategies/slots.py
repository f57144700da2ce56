"""The diversity plan of one problem, from the form of a plan that is kept with a run.

Every problem is looked at by the instructions that fit its kind: `views` lists their keys by kind. Plans kept before it
was have every instruction for every problem.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from trajectories.core.strategies.base import Slot


def count_slots(plan: Mapping[str, Any], kind: str) -> int:
    """Cells of the diversity plan of a problem of this kind."""
    temperatures = 1 if plan.get("spread", False) else len(plan["temperatures"])
    return len(_views(plan, kind)) * temperatures * int(plan["samples_each"])


def list_slots(plan: Mapping[str, Any], kind: str) -> list[Slot]:
    """The cells for a problem of this kind, sample by sample, each at every temperature in every view."""
    samples, spread, views = plan["samples_each"], plan.get("spread", False), _views(plan, kind)

    def temperatures(ordinal: int) -> Sequence[float]:
        if not spread:
            return plan["temperatures"]  # type: ignore[no-any-return]
        low, high = plan["temperatures"]
        return (round(low + (high - low) * ordinal / max(1, samples - 1), 3),)

    return [
        Slot(instruction, temperature, ordinal)
        for ordinal in range(samples)
        for temperature in temperatures(ordinal)
        for instruction in views
    ]


def _views(plan: Mapping[str, Any], kind: str) -> Sequence[int]:
    return plan["views"][kind] if "views" in plan else plan["instruction_ids"]  # type: ignore[no-any-return]
