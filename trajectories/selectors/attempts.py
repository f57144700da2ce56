"""Reading attempts that brought no trace."""

from collections.abc import Sequence
from dataclasses import dataclass

from trajectories.models import Attempt, Run

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class AttemptPage:
    """Part of a run's failed attempts in the order of their ids; `next` is the id to page after, None at the end."""

    rows: Sequence[Attempt]
    previous: bool
    next: int | None


def list_failed(run: Run, *, kind: str = "", after: int | None = None, size: int = PAGE_SIZE) -> AttemptPage:
    """Failed attempts of the run, of one kind of error where it is named, with their problems and instructions."""
    failed = Attempt.objects.filter(run=run, state=Attempt.State.FAILED, pk__gt=after or 0)
    if kind:
        failed = failed.filter(error_kind=kind)
    failed = failed.select_related("problem", "instruction")
    failed = failed.defer("problem__spec", "problem__reference", "problem__statement", "instruction__template")
    rows = list(failed.order_by("pk")[: size + 1])
    more, rows = len(rows) > size, rows[:size]
    return AttemptPage(rows, after is not None, rows[-1].pk if more else None)


FAILURE_WORDS = {
    "exhausted": "nothing left to draw",
    "timeout": "time ran out",
    "parameters": "wrong parameters",
    "view": "unknown view",
}
"""What an attempt came to without a sample, where the kind as it is stored does not say it to everybody."""


def failure_word(kind: str) -> str:
    """The kind of failure in words; others than those known are shown as stored, with spaces."""
    return FAILURE_WORDS.get(kind, kind.replace("_", " "))
