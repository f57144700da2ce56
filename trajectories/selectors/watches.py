"""Reading attempts that a worker is at, and what it tells of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from trajectories.models import Attempt, AttemptWatch, Run
from trajectories.models.samplers import LANGUAGE_MODELS
from trajectories.selectors.paging import Page, page_by_id

SHOWN = 8
PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class UnderWay:
    """Attempts that workers are at: the first of them, and whether there are more."""

    attempts: Sequence[Attempt]
    has_more: bool


def under_way(run: Run) -> UnderWay | None:
    """The attempts of a run that workers are at; None where the run is not active, or its sampler tells nothing of a
    sample before it is complete."""
    if run.state not in Run.ACTIVE_STATES or run.sampler.kind not in LANGUAGE_MODELS:
        return None
    first = list(_leased(run).order_by("pk")[: SHOWN + 1])
    return UnderWay(first[:SHOWN], len(first) > SHOWN)


def list_under_way(run: Run, *, after: int | None = None, size: int = PAGE_SIZE) -> Page[Attempt, int]:
    """All attempts of a run that workers are at, with their problems and instructions."""
    return page_by_id(_leased(run), after=after, size=size, newest_first=False)


def _leased(run: Run) -> QuerySet[Attempt]:
    leased = Attempt.objects.filter(run=run, state=Attempt.State.LEASED).select_related("problem", "instruction")
    return leased.defer("problem__spec", "problem__reference", "problem__statement", "instruction__template")


@dataclass(frozen=True, slots=True)
class Seen:
    """What a page shows of an attempt already; see AttemptWatch. `thoughts` and `text` are numbers of characters."""

    take: int = -1
    steps: int = 0
    revision: int = -1
    thoughts: int = 0
    text: int = 0


@dataclass(frozen=True, slots=True)
class News:
    """What a page lacks: the steps from the `first` on, all where `begins_anew`; and of the call under way what follows
    on what is there, or all of it where it `replaces` that."""

    begins_anew: bool
    first: int
    steps: Sequence[dict[str, object]]
    replaces: bool
    thoughts: str
    text: str


def news_of(watch: AttemptWatch, seen: Seen) -> News:
    """What is new of an attempt for a page that shows `seen`."""
    begins_anew = watch.take != seen.take or seen.steps > len(watch.steps)
    first = 0 if begins_anew else seen.steps
    replaces = begins_anew or watch.revision != seen.revision
    thoughts = watch.thoughts if replaces else watch.thoughts[seen.thoughts :]
    text = watch.text if replaces else watch.text[seen.text :]
    return News(begins_anew, first, watch.steps[first:], replaces, thoughts, text)
