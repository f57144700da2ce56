"""Revising the best programs by what they did (Greenblatt 2024, ARC): draw, run, show the difference, ask again.

As there, parents are chosen by the rank of their cell error with a penalty for choosing the same outputs twice, and a
problem is left alone once enough programs fit. Unlike there, revisions come in rounds and are parents themselves in the
next one. Where nothing runs, the newest answers are reviewed by the model itself (sequential revision: Snell et al.
2024, arXiv 2408.03314).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from trajectories.core.identity import derive_seed
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

SAME_OUTPUTS = 3
"""Each parent chosen before with the same outputs, and each child a trace has, costs a trace so many ranks."""


class Revise(InRounds):
    """All slots first; then, round by round, `children` revisions of each of the `parents` best."""

    name = "revise"
    title = "Revise"
    summary = "The best programs are shown what they got wrong, and asked again."
    needs_model = True
    looks_at = Look.OUTPUTS
    parameters: tuple[Parameter, ...] = (
        Parameter("rounds", "Rounds", 2, 1, 50, "Rounds of revisions after the first samples."),
        Parameter("parents", "Parents", 3, 1, 500, "So many of the best answers are revised in each round."),
        Parameter("children", "Children", 2, 1, 500, "Revisions of each."),
        ENOUGH,
    )

    def following(self, situation: Situation, settings: Settings) -> Sequence[Planned]:
        """Revisions, unless the rounds are over or enough programs fit."""
        if situation.round >= settings["rounds"] or fitting(situation) >= settings["enough"]:
            return ()
        born = Counter(each.parent for each in situation.ended)
        return [
            Planned(replace(parent.slot, ordinal=born[parent.trace] + child), AttemptKind.REVISION, parent.trace)
            for parent in choose_parents(situation, settings["parents"])
            for child in range(settings["children"])
        ]

    def most(self, slots: int, settings: Settings) -> int:
        """Every slot, and every round in full."""
        return slots + settings["rounds"] * settings["parents"] * settings["children"]


def choose_parents(situation: Situation, count: int) -> list[Ended]:
    """The traces to revise, best first; none that fits. Equal ones are drawn by the seed."""
    ran = [each for each in situation.traces if each.train_error is not None and not each.fits]
    if not ran:
        newest = [each for each in situation.traces if each.fits is None and each.round == situation.round]
        return sorted(newest, key=lambda each: _chance(situation, each))[:count]
    ranked = sorted(ran, key=lambda each: (each.train_error, _chance(situation, each)))
    born = Counter(each.parent for each in situation.ended)
    costs = [rank + SAME_OUTPUTS * born[each.trace] for rank, each in enumerate(ranked)]
    chosen: list[Ended] = []
    seen: Counter[str] = Counter()
    left = set(range(len(ranked)))
    while left and len(chosen) < count:
        best = min(left, key=lambda at: (costs[at] + SAME_OUTPUTS * seen[ranked[at].outputs], at))
        left.remove(best)
        seen[ranked[best].outputs] += 1
        chosen.append(ranked[best])
    return chosen


def _chance(situation: Situation, each: Ended) -> int:
    return derive_seed(situation.seed, "parent", each.trace)
