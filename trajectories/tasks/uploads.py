"""Deleting files that nobody needs: uploads that nobody came back to, what killed workers have half written, and
what was made of releases and is asked for no more."""

from celery import shared_task

from trajectories.services.imports import jobs as imports
from trajectories.services.problems import uploads
from trajectories.services.releases import retention, stores


@shared_task(name="trajectories.sweep_uploads")
def sweep_uploads() -> None:
    """Delete the files whose time is over and that no import needs. Safe to run at any time."""
    uploads.sweep_uploads(in_use=imports.tokens_in_use())
    imports.sweep_spools(seconds=uploads.KEPT_SECONDS)
    stores.sweep_leftovers()
    retention.drop_unused()
