"""What goes on only by a person's hand: jobs that are paused, refused or failed, and candidates to review."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, Exists, Model, OuterRef, Q, QuerySet, TextField, Value, Window
from django.db.models.functions import Cast
from django.utils import timezone

from trajectories.models import Campaign, Export, Freezing, GenerationJob, Import, JudgeJob, ProblemCandidate, Run

FRESH = timedelta(days=7)
"""What ended badly longer ago is history: whoever wanted to do something about it has."""
ENDED_BADLY = ("refused", "failed")


@dataclass(frozen=True, slots=True)
class Waiting:
    """Things of one kind that wait, `count` of them, and the newest: its id, its name, and why it waits."""

    count: int
    newest: int
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class _Kind:
    """Where things of one kind are, which of them wait, and the fields with their name and the reason."""

    model: type[Model]
    waits: Q
    name: str
    reason: str


PAUSED = Q(state="paused")
KINDS: Mapping[str, _Kind] = {
    "paused_runs": _Kind(Run, PAUSED, "title", "state_reason"),
    "paused_generations": _Kind(GenerationJob, PAUSED, "title", "state_reason"),
    "paused_judge_jobs": _Kind(JudgeJob, PAUSED, "sampler__title", "state_reason"),
    "paused_campaigns": _Kind(Campaign, PAUSED, "title", "state_reason"),
    "bad_imports": _Kind(Import, Q(state__in=ENDED_BADLY), "source", "reason"),
    "failed_runs": _Kind(Run, Q(state="failed"), "title", "state_reason"),
    "failed_generations": _Kind(GenerationJob, Q(state="failed"), "title", "state_reason"),
    "failed_releases": _Kind(Freezing, Q(state="failed"), "title", "reason"),
    "failed_exports": _Kind(Export, Q(state="failed"), "release__title", "error"),
    "candidates": _Kind(ProblemCandidate, Q(state=ProblemCandidate.State.WAITING), "name", "reason"),
}
LASTING = ("paused_runs", "paused_generations", "paused_judge_jobs", "paused_campaigns", "candidates")
"""These wait however long it takes."""


def list_waiting(kinds: Collection[str], *, person_id: int) -> dict[str, Waiting]:
    """What waits of some kinds, in one query; an import is its sender's matter, until the file is sent again."""
    if not kinds:
        return {}
    first, *others = (_newest(word, person_id) for word in kinds)
    rows = first.union(*others, all=True) if others else first
    return {word: Waiting(*found) for word, *found in rows}


def _newest(word: str, person_id: int) -> QuerySet[Any, tuple[Any, ...]]:
    """One row, where any waits: the kind, how many wait, and of the newest its id, its name and why it waits."""
    kind = KINDS[word]
    waits = kind.waits if word in LASTING else kind.waits & Q(finished_at__gt=timezone.now() - FRESH)
    rows = kind.model._default_manager.filter(waits)
    if kind.model is Import:
        newer = Import.objects.filter(source=OuterRef("source"), created_by=person_id, pk__gt=OuterRef("pk"))
        rows = rows.filter(~Exists(newer), created_by=person_id)
    columns = rows.annotate(
        word=Value(word, TextField()),
        count=Window(Count("pk")),
        shown_name=Cast(kind.name, TextField()),
        shown_reason=Cast(kind.reason, TextField()),
    )
    newest: QuerySet[Any, tuple[Any, ...]] = columns.order_by("-pk").values_list(
        "word", "count", "pk", "shown_name", "shown_reason"
    )
    return newest[:1]
