"""Deleting uploads that nobody came back to."""

from celery import shared_task

from trajectories.services import uploads


@shared_task(name="trajectories.sweep_uploads")
def sweep_uploads() -> None:
    """Delete the files whose time is over. Safe to run at any time."""
    uploads.sweep_uploads()
