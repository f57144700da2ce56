"""Reading jobs that verify again, and the verdicts they changed."""

from django.db.models import F, QuerySet

from trajectories.models import Reverification, Verdict
from trajectories.selectors.blinding import Sight, verdicts_seen
from trajectories.selectors.paging import Page, page_by_id

JOBS_SHOWN = 50


def list_reverifications() -> list[Reverification]:
    """The newest jobs."""
    return list(Reverification.objects.select_related("created_by").order_by("-pk")[:JOBS_SHOWN])


def list_changes(
    sight: Sight, *, job: Reverification | None = None, verifier: str = "", before: int | None = None, size: int = 50
) -> Page[Verdict, int]:
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
    return page_by_id(changes, before=before, size=size)


def _changes() -> QuerySet[Verdict]:
    return Verdict.objects.exclude(previous_outcome="").exclude(previous_outcome=F("outcome"))
