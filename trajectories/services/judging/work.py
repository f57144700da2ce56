"""Working on a job of a model judge for a while: under its lease, and to its end."""

import time
import uuid

from django.db.models.functions import Now

from trajectories.core.text.storable import storable_text
from trajectories.core.verifiers.model_judge import Form
from trajectories.models import JudgeJob, JudgeJobItem
from trajectories.models.job_kinds import PAUSE
from trajectories.services.endpoints.calls import CallStop
from trajectories.services.jobs.leases import GIVEN_UP, MOST_CLAIMS, claim_job, lease_of
from trajectories.services.jobs.steering import JobError, steer
from trajectories.services.judging.asking import Work
from trajectories.services.judging.program_values import ProgramValueWork
from trajectories.services.judging.values import ValueWork

SESSION_SECONDS = 60.0
"""After so long nothing new is started: other jobs want the worker too."""

WAITS = ("held", "unwanted")
"""Stops that need no person: the endpoint opens again by itself, or a person has said what comes next."""


def judge_next(*, job_id: int, seconds: float = SESSION_SECONDS) -> bool:
    """Ask and store for a while; returns whether there is more to do at once.

    Safe to call at any time and twice at once: a lease lets one worker through.
    """
    token = uuid.uuid4()
    if not _claim(job_id, token):
        return False
    job = JudgeJob.objects.select_related("sampler", "rubric").get(pk=job_id)
    with lease_of(JudgeJob.objects.filter(pk=job_id), token):
        stop = _ask_and_store(job, token, seconds)
    if stop is not None and stop.kind not in WAITS:
        _pause(job, stop.message)
    return _settle(job_id) and stop is None


def _ask_and_store(job: JudgeJob, token: uuid.UUID, seconds: float) -> CallStop | None:
    if job.claims > MOST_CLAIMS:
        return CallStop("given_up", GIVEN_UP)
    try:
        return _work_of(job)(job, token, time.monotonic() + seconds).go_on()
    except ValueError as fault:
        return CallStop("parameters", str(fault))


def _work_of(job: JudgeJob) -> type[Work]:
    if job.form != Form.VALUES:
        return Work
    return ValueWork if job.sampler.has_endpoint else ProgramValueWork


def _claim(job_id: int, token: uuid.UUID) -> bool:
    active = JudgeJob.objects.filter(pk=job_id, state__in=JudgeJob.ACTIVE_STATES)
    claimed = claim_job(active, token, state=JudgeJob.State.RUNNING)
    JudgeJob.objects.filter(pk=job_id, started_at=None, lease_token=token).update(started_at=Now())
    return claimed


def _pause(job: JudgeJob, reason: str) -> None:
    try:
        steer("judge_job", PAUSE, actor=None, job_id=job.pk, reason=storable_text(reason))
    except JobError:
        return  # somebody has paused or ended it in the meantime


def _settle(job_id: int) -> bool:
    """End the job where nothing is left; whether there is more to do."""
    active = JudgeJob.objects.filter(pk=job_id, state__in=JudgeJob.ACTIVE_STATES)
    if JudgeJobItem.objects.filter(judge_job=job_id, outcome="").exists():
        return active.exists()
    active.update(state=JudgeJob.State.FINISHED, state_reason="", finished_at=Now())
    return False
