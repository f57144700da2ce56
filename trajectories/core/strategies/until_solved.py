"""Sampling until a problem has enough right traces that differ: hard problems get what easy ones do not need."""

from collections.abc import Sequence

from trajectories.core.records import Outcome
from trajectories.core.strategies.base import InRounds, Look, Parameter, Planned, Settings, Situation, Slot, all_slots
from trajectories.core.strategies.diversity import count_diverse


class UntilSolved(InRounds):
    """The plan's slots a few at a time, until so many diverse right traces are there or no slot is left.

    Right is what the verdict says, so a problem without a reference answer uses all its slots.
    """

    name = "until-solved"
    title = "Until solved"
    summary = "A few samples at a time, until a problem has enough right ones that differ."
    looks_at = Look.SKETCHES
    parameters: tuple[Parameter, ...] = (
        Parameter(
            "wanted", "Right traces wanted", 3, 1, 1_000, "Right traces of a problem that differ from each other."
        ),
        Parameter("step", "Samples a step", 4, 1, 1_000, "So many are drawn before looking again."),
    )

    def first(self, slots: Sequence[Slot], settings: Settings) -> Sequence[Planned]:
        """The first step."""
        return all_slots(slots[: settings["step"]])

    def following(self, situation: Situation, settings: Settings) -> Sequence[Planned]:
        """The next step, unless there are enough."""
        right = [each.sketch for each in situation.traces if each.outcome is Outcome.PASS]
        if count_diverse(right, settings["wanted"]) >= settings["wanted"]:
            return ()
        used = len(situation.ended)
        return all_slots(situation.slots[used : used + settings["step"]])
