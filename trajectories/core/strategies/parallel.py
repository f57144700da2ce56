"""Every sample by itself: what rejection sampling and voting are done with."""

from collections.abc import Sequence

from trajectories.core.strategies.base import Look, Parameter, Planned, Settings, Situation, Slot, all_slots


class Parallel:
    """All samples of the plan at once."""

    name = "parallel"
    title = "Parallel"
    summary = "Every sample by itself, all at once."
    needs_model = False
    adapts = False
    calls_tools = False
    writes_programs = False
    steps = False
    looks_at = Look.NOTHING
    parameters: tuple[Parameter, ...] = ()

    def first(self, slots: Sequence[Slot], settings: Settings) -> Sequence[Planned]:  # noqa: ARG002
        """Every slot."""
        return all_slots(slots)

    def following(self, situation: Situation, settings: Settings) -> Sequence[Planned]:  # noqa: ARG002
        """Nothing."""
        return ()

    def most(self, slots: int, settings: Settings) -> int:  # noqa: ARG002
        """One for each slot."""
        return slots
