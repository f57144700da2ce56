"""Sequential and parallel by a ratio (Snell et al. 2024, section 6): chains of revisions."""

from collections.abc import Sequence

from trajectories.core.strategies.base import (
    ENOUGH,
    AttemptKind,
    InRounds,
    Parameter,
    Planned,
    Settings,
    Situation,
    Slot,
    all_slots,
    fitting,
)


class Chains(InRounds):
    """As many chains as the budget has, divided by their length; each answer revises the one before it.

    A reviser spoils about a third of right answers (Snell et al.), so that an answer is chosen among all of a chain,
    not its last.
    """

    name = "chains"
    title = "Revision chains"
    summary = "The budget is split into chains, in which each answer revises the one before it."
    needs_model = True
    parameters: tuple[Parameter, ...] = (
        Parameter("length", "Answers a chain", 4, 1, 100, "One is all parallel; as many as samples is all sequential."),
        ENOUGH,
    )

    def first(self, slots: Sequence[Slot], settings: Settings) -> Sequence[Planned]:
        """The first answer of every chain."""
        return all_slots(slots[: -(-len(slots) // settings["length"])])

    def following(self, situation: Situation, settings: Settings) -> Sequence[Planned]:
        """A revision of the last answer of each chain that does not fit, within the budget."""
        left = len(situation.slots) - len(situation.ended)
        if left <= 0 or situation.round + 1 >= settings["length"] or fitting(situation) >= settings["enough"]:
            return ()
        tips = [each for each in situation.traces if each.round == situation.round and not each.fits]
        return [Planned(tip.slot, AttemptKind.REVISION, tip.trace) for tip in tips[:left]]
