"""Which two traces of a problem to compare next, so that every trace can be ranked against every other.

First whatever is not connected yet: the smallest group is tied to the largest one, so that n traces are connected after
n - 1 comparisons. Then the traces with the fewest comparisons, until each has PER_TRACE of them. Among equals, traces
that give different answers go first: two that say the same tell less.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain

from trajectories.core.curation.ranking import connected

PER_TRACE = 3
"""Comparisons that every trace takes part in, where there are so many others."""

Pair = tuple[int, int]
"""Two traces by id, the smaller one first."""


class PairVerdict(StrEnum):
    """What a person says of two traces, `first` being the one with the smaller id. A withdrawal is written by undo."""

    FIRST = "first"
    SECOND = "second"
    TIE = "tie"
    BOTH_BAD = "both_bad"
    SKIP = "skip"
    WITHDRAW = "withdraw"


POINTS: Mapping[str, float] = {
    PairVerdict.FIRST: 1.0,
    PairVerdict.SECOND: 0.0,
    PairVerdict.TIE: 0.5,
    PairVerdict.BOTH_BAD: 0.5,
}
"""What the first trace wins by each verdict that counts in a ranking: a tie, also of two bad ones, is half a win."""


@dataclass(frozen=True, slots=True)
class Contender:
    """A trace that can be compared: its id and what it answers, as a hash."""

    id: int
    answer: str


def next_pair(
    traces: Sequence[Contender], taken: Mapping[Pair, int], mine: Collection[Pair], *, overlap: int = 1
) -> Pair | None:
    """The next two traces for a person; None where they have nothing to compare here.

    `taken` counts for each pair the people, but for this one, who have compared it or are at it now; `mine` are the
    pairs that this person has had, skipped ones included. A pair that fewer than `overlap` people took goes first.
    """
    mine = set(mine)
    for pair, people in sorted(taken.items(), key=lambda each: (each[1], each[0])):
        if 0 < people < overlap and pair not in mine:
            return pair
    seen = mine | set(taken)
    degree = Counter(trace for pair in seen for trace in pair)
    wanted = chain(_across_groups(traces, seen, degree), _of_few(traces, degree))
    return next((pair for pair in wanted if pair not in seen), None)


def _across_groups(traces: Sequence[Contender], seen: Collection[Pair], degree: Counter[int]) -> Iterator[Pair]:
    """Pairs that tie groups together which no comparison connects yet, the smallest group to the largest ones."""
    known = {trace.id: trace for trace in traces}
    groups = connected([*((trace.id, trace.id) for trace in traces), *seen])
    ordered = [[known[each] for each in group if each in known] for group in groups]
    for place in range(len(ordered) - 1, 0, -1):
        for trace in sorted(ordered[place], key=lambda each: (degree[each.id], each.id)):
            for others in ordered[:place]:
                yield from _partners(trace, others, degree)


def _of_few(traces: Sequence[Contender], degree: Counter[int]) -> Iterator[Pair]:
    """Pairs of traces that took part in fewer than PER_TRACE comparisons, those with the fewest first."""
    for trace in sorted(traces, key=lambda each: (degree[each.id], each.id)):
        if degree[trace.id] >= PER_TRACE:
            return
        yield from _partners(trace, traces, degree)


def _partners(trace: Contender, others: Sequence[Contender], degree: Counter[int]) -> Iterator[Pair]:
    ranked = sorted(others, key=lambda each: (each.answer == trace.answer, degree[each.id], each.id))
    for other in ranked:
        if other.id != trace.id:
            yield min(trace.id, other.id), max(trace.id, other.id)
