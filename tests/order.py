"""The order of tests: long ones first, so that at the end of a run no process waits for one that was begun last."""

from collections.abc import Callable, Sequence
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def long_first(items: Sequence[T], is_long: Callable[[T], bool], processes: int) -> list[T]:
    """The same items; each of the parts that xdist deals out at first begins with its share of the long ones.

    Shares are neighbours: what the tests of a module look at together is made in one process, or two.
    """
    long = [item for item in items if is_long(item)]
    others = iter([item for item in items if not is_long(item)])
    ordered: list[T] = []
    for position in range(processes):
        size = (len(items) - len(ordered)) // (processes - position)
        share = long[len(long) * position // processes : len(long) * (position + 1) // processes]
        ordered += [*share, *islice(others, max(0, size - len(share)))]
    return [*ordered, *others]
