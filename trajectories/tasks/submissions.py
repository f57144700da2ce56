"""Forgetting forms that nobody sends again."""

from celery import shared_task

from trajectories.services.submissions import forget_submissions


@shared_task(name="trajectories.sweep_submissions")
def sweep_submissions() -> None:
    """Forget the forms whose time is over. Safe to run at any time."""
    forget_submissions()
