"""Reading jobs that verify again, and the verdicts they changed."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from django.db.models import F, QuerySet
from django.http import QueryDict

from trajectories.core.selections import Selection
from trajectories.models import Reverification, Verdict
from trajectories.selectors.blinding import Sight, verdicts_seen

JOBS_SHOWN = 50


@dataclass(frozen=True, slots=True)
class ChangePage:
    """Changed verdicts, newest first, and the key to go on from; None at the end."""

    rows: Sequence[Verdict]
    older: int | None


def scope_of(job: Reverification) -> Selection:
    """The selection a job was asked for."""
    given = QueryDict(job.scope)
    texts = {field.name for field in fields(Selection) if field.default == ""}
    values: dict[str, Any] = {name: value if name in texts else int(str(value)) for name, value in given.items()}
    return Selection(**values)


def list_reverifications() -> list[Reverification]:
    """The newest jobs."""
    return list(Reverification.objects.select_related("created_by").order_by("-pk")[:JOBS_SHOWN])


def list_changes(
    sight: Sight, *, job: Reverification | None = None, verifier: str = "", before: int | None = None, size: int = 50
) -> ChangePage:
    """Verdicts whose outcome is not the one the same verifier gave before, as far as they may be seen."""
    changes = (
        _changes()
        .filter(verdicts_seen(sight))
        .select_related("trace__problem", "reverification")
        .defer("evidence", "trace__steps", "trace__parts")
    )
    if job is not None:
        changes = changes.filter(reverification=job)
    if verifier:
        changes = changes.filter(verifier=verifier)
    if before is not None:
        changes = changes.filter(pk__lt=before)
    rows = list(changes.order_by("-pk")[: size + 1])
    return ChangePage(rows[:size], older=rows[size - 1].pk if len(rows) > size else None)


def _changes() -> QuerySet[Verdict]:
    return Verdict.objects.exclude(previous_outcome="").exclude(previous_outcome=F("outcome"))
