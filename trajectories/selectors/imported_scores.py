"""What the scores in an imported file say beside what our own verifiers say of the same traces."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F

from trajectories.core.curation.reviews import Decision
from trajectories.core.importers.trace_files import SHAPES
from trajectories.core.records import Outcome
from trajectories.models import Import, ImportedReview
from trajectories.selectors.blinding import Hidden, Sight
from trajectories.selectors.said_elsewhere import decisive_elsewhere

MOST_SCORES = 50
"""Kinds of scores that are listed; what more there are is counted."""

PEOPLE = "decisions of people"
AS_VERDICTS = {Decision.ACCEPT: Outcome.PASS, Decision.REJECT: Outcome.FAIL}

TITLES = {shape.name: shape.title for shape in SHAPES}


@dataclass
class ScoreBeside:
    """One kind of score of a file beside our verdicts, in traces: on how many both agree, how many pass there and fail
    here, or fail there and pass here, and how many are not verified here as right or wrong (yet)."""

    name: str
    agree: int = 0
    passes_there: int = 0
    fails_there: int = 0
    open: int = 0

    @property
    def differ(self) -> int:
        """How many traces they disagree on."""
        return self.passes_there + self.fails_there


def has_scores(job: Import) -> bool:
    """Whether an import brought anything that says what is right: scores, or decisions of people."""
    return bool(job.told.get("verdicts") or job.told.get("reviews"))


def scores_beside(job: Import, sight: Sight) -> list[ScoreBeside]:
    """Every kind of score that an import brought, by name, and what people decided; [] for who may not know verdicts of
    some yet."""
    if sight.hides_any(Hidden.VERDICTS):
        return []
    found: dict[str, ScoreBeside] = {}
    for name, theirs, ours, count in (*_scored(job), *_decided(job)):
        row = found.setdefault(name, ScoreBeside(name))
        if ours not in (Outcome.PASS, Outcome.FAIL):
            row.open += count
        elif ours == theirs:
            row.agree += count
        elif theirs == Outcome.PASS:
            row.passes_there += count
        else:
            row.fails_there += count
    return sorted(found.values(), key=lambda row: (-row.differ, row.name))


def _scored(job: Import) -> Iterator[tuple[str, str, str, int]]:
    """What an import's scores say of traces, by name, beside our verdicts; counted."""
    decisive = decisive_elsewhere().filter(outcome__in=(Outcome.PASS, Outcome.FAIL)).order_by()
    for said in _said_by(job, decisive):
        by_both = said.annotate(ours=F("trace__correctness")).values_list("verifier", "outcome", "ours")
        yield from by_both.annotate(Count("pk"))


def _decided(job: Import) -> Iterator[tuple[str, str, str, int]]:
    """What people elsewhere decided on an import's traces, as the verdict that this would be, beside ours; counted."""
    for said in _said_by(job, ImportedReview.objects.filter(decision__in=AS_VERDICTS).order_by()):
        by_both = said.annotate(ours=F("trace__correctness")).values_list("decision", "ours")
        for decision, ours, count in by_both.annotate(Count("pk")):
            yield PEOPLE, AS_VERDICTS[decision], ours, count


def _said_by(job: Import, words: Any) -> Iterator[Any]:
    """Of some verdicts or reviews those that an import brought: what it said of traces that were here, and what came
    with its own."""
    yield words.filter(import_job=job)
    yield words.filter(import_job=None, trace__import_job=job)


def shapes_told(job: Import) -> list[tuple[str, int]]:
    """What the rows of an import were, in words, with how many of each."""
    shapes = job.told.get("shapes", {})
    return [(TITLES.get(name, name), count) for name, count in shapes.items()]


def left_out_told(job: Import) -> list[tuple[str, int]]:
    """What the rows of an import have that did not come in, most first: of messages and samples, then columns by name
    with the rows that have them."""
    left_out, unread = job.told.get("left_out", {}), job.told.get("unread", {})
    return [*_most_first(left_out), *((f"column {name}", count) for name, count in _most_first(unread))]


def _most_first(counts: dict[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda one: (-one[1], one[0]))
