"""Rationalisation (STaR: Zelikman et al. 2022, arXiv 2203.14465): where no sample is right, the answer is given away.

The trace is stored without the hint and marked as hinted for ever. Right answers are not right reasoning: of accepted
rationalised traces, about a quarter had wrong steps, so that they want a person's look.
"""

from collections.abc import Sequence

from trajectories.core.records import Outcome
from trajectories.core.strategies.base import (
    AttemptKind,
    InRounds,
    Parameter,
    Planned,
    Settings,
    Situation,
)


class Rationalise(InRounds):
    """All slots first; then, for a training problem that none of them solves, samples that are given the answer."""

    name = "rationalise"
    title = "Rationalise"
    summary = "Problems that no sample solves are asked again with the answer as a hint."
    needs_model = True
    parameters: tuple[Parameter, ...] = (
        Parameter(
            "samples",
            "Hinted samples",
            2,
            1,
            1_000,
            "Samples with the hint for each unsolved training problem, at most as many as it had without.",
        ),
    )

    def following(self, situation: Situation, settings: Settings) -> Sequence[Planned]:
        """Hinted samples after the first round, where none is right and the answer may be given away."""
        solved = any(each.outcome is Outcome.PASS for each in situation.traces)
        if situation.round > 0 or solved or not situation.hintable:
            return ()
        slots = situation.slots
        return [
            Planned(slots[at % len(slots)], AttemptKind.HINTED) for at in range(min(settings["samples"], len(slots)))
        ]

    def most(self, slots: int, settings: Settings) -> int:
        """Every slot, and every hinted sample."""
        return slots + min(settings["samples"], slots)
