"""Whole programs and a tree by a ratio: the same budget, some of it drawn at once, the rest spent on a beam."""

from collections.abc import Mapping, Sequence

from trajectories.core.strategies.base import (
    ENOUGH,
    Parameter,
    Planned,
    Settings,
    Situation,
    Slot,
    all_slots,
)
from trajectories.core.strategies.trees import (
    DEPTH,
    EXPAND,
    KEEP,
    Grows,
    Tree,
    beam_behind,
    beam_pruned,
)


class Mixed(Grows):
    """First whole programs; where too few of them fit, a beam with what is left of the budget."""

    name = "mixed"
    title = "Whole samples, then a beam"
    summary = "A share of the budget is drawn at once; where that does not do, the rest grows step by step."
    parameters: tuple[Parameter, ...] = (
        Parameter("whole", "Drawn at once", 50, 1, 99, "Percent of the budget that is drawn as whole samples."),
        KEEP,
        EXPAND,
        DEPTH,
        ENOUGH,
    )

    def first(self, slots: Sequence[Slot], settings: Settings) -> Sequence[Planned]:
        """The share of whole programs, one at the least."""
        return all_slots(slots[: max(1, len(slots) * settings["whole"] // 100)])

    def grow(self, situation: Situation, settings: Settings) -> Sequence[Planned]:
        """The first steps of the beam, then its rounds."""
        return beam_behind(situation, settings)

    def pruned(self, situation: Situation, settings: Settings) -> Mapping[int, str]:
        """See base.Prunes."""
        return beam_pruned(Tree(situation), settings) if situation.round else {}
