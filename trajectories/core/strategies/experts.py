"""Multiple expert agents (John & Motani 2023, arXiv 2310.05146): each view of a task is an expert with a few rounds.

An expert whose program fails is given the error; one whose outputs are wrong goes on from them: its outputs become the
inputs of the next program, and the two are composed. In the paper 20 views, three rounds, T 0.7.
"""

from collections.abc import Sequence

from trajectories.core.strategies.base import (
    ENOUGH,
    AttemptKind,
    Ended,
    InRounds,
    Look,
    Parameter,
    Planned,
    Settings,
    Situation,
    fitting,
)


class Experts(InRounds):
    """Every slot is an expert; each goes on from its own last answer until it fits or its rounds are over."""

    name = "experts"
    title = "Experts"
    summary = "Every view is an expert that goes on from its own errors and outputs."
    needs_model = True
    writes_programs = True
    looks_at = Look.OUTPUTS
    parameters: tuple[Parameter, ...] = (
        Parameter("rounds", "Rounds", 3, 1, 20, "Answers of each expert at the most."),
        ENOUGH,
    )

    def following(self, situation: Situation, settings: Settings) -> Sequence[Planned]:
        """The next answer of every expert whose last one came in this round and does not fit."""
        if situation.round + 1 >= settings["rounds"] or fitting(situation) >= settings["enough"]:
            return ()
        tips = [each for each in situation.traces if each.round == situation.round and each.fits is False]
        return [Planned(tip.slot, _kind(tip), tip.trace) for tip in tips]

    def most(self, slots: int, settings: Settings) -> int:
        """Every slot in every round."""
        return slots * settings["rounds"]


def _kind(tip: Ended) -> AttemptKind:
    return AttemptKind.COMPOSITION if tip.gave_grids else AttemptKind.REVISION
