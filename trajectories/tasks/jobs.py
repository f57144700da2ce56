"""Every kind of background job by one interface: what workers do with it, and what people may ask of it.

The table is the queue of record; a task only rings. docs/architecture.md says how to add a kind.
"""

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from celery import Task, shared_task
from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import PermissionDenied
from django.db import transaction

from trajectories.adapters.log_context import about
from trajectories.models import JOB_KINDS, Run
from trajectories.models.job_kinds import CANCEL, PAUSE, RESUME, RETRY
from trajectories.services.campaigns.advancing import campaign_next, ring_for_ended
from trajectories.services.campaigns.steering import cancel_campaign, pause_campaign, resume_campaign
from trajectories.services.curation.segmentations import asks_model, lost_segmentations, segment_next, segment_run
from trajectories.services.generation.jobs import lost_generation_jobs, resume_generation, retry_generation
from trajectories.services.generation.work import generate_next
from trajectories.services.imports.jobs import cancel_import, import_next, lost_imports, retry_import
from trajectories.services.jobs.leases import lost_of
from trajectories.services.jobs.ringers import connect_bell
from trajectories.services.jobs.steering import may_move, steer
from trajectories.services.judging.work import judge_next
from trajectories.services.releases.deliveries import deliver_next, lost_deliveries, retry_delivery
from trajectories.services.releases.exports import is_short, lost_exports, rebuild_export, write_export
from trajectories.services.releases.freezing import freeze_next, lost_freezings, retry_freezing
from trajectories.services.runs.lifecycle import cancel_run, pause_run, resume_run
from trajectories.services.runs.redrawing import retry_run
from trajectories.services.scorers.planning import retry_scorer
from trajectories.services.scorers.scoring import lost_scorings, score_next
from trajectories.services.scorers.training import train_scorer_next
from trajectories.services.training.planning import retry_training
from trajectories.services.training.work import lost_trainings, train_next
from trajectories.services.verification.reverifications import reverify_next

logger = logging.getLogger(__name__)
Act = Callable[[User | None, int], Any]
"""Does something to the job of that id for somebody, or by itself for None, and gives it back."""

INTERACTIVE, SAMPLING, VERIFICATION, FILES, TRAINING = "interactive", "sampling", "verification", "files", "training"
"""Queues of work; see docs/operations.md for what is in which."""


@dataclass(frozen=True, slots=True)
class Work:
    """What workers do with the jobs of one kind.

    A bell whose work takes longer than the broker waits is handed out again: whoever hears it finds the lease held.
    """

    go_on: Callable[..., bool]
    """Works at a job for a while under its lease, and says whether there is more to do."""
    queue: Callable[[int], str]
    """The queue of a job's bell."""
    lost: Callable[[], Collection[int]] | None = None
    """The ids of jobs that nobody works on though somebody should, marked as rung; None for all that are active, whose
    lease nobody holds and whose bell is long unanswered."""
    limit: int = settings.CELERY_TASK_TIME_LIMIT
    """After how many seconds a worker that is at it is ended."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of job. `moves` are the moves that do more than move, by their words; runs have bells of their own
    (tasks.runs) and so no `work`."""

    word: str
    work: Work | None = None
    moves: Mapping[str, Act] = field(default_factory=dict)

    @property
    def acts(self) -> Mapping[str, Act]:
        """What a person may ask of a job, by the words of models.job_kinds."""
        return {verb: self.moves.get(verb, partial(self._move, verb)) for verb in JOB_KINDS[self.word].moves}

    def lost(self) -> Collection[int]:
        """The ids of jobs that a sweep rings for once more; none of a kind with bells of its own."""
        if self.work is None:
            return ()
        return lost_of(JOB_KINDS[self.word].model) if self.work.lost is None else self.work.lost()

    def _move(self, verb: str, actor: User | None, job_id: int) -> Any:
        return steer(self.word, verb, actor=actor, job_id=job_id)


def _of_run(act: Callable[..., Run]) -> Act:
    return lambda actor, job_id: act(actor=actor, run=Run.objects.only("pk").get(pk=job_id))


def _by_id(act: Callable[..., Any]) -> Act:
    return lambda actor, job_id: act(actor=actor, job_id=job_id)


def _in_one_go(act: Callable[..., Any]) -> Callable[..., bool]:
    """Work of which nothing is ever left over."""

    def work(*, job_id: int) -> bool:
        act(job_id=job_id)
        return False

    return work


KINDS: dict[str, Kind] = {
    kind.word: kind
    for kind in (
        Kind(
            "run",
            moves={
                PAUSE: _of_run(pause_run),
                RESUME: _of_run(resume_run),
                CANCEL: _of_run(cancel_run),
                RETRY: _of_run(retry_run),
            },
        ),
        Kind("judge_job", Work(judge_next, lambda _: SAMPLING)),
        Kind(
            "generation",
            Work(generate_next, lambda _: SAMPLING, lost_generation_jobs),
            {RESUME: _by_id(resume_generation), RETRY: _by_id(retry_generation)},
        ),
        Kind("reverification", Work(reverify_next, lambda _: VERIFICATION)),
        Kind(
            "export",
            # A short export does not wait behind long ones.
            Work(
                _in_one_go(write_export),
                lambda job_id: INTERACTIVE if is_short(job_id=job_id) else FILES,
                lost_exports,
            ),
            {RETRY: _by_id(rebuild_export)},
        ),
        Kind(
            "import",
            Work(import_next, lambda _: FILES, lost_imports),
            {CANCEL: _by_id(cancel_import), RETRY: _by_id(retry_import)},
        ),
        Kind(
            "freezing",
            Work(_in_one_go(freeze_next), lambda _: FILES, lost_freezings),
            {RETRY: _by_id(retry_freezing)},
        ),
        Kind(
            "delivery",
            Work(_in_one_go(deliver_next), lambda _: FILES, lost_deliveries),
            {RETRY: _by_id(retry_delivery)},
        ),
        Kind(
            "segmentation",
            Work(
                segment_next,
                lambda job_id: SAMPLING if asks_model(job_id=job_id) else FILES,
                lost_segmentations,
            ),
        ),
        Kind(
            "training",
            # Its own limit ends a training with a sentence; this one ends a worker that does not even ask for the time.
            Work(
                _in_one_go(train_next),
                lambda _: TRAINING,
                lost_trainings,
                limit=settings.TRAINING_HOURS * 3600 + 1800,
            ),
            {RETRY: _by_id(retry_training)},
        ),
        Kind(
            "scorer",
            Work(_in_one_go(train_scorer_next), lambda _: FILES),
            {RETRY: _by_id(retry_scorer)},
        ),
        Kind("scoring", Work(score_next, lambda _: FILES, lost_scorings)),
        Kind(
            "campaign",
            # A look at it is short, and nothing of it waits behind long work.
            Work(_in_one_go(campaign_next), lambda _: INTERACTIVE),
            {
                PAUSE: _by_id(pause_campaign),
                RESUME: _by_id(resume_campaign),
                CANCEL: _by_id(cancel_campaign),
            },
        ),
    )
}
"""By the word that addresses and the other tables use."""


def _task_of(kind: str, work: Work) -> "Task[[int], None]":
    """The task that works at a job of a kind for a while, and rings again while there is more."""

    @shared_task(name=f"trajectories.work_on_{kind}", time_limit=work.limit)
    def work_on(job_id: int) -> None:
        with about(kind=kind, job=job_id):
            if work.go_on(job_id=job_id):
                ring_for_job(kind, job_id)

    return work_on


TASKS: "dict[str, Task[[int], None]]" = {
    word: _task_of(word, kind.work) for word, kind in KINDS.items() if kind.work is not None
}
"""By the kind of job."""


def ring_for_job(kind: str, job_id: int) -> None:
    """Send a bell for a job, here and now."""
    work = KINDS[kind].work
    assert work is not None, kind
    TASKS[kind].apply_async((job_id,), queue=work.queue(job_id))


@shared_task(name="trajectories.sweep_jobs")
def sweep_jobs() -> None:
    """Ring again for jobs whose bell or worker was lost, or that may go on after a wait. Safe to run at any time.

    A kind whose sweep fails keeps no other kind waiting.
    """
    for word in TASKS:
        try:
            sweep_kind(word)
        except Exception:
            logger.exception("Lost jobs of the kind %s could not be rung for", word)


def sweep_kind(kind: str) -> None:
    """Ring again for the lost jobs of one kind."""
    for job_id in KINDS[kind].lost():
        ring_for_job(kind, job_id)


for word in TASKS:
    connect_bell(word, partial(ring_for_job, word))


def _on_end(kind: str, job_id: int) -> None:
    """Do what others wait to do once a job has ended, or is paused."""
    ring_for_ended(kind, job_id)
    if kind == "run":
        segment_run(run_id=job_id)


connect_bell("ended", _on_end)


def may_control(person: User | AnonymousUser, kind: str, job: Any) -> bool:
    """Whether a person may steer this job."""
    found = JOB_KINDS[kind]
    return person.has_perms((*found.permissions, *found.control(job)))


class ControlDeniedError(PermissionDenied):
    """Somebody may not steer a job; `missing` are the permissions that they lack."""

    def __init__(self, missing: tuple[str, ...]) -> None:
        super().__init__(f"lacks {', '.join(missing)}")
        self.missing = missing


def controls_of(person: User | AnonymousUser, kind: str, job: Any) -> list[str]:
    """What a person may ask of a job as it is now."""
    if not may_control(person, kind, job):
        return []
    return [verb for verb in JOB_KINDS[kind].moves if may_move(kind, verb, job)]


def steer_job(*, actor: User, kind: str, verb: str, job_id: int) -> Any:
    """Do to a job what somebody asks for; the job as it is then. One that goes on, or begins again, is rung for.

    Raises KeyError for a kind or a word that is none, ObjectDoesNotExist for no such job, ControlDeniedError for who
    may not steer it, and services.jobs.steering.JobError where it is in no state for that.
    """
    found, act = JOB_KINDS[kind], KINDS[kind].acts[verb]
    with transaction.atomic():
        job = found.model._default_manager.defer(*(name for name in found.unread if "__" not in name)).get(pk=job_id)
        if not may_control(actor, kind, job):
            needed = (*found.permissions, *found.control(job))
            raise ControlDeniedError(tuple(name for name in needed if not actor.has_perm(name)))
        return act(actor, job_id)
