"""Forgetting forms that nobody sends again, and leases that nobody holds any more."""

from celery import shared_task

from trajectories.services.curation.review_leases import forget_leases
from trajectories.services.submissions import forget_submissions


@shared_task(name="trajectories.sweep_submissions")
def sweep_submissions() -> None:
    """Forget the forms and the leases of reviewers whose time is over. Safe to run at any time."""
    forget_submissions()
    forget_leases()
