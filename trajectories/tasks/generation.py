"""Doorbells of jobs that generate problems."""

from functools import partial

from celery import shared_task
from django.db import transaction

from trajectories.models import GenerationJob
from trajectories.services.generation.jobs import lost_generation_jobs
from trajectories.services.generation.work import generate_next


@shared_task(name="trajectories.generate_slice")
def generate_slice(job_id: int) -> None:
    """Do the next slice of a job, and ring again while there is more."""
    if generate_next(job_id=job_id):
        generate_slice.delay(job_id)


@shared_task(name="trajectories.sweep_generation")
def sweep_generation() -> None:
    """Ring again for jobs whose bell or worker was lost, or that may go on after a wait. Safe to run at any time."""
    for job_id in lost_generation_jobs():
        generate_slice.delay(job_id)


def ring_generation(job: GenerationJob) -> None:
    """Ring once this transaction commits."""
    transaction.on_commit(partial(generate_slice.delay, job.pk))
