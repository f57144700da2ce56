"""Beam search over steps (Snell et al. 2024, arXiv 2408.03314, section 5.2; there against a process reward model)."""

from collections.abc import Mapping, Sequence

from trajectories.core.strategies.base import ENOUGH, Parameter, Planned, Settings, Situation, Slot
from trajectories.core.strategies.trees import DEPTH, EXPAND, KEEP, Grows, Tree, beam_pruned, beam_round, first_steps


class Beam(Grows):
    """In each round the `keep` best nodes are gone on from, each with `expand` next steps."""

    name = "beam"
    title = "Beam search"
    summary = "Programs or texts grow step by step; in each round the best are gone on from."
    parameters: tuple[Parameter, ...] = (KEEP, EXPAND, DEPTH, ENOUGH)

    def first(self, slots: Sequence[Slot], settings: Settings) -> Sequence[Planned]:
        """As many first steps as a round has nodes."""
        return first_steps(slots, settings["keep"] * settings["expand"])

    def grow(self, situation: Situation, settings: Settings) -> Sequence[Planned]:
        """The next steps of the best of the round."""
        return beam_round(Tree(situation), settings)

    def pruned(self, situation: Situation, settings: Settings) -> Mapping[int, str]:
        """See base.Prunes."""
        return beam_pruned(Tree(situation), settings)
