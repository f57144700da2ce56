"""Counting votes: the one way in which the product ranks answers by how many samples give them.

Rules, everywhere the same: a sample without an answer is `silent`, it is counted and has no vote; answers with equally
many votes keep the order in which they were first given, and share a win; an answer without any weight wins nothing.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)

Ballot = tuple[tuple[int, bool], ...]
"""The votes of a problem: (samples that gave one answer, whether that answer is right) of each distinct answer."""

DIGITS = 12
"""Weights that are the same in so many significant digits are equal: sums of fractions depend on their order."""


@dataclass(frozen=True, slots=True)
class Votes(Generic[Key]):
    """Answers with their weights, the heaviest first. Of a plain count a weight is a number of samples.

    `silent` is the number of samples that give no answer.
    """

    ranked: tuple[tuple[Key, float], ...]
    """(answer, weight) of each answer."""
    silent: int = 0

    @property
    def total(self) -> float:
        """The weight of all answers together."""
        return sum(weight for _, weight in self.ranked)

    @property
    def leaders(self) -> tuple[Key, ...]:
        """The answers with most weight, in the order in which they were first given; none where nobody votes."""
        top = self.ranked[0][1] if self.ranked else 0.0
        return tuple(key for key, weight in self.ranked if weight == top) if top > 0 else ()

    @property
    def winner(self) -> Key | None:
        """The answer with more weight than every other; None where none has."""
        leaders = self.leaders
        return leaders[0] if len(leaders) == 1 else None

    @property
    def top(self) -> float:
        """The weight of the leaders, 0 where nobody votes."""
        return self.ranked[0][1] if self.ranked else 0.0

    def guesses(self, most: int) -> tuple[Key, ...]:
        """The first `most` answers that have any weight: what is handed in where several guesses are allowed."""
        return tuple(key for key, weight in self.ranked if weight > 0)[:most]


def rank_weights(weights: Mapping[Key, float], silent: int = 0) -> Votes[Key]:
    """Rank answers by weight; equal ones keep the order of the mapping."""
    rounded = [(key, _rounded(weight)) for key, weight in weights.items()]
    return Votes(tuple(sorted(rounded, key=lambda pair: -pair[1])), silent)


def count_votes(answers: Iterable[Key | None], weights: Iterable[float] | None = None) -> Votes[Key]:
    """Count what samples answer, None for no answer; with `weights` each sample counts as much as its weight says."""
    totals: dict[Key, float] = {}
    silent = 0
    given = list(answers)
    for answer, weight in zip(given, weights if weights is not None else [1] * len(given), strict=True):
        if answer is None:
            silent += 1
        else:
            totals[answer] = totals.get(answer, 0) + weight
    return rank_weights(totals, silent)


def credit(weights: Sequence[float], right: Sequence[bool], guesses: int = 1) -> float:
    """The chance that one of the first `guesses` answers is right, where equal answers are put in order by lot.

    `weights` and `right` are those of the distinct answers, in any order. 0 where no right answer has any weight.
    Raises ValueError for fewer than one guess.
    """
    if guesses < 1:
        raise ValueError(f"votes: found {guesses} guesses, expected at least 1")
    rounded = [_rounded(weight) for weight in weights]
    best = max((weight for weight, is_right in zip(rounded, right, strict=True) if is_right), default=0.0)
    left = guesses - sum(weight > best for weight in rounded)
    if best <= 0 or left <= 0:
        return 0.0
    tied = sum(weight == best for weight in rounded)
    good = sum(weight == best and is_right for weight, is_right in zip(rounded, right, strict=True))
    missed = 1.0
    for place in range(min(left, tied)):
        missed *= max(0, tied - good - place) / (tied - place)
    return 1.0 - missed


def _rounded(weight: float) -> float:
    return weight if isinstance(weight, int) else float(f"{weight:.{DIGITS}g}")


def ballot_credit(ballot: Ballot, guesses: int = 1) -> float:
    """The credit of a ballot, see `credit`."""
    return credit([votes for votes, _ in ballot], [right for _, right in ballot], guesses)


def top_votes(ballot: Ballot) -> int:
    """The votes of the commonest answer of a ballot, 0 where nobody votes."""
    return max((votes for votes, _ in ballot), default=0)
