"""Reading attempts that brought no trace."""

from trajectories.models import Attempt, Run
from trajectories.selectors.paging import Page, page_by_id

PAGE_SIZE = 50


def list_failed(run: Run, *, kind: str = "", after: int | None = None, size: int = PAGE_SIZE) -> Page[Attempt, int]:
    """Failed attempts of the run, of one kind of error where it is named, with their problems and instructions."""
    failed = Attempt.objects.filter(run=run, state=Attempt.State.FAILED)
    if kind:
        failed = failed.filter(error_kind=kind)
    failed = failed.select_related("problem", "instruction")
    failed = failed.defer("problem__spec", "problem__reference", "problem__statement", "instruction__template")
    return page_by_id(failed, after=after, size=size, newest_first=False)


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
