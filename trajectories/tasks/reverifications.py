"""Doorbells of jobs that verify again."""

from functools import partial

from celery import shared_task
from django.db import transaction

from trajectories.models import Reverification
from trajectories.services.verification.reverifications import lost_reverifications, reverify_next


@shared_task(name="trajectories.reverify_batch")
def reverify_batch(job_id: int) -> None:
    """Verify the next few traces of a job, and ring again while there are more."""
    if reverify_next(job_id=job_id):
        reverify_batch.delay(job_id)


@shared_task(name="trajectories.sweep_reverifications")
def sweep_reverifications() -> None:
    """Ring again for jobs whose bell or worker was lost. Safe to run at any time."""
    for job_id in lost_reverifications():
        reverify_batch.delay(job_id)


def ring_reverification(job: Reverification) -> None:
    """Ring once this transaction commits."""
    transaction.on_commit(partial(reverify_batch.delay, job.pk))
