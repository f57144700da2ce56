"""Every kind of background job by one interface: what people may ask of it, and the bell that follows.

To add a kind: its moves in services.jobs.steering, how it is listed in selectors.jobs, what is done here. The contract
test runs over all of `KINDS`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import PermissionDenied
from django.db import transaction

from trajectories.models import JudgeJob, Run
from trajectories.selectors.jobs import READINGS, JobRow, Reading
from trajectories.services.generation.jobs import cancel_generation, pause_generation, resume_generation
from trajectories.services.imports.jobs import cancel_import
from trajectories.services.jobs.steering import CANCEL, PAUSE, RESUME, RETRY, STEERED, may_move
from trajectories.services.judging.jobs import cancel_judge_job, pause_judge_job, resume_judge_job
from trajectories.services.releases.exports import cancel_export, rebuild_export
from trajectories.services.releases.freezing import cancel_freezing, retry_freezing
from trajectories.services.runs.lifecycle import cancel_run, pause_run, resume_run
from trajectories.services.verification.reverifications import (
    cancel_reverification,
    pause_reverification,
    resume_reverification,
)
from trajectories.tasks.generation import ring_generation
from trajectories.tasks.judging import ring_judge_job
from trajectories.tasks.reverifications import ring_reverification
from trajectories.tasks.runs import ring_sampling

Act = Callable[[User, int], Any]
"""Does something to the job of that id for somebody, and gives it back."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of job. `acts` are what a person may ask of one, by the words of services.jobs.steering.

    `ring` rings for a job that goes on again; None where the services of the kind ring themselves.
    """

    word: str
    acts: Mapping[str, Act]
    ring: Callable[[Any], None] | None = None

    @property
    def reading(self) -> Reading:
        """How it is listed."""
        return READINGS[self.word]


def _of_run(act: Callable[..., Run]) -> Act:
    return lambda actor, job_id: act(actor=actor, run=Run.objects.only("pk").get(pk=job_id))


def _of_judging(act: Callable[..., JudgeJob]) -> Act:
    return lambda actor, job_id: act(actor=actor, job=JudgeJob.objects.only("pk").get(pk=job_id))


def _by_id(act: Callable[..., Any]) -> Act:
    return lambda actor, job_id: act(actor=actor, job_id=job_id)


def _of_export(act: Callable[..., Any]) -> Act:
    return lambda actor, job_id: act(actor=actor, export_id=job_id)


KINDS: dict[str, Kind] = {
    kind.word: kind
    for kind in (
        Kind(
            "run",
            {PAUSE: _of_run(pause_run), RESUME: _of_run(resume_run), CANCEL: _of_run(cancel_run)},
            ring_sampling,
        ),
        Kind(
            "judge_job",
            {
                PAUSE: _of_judging(pause_judge_job),
                RESUME: _of_judging(resume_judge_job),
                CANCEL: _of_judging(cancel_judge_job),
            },
            ring_judge_job,
        ),
        Kind(
            "generation",
            {
                PAUSE: _by_id(pause_generation),
                RESUME: _by_id(resume_generation),
                CANCEL: _by_id(cancel_generation),
            },
            ring_generation,
        ),
        Kind(
            "reverification",
            {
                PAUSE: _by_id(pause_reverification),
                RESUME: _by_id(resume_reverification),
                CANCEL: _by_id(cancel_reverification),
            },
            ring_reverification,
        ),
        Kind("export", {CANCEL: _of_export(cancel_export), RETRY: _of_export(rebuild_export)}),
        Kind("import", {CANCEL: _by_id(cancel_import)}),
        Kind("freezing", {CANCEL: _by_id(cancel_freezing), RETRY: _by_id(retry_freezing)}),
    )
}
"""By the word that addresses and the other tables use."""


def may_control(person: User | AnonymousUser, kind: str, job: Any) -> bool:
    """Whether a person may steer this job."""
    reading = READINGS[kind]
    return person.has_perms((*reading.permissions, *reading.control(job)))


class ControlDeniedError(PermissionDenied):
    """Somebody may not steer a job; `missing` are the permissions that they lack."""

    def __init__(self, missing: tuple[str, ...]) -> None:
        super().__init__(f"lacks {', '.join(missing)}")
        self.missing = missing


def controls_of(person: User | AnonymousUser, row: JobRow) -> list[str]:
    """What a person may ask of a job as it is now."""
    if not may_control(person, row.kind, row.job):
        return []
    return [verb for verb in KINDS[row.kind].acts if may_move(row.kind, verb, row.job.state)]


def steer_job(*, actor: User, kind: str, verb: str, job_id: int) -> Any:
    """Do to a job what somebody asks for, and ring for one that goes on; the job as it is then.

    Raises KeyError for a kind or a word that is none, ObjectDoesNotExist for no such job, ControlDeniedError for who
    may not steer it, and services.jobs.steering.JobError where it is in no state for that.
    """
    found, steered = KINDS[kind], STEERED[kind]
    act = found.acts[verb]
    with transaction.atomic():
        job = steered.model._default_manager.defer(*steered.unread).get(pk=job_id)
        if not may_control(actor, kind, job):
            needed = (*found.reading.permissions, *found.reading.control(job))
            raise ControlDeniedError(tuple(name for name in needed if not actor.has_perm(name)))
        moved = act(actor, job_id)
        if verb == RESUME and found.ring is not None:
            found.ring(moved)
    return moved
