"""Choosing among the samples that there are: what a way hands in for one problem, and how sure the votes are."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from trajectories.core.consolidation.votes import Votes, count_votes
from trajectories.core.consolidation.ways.base import Drawn, Group, Sample, Value, Way


@dataclass(frozen=True, slots=True)
class Choice:
    """What a way hands in: for each thing that is asked (the answer, or one test output) the guesses, best first, and
    the votes by which they were found. No guess where no sample gives an answer.
    """

    guesses: tuple[tuple[Hashable, ...], ...]
    votes: tuple[Votes[Hashable], ...]

    @property
    def share(self) -> float:
        """The least share of all weight that a first guess has, in [0, 1]; 0 where there is none."""
        shares = [each.top / each.total if each.total else 0.0 for each in self.votes]
        return min(shares, default=0.0)


def choose(way: Way, samples: Sequence[Sample]) -> Choice | None:
    """What the way hands in for the problem of these samples, of equals the one that was given first.

    None where the way is not defined: no sample has a value that it needs. With Group.SAMPLE a guess is the key of a
    sample, else an answer.
    """
    if any(all(value not in sample.values for sample in samples) for value in way.needs):
        return None
    ballots = _ballots(way, samples)
    counted = []
    for answers in ballots:
        voters = np.array([[answer is not None for answer in answers]], dtype=bool)
        if not len(samples):
            counted.append(count_votes(answers))
            continue
        values = {value: np.array([[s.values.get(value, np.nan) for s in samples]], dtype=float) for value in Value}
        weights = way.weigh(Drawn(voters, values))[0]
        counted.append(count_votes(answers, weights.tolist()))
    return Choice(tuple(votes.guesses(way.guesses) for votes in counted), tuple(counted))


def _ballots(way: Way, samples: Sequence[Sample]) -> list[list[Hashable | None]]:
    """What the samples say about each thing that is asked."""
    if way.group is Group.SAMPLE:
        return [[sample.key for sample in samples]]
    if way.group is Group.WRITTEN:
        return [[sample.written for sample in samples]]
    if way.group is Group.MEANING:
        return [[sample.meaning for sample in samples]]
    asked = max((len(sample.outputs) for sample in samples), default=0)
    return [[s.outputs[place] if place < len(s.outputs) else None for s in samples] for place in range(asked)]
