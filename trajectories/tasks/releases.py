"""Doorbells of releases on their way."""

from celery import shared_task

from trajectories.services.jobs.ringers import connect_bell
from trajectories.services.releases.freezing import freeze_next, lost_freezings


@shared_task(name="trajectories.freeze_release")
def freeze_release(job_id: int) -> None:
    """Freeze the release, if it still waits for it."""
    freeze_next(job_id=job_id)


@shared_task(name="trajectories.sweep_freezings")
def sweep_freezings() -> None:
    """Ring again for releases whose bell or worker was lost, or for which there is space again."""
    for job_id in lost_freezings():
        freeze_release.delay(job_id)


def _ring(job_id: int) -> None:
    freeze_release.delay(job_id)


connect_bell("freezing", _ring)
