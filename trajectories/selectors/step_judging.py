"""Which steps of texts that grow wait for the score of a model judge."""

from django.db.models import QuerySet

from trajectories.core.strategies.base import BY_STEPS
from trajectories.models import Attempt, Run


def unjudged(**which: object) -> QuerySet[Attempt]:
    """The attempts, of those that `which` filters, with a text that no score was given to yet."""
    return Attempt.objects.filter(**which, kind__in=BY_STEPS, step_score=None, step_fault="", trace__isnull=False)


def awaits_judge(*, run_id: int) -> bool:
    """Whether an active run has steps that its model judge is to be asked about."""
    judged = Run.objects.filter(pk=run_id, state__in=Run.ACTIVE_STATES, plan__has_key="step_judge")
    return judged.exists() and unjudged(run=run_id).exists()
