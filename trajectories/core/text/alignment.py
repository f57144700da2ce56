"""Two lists of texts side by side: which item of one stands for which of the other, in time that grows with the lists.

As in the patience diff (Bram Cohen, 2006), items that both lists have once are paired along the longest run that is in
order in both, and what stands between two pairs is aligned by itself.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass

DEEPEST = 12
"""Alignments within alignments; below that items are paired in their order."""

Keys = Sequence[Hashable]
Pair = tuple[int | None, int | None]


@dataclass(frozen=True, slots=True)
class _Gap:
    """A stretch of each list that is not aligned yet, by first and last but one."""

    one: range
    other: range


def align(one: Keys, other: Keys, *alike: tuple[Keys, Keys]) -> list[Pair]:
    """Pairs of indices in the order of both lists; None stands for nothing on that side.

    Items with equal keys are paired first. What is left between them is paired by further keys, each given for both
    lists, and then in order, so that a changed item stands beside what it was.
    """
    pairs: list[Pair] = []
    for stretch in _stretches(one, other, _Gap(range(len(one)), range(len(other))), DEEPEST):
        if not isinstance(stretch, _Gap):
            pairs.append(stretch)
        elif alike:
            keys, others = alike[0]
            inner = align(
                [keys[index] for index in stretch.one],
                [others[index] for index in stretch.other],
                *(
                    ([more[index] for index in stretch.one], [most[index] for index in stretch.other])
                    for more, most in alike[1:]
                ),
            )
            pairs += [(_at(stretch.one, left), _at(stretch.other, right)) for left, right in inner]
        else:
            pairs += _in_order(stretch)
    return pairs


def _at(stretch: range, index: int | None) -> int | None:
    return None if index is None else stretch[index]


def _in_order(gap: _Gap) -> Iterator[Pair]:
    for index in range(max(len(gap.one), len(gap.other))):
        yield (
            gap.one[index] if index < len(gap.one) else None,
            gap.other[index] if index < len(gap.other) else None,
        )


def _stretches(one: Keys, other: Keys, gap: _Gap, depth: int) -> Iterator[Pair | _Gap]:
    """Pairs of equal items, and the gaps between them that hold none."""
    left, right = gap.one, gap.other
    head = _common(len(left), len(right), lambda at: one[left[at]] == other[right[at]])
    yield from zip(left[:head], right[:head], strict=True)
    left, right = left[head:], right[head:]
    tail = _common(len(left), len(right), lambda at: one[left[-1 - at]] == other[right[-1 - at]])
    ends = list(zip(left[len(left) - tail :], right[len(right) - tail :], strict=True))
    left, right = left[: len(left) - tail], right[: len(right) - tail]
    anchors = _anchors(one, other, left, right) if depth else []
    if anchors:
        for before_left, before_right, (at, there) in _between(left, right, anchors):
            yield from _stretches(one, other, _Gap(before_left, before_right), depth - 1)
            if at is not None and there is not None:
                yield at, there
    elif left or right:
        yield _Gap(left, right)
    yield from ends


def _common(most: int, least: int, equal: Callable[[int], bool]) -> int:
    count = 0
    while count < min(most, least) and equal(count):
        count += 1
    return count


def _between(left: range, right: range, anchors: Sequence[tuple[int, int]]) -> Iterator[tuple[range, range, Pair]]:
    """What stands before each anchor and behind the last, on both sides."""
    for at, there in anchors:
        yield range(left.start, at), range(right.start, there), (at, there)
        left, right = range(at + 1, left.stop), range(there + 1, right.stop)
    yield left, right, (None, None)


def _anchors(one: Keys, other: Keys, left: range, right: range) -> list[tuple[int, int]]:
    """The longest run, in order on both sides, of items that each side has once."""
    counts, others = Counter(one[at] for at in left), Counter(other[at] for at in right)
    places = {other[at]: at for at in right if others[other[at]] == 1}
    pairs = [(at, places[one[at]]) for at in left if counts[one[at]] == 1 and one[at] in places]
    # The longest increasing run of the right places (patience sorting), followed back from its end.
    ends: list[int] = []
    last: list[int] = []
    before: list[int] = []
    for number, (_, there) in enumerate(pairs):
        pile = bisect_left(ends, there)
        before.append(last[pile - 1] if pile else -1)
        if pile == len(ends):
            ends.append(there)
            last.append(number)
        else:
            ends[pile], last[pile] = there, number
    run: list[tuple[int, int]] = []
    number = last[-1] if last else -1
    while number >= 0:
        run.append(pairs[number])
        number = before[number]
    return run[::-1]
