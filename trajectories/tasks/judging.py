"""Doorbells of model judges."""

from functools import partial

from celery import shared_task
from django.db import transaction

from trajectories.models import JudgeJob
from trajectories.services.judging.work import judge_next, lost_judge_jobs


@shared_task(name="trajectories.judge_batch")
def judge_batch(job_id: int) -> None:
    """Ask and store for a while, and ring again while there is more."""
    if judge_next(job_id=job_id):
        judge_batch.delay(job_id)


@shared_task(name="trajectories.sweep_judgements")
def sweep_judgements() -> None:
    """Ring again for jobs whose bell or worker was lost, or whose endpoint wanted a rest. Safe to run at any time."""
    for job_id in lost_judge_jobs():
        judge_batch.delay(job_id)


def ring_judge_job(job: JudgeJob) -> None:
    """Ring once this transaction commits: one worker keeps all calls of a job in flight."""
    transaction.on_commit(partial(judge_batch.delay, job.pk))
