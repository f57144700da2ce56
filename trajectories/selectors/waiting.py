"""What goes on only by a person's hand: jobs that are paused, refused or failed, trainings that wait for a sampler,
questions of reviewers, and candidates to review."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, Exists, Model, OuterRef, Q, QuerySet, TextField, Value, Window
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Concat, Left
from django.utils import timezone

from trajectories.core.text.titles import shown_title
from trajectories.models import (
    Campaign,
    Delivery,
    Export,
    Freezing,
    GenerationJob,
    Import,
    JudgeJob,
    ProblemCandidate,
    QueueFlag,
    Reverification,
    Run,
    Scorer,
    Scoring,
    SegmentationJob,
    SpendWait,
    Training,
)

FRESH = timedelta(days=7)
"""What ended badly longer ago is history: whoever wanted to do something about it has."""
ENDED_BADLY = ("refused", "failed")
LONGEST_NOTE = 200
"""Characters of a question to the lead that are shown."""


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
    name: str | Combinable
    reason: str | Combinable


def _numbered(noun: str) -> Combinable:
    """The name of a job that has none."""
    return Concat(Value(f"{noun} "), Cast("pk", TextField()))


PAUSED = Q(state="paused")
LIMITED: Mapping[type[Model], str] = {
    model: model.job_kind.word for model in (Run, GenerationJob, JudgeJob, SegmentationJob)
}
"""Jobs that a daily limit may have paused: these go on by themselves."""
KINDS: Mapping[str, _Kind] = {
    "paused_runs": _Kind(Run, PAUSED, "title", "state_reason"),
    "paused_generations": _Kind(GenerationJob, PAUSED, "title", "state_reason"),
    "paused_judge_jobs": _Kind(JudgeJob, PAUSED, "sampler__title", "state_reason"),
    "paused_campaigns": _Kind(Campaign, PAUSED, "title", "state_reason"),
    "waiting_trainings": _Kind(
        Training, Q(state="waiting"), "title", Value("its package waits for the sampler that comes of it")
    ),
    "paused_trainings": _Kind(Training, PAUSED, "title", "reason"),
    "paused_scorers": _Kind(Scorer, PAUSED, "name", "reason"),
    "paused_scorings": _Kind(Scoring, PAUSED, "scorer__name", "reason"),
    "paused_verifications": _Kind(Reverification, PAUSED, _numbered("verification"), Value("")),
    "paused_cuttings": _Kind(SegmentationJob, PAUSED, _numbered("cutting"), "state_reason"),
    "flags": _Kind(QueueFlag, Q(settled_at=None), "item__queue__title", Left("note", LONGEST_NOTE)),
    "bad_imports": _Kind(Import, Q(state__in=ENDED_BADLY), "source", "reason"),
    "failed_runs": _Kind(Run, Q(state="failed"), "title", "state_reason"),
    "failed_generations": _Kind(GenerationJob, Q(state="failed"), "title", "state_reason"),
    "failed_releases": _Kind(Freezing, Q(state="failed"), "title", "reason"),
    "failed_trainings": _Kind(Training, Q(state="failed"), "title", "reason"),
    "failed_scorers": _Kind(Scorer, Q(state="failed"), "name", "reason"),
    "failed_scorings": _Kind(Scoring, Q(state="failed"), "scorer__name", "reason"),
    "failed_deliveries": _Kind(Delivery, Q(state="failed"), "release__title", "reason"),
    "failed_exports": _Kind(Export, Q(state="failed"), "release__title", "error"),
    "candidates": _Kind(ProblemCandidate, Q(state=ProblemCandidate.State.WAITING), "name", "reason"),
}
LASTING = {word for word in KINDS if word.startswith(("paused_", "waiting_"))} | {"candidates", "flags"}
"""These wait however long it takes."""


def list_waiting(kinds: Collection[str], *, person_id: int) -> dict[str, Waiting]:
    """What waits of some kinds, in one query; an import is its sender's matter, until the file is sent again."""
    if not kinds:
        return {}
    first, *others = (_newest(word, person_id) for word in kinds)
    rows = first.union(*others, all=True) if others else first
    # As texts of a union they are not read as titles are.
    return {word: Waiting(count, newest, *map(shown_title, texts)) for word, count, newest, *texts in rows}


def _newest(word: str, person_id: int) -> QuerySet[Any, tuple[Any, ...]]:
    """One row, where any waits: the kind, how many wait, and of the newest its id, its name and why it waits."""
    kind = KINDS[word]
    waits = kind.waits if word in LASTING else kind.waits & Q(finished_at__gt=timezone.now() - FRESH)
    rows = kind.model._default_manager.filter(waits)
    if limited := LIMITED.get(kind.model):
        by_limit = SpendWait.objects.filter(kind=limited, job_id=OuterRef("pk"), reason=OuterRef("state_reason"))
        rows = rows.filter(~Exists(by_limit))
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
