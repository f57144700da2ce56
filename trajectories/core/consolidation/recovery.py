"""How success falls when a world changes, and how it comes back: figures over the episodes of one agent."""

from collections.abc import Sequence
from dataclasses import dataclass

WINDOW = 10
"""Episodes over which success is averaged: right after a change, and where it has come back."""

RECOVERED_OF = 20
"""Episodes after a change whose mean success is the area under the recovery."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """Success around one change, as shares of episodes: before it, in the first WINDOW episodes after it, and in all
    after those; None where there are none.

    `episodes` is how many episodes after the change success has come back: the first WINDOW episodes in a row from
    there on do as well as all before the change did. None where they never do, and where nothing succeeded before: what
    was not there cannot come back. `area` is the mean success over the
    first RECOVERED_OF episodes after the change.
    """

    before: float | None
    right_after: float | None
    """In the first WINDOW episodes after the change."""
    adapted: float | None
    """In all episodes after those."""
    episodes: int | None
    area: float | None


def recovery_after(successes: Sequence[bool], change: int, until: int | None = None, since: int = 0) -> Recovery:
    """The recovery after the change at episode `change`; `since` and `until` are the changes before and after it."""
    before, after = successes[since:change], successes[change:until]
    rate = share(before)
    windows = range(len(after) - WINDOW + 1)
    back = next((place for place in windows if rate and (share(after[place:][:WINDOW]) or 0) >= rate), None)
    return Recovery(rate, share(after[:WINDOW]), share(after[WINDOW:]), back, share(after[:RECOVERED_OF]))


def share(successes: Sequence[bool]) -> float | None:
    """The share of successes; None of none."""
    return sum(successes) / len(successes) if successes else None


def mean(values: Sequence[float | None]) -> float | None:
    """The mean of those that there are; None of none."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def moving_share(successes: Sequence[bool], window: int = WINDOW) -> list[float]:
    """The share of successes in the `window` episodes up to each one, fewer at the start."""
    parts = (successes[max(0, end - window) : end] for end in range(1, len(successes) + 1))
    return [sum(part) / len(part) for part in parts]
