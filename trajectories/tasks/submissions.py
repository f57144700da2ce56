"""Forgetting forms and requests that nobody sends again, and leases that nobody holds any more."""

from celery import shared_task

from trajectories.services.clients.answers import forget_answers
from trajectories.services.curation.review_leases import forget_leases
from trajectories.services.submissions import forget_submissions


@shared_task(name="trajectories.sweep_submissions")
def sweep_submissions() -> None:
    """Forget forms, answers of the API and leases of reviewers whose time is over. Safe to run at any time."""
    forget_submissions()
    forget_answers()
    forget_leases()
