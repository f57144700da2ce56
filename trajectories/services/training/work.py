"""Doing trainings: one worker at a time, under a lease that is kept alive for as long as the training takes.

A broker may hand out the same bell again after its visibility timeout: whoever hears it finds the lease held.
"""

import logging
import shutil
import socket
import uuid
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Coalesce, Now

from trajectories.adapters.acting import folder_of
from trajectories.adapters.disk import free_bytes, is_full
from trajectories.adapters.training import TRAINERS
from trajectories.adapters.training.base import (
    PausedTrainingError,
    StoppedError,
    Task,
    Trainer,
    TrainerError,
    TrainingResult,
)
from trajectories.core.faults import Fault
from trajectories.models import Artefact, AuditEvent, Sampler, Training
from trajectories.selectors.disk import NO_SPACE
from trajectories.selectors.release_bases import rests_of
from trajectories.selectors.workers import living_trainers
from trajectories.services.endpoints.artefacts import store_artefact
from trajectories.services.jobs.endings import tell_parent
from trajectories.services.jobs.heartbeats import KeptLease
from trajectories.services.jobs.leases import MOST_CLAIMS, claim_job, lease_of, lost_of, release_job, renew_job
from trajectories.services.jobs.outages import patiently
from trajectories.services.training.lessons import choose_lessons
from trajectories.services.training.planning import check_base
from trajectories.services.training.reports import StoredReport, WorkedTime

logger = logging.getLogger(__name__)

State = Training.State
BEAT_SECONDS = 30.0
SPACE_RESERVE = 256 * 1024 * 1024
"""Once the disk was full, so much more has to be free before a training goes on."""

GIVEN_UP = (
    f"Begun {MOST_CLAIMS} times without coming any farther: each time its worker was killed or came upon an error, "
    "which the worker's log tells."
)
NOTHING = "No item of the release is left to learn from; the funnel says what each clause removed."


class _LeaseLostError(Exception):
    """Another worker has taken the training over, or somebody has stopped it."""


def training_folder(training_id: int) -> Path:
    """What a training under way keeps on this machine."""
    return folder_of(Path(settings.TRAINING_DIR)) / f"training-{training_id}"


def train_next(*, job_id: int) -> bool:
    """Do a training that waits for it, if nobody else does; whether this call has ended it.

    Safe to call at any time and twice at once: the row is claimed by a lease, and the sampler is made in the one
    transaction that ends the training. What goes wrong is kept as the training's reason.
    """
    token, jobs = uuid.uuid4(), Training.objects.filter(pk=job_id)
    if not claim_job(_claimable(jobs), token, state=State.RUNNING, reason="", started_at=Coalesce("started_at", Now())):
        return False
    held = jobs.filter(lease_token=token, state=State.RUNNING)
    with lease_of(jobs, token):
        training = Training.objects.select_related("release", "base__artefact", "created_by").get(pk=job_id)
        if training.claims > MOST_CLAIMS:
            return _end(training, held, State.FAILED, GIVEN_UP)
        trainer = TRAINERS.get(training.trainer)
        if lacking := f"there is no trainer {training.trainer}" if trainer is None else trainer.missing():
            reason = f"The worker on {socket.gethostname()} cannot do this training: {lacking}"
            return _end(training, held, State.PAUSED, reason)
        assert trainer is not None
        worked = WorkedTime(training)
        try:
            with KeptLease(lambda: _beat(training, held, worked), BEAT_SECONDS):
                return _train(training, held, trainer, worked)
        except (_LeaseLostError, StoppedError):
            return False
        except PausedTrainingError as fault:
            return _end(training, held, State.PAUSED, str(fault))
        except (TrainerError, Fault) as fault:
            return _end(training, held, State.FAILED, str(fault))
        except MemoryError:
            return _end(training, held, State.FAILED, "The training needed more memory than this machine has.")
        except OSError as fault:
            if not is_full(fault):
                raise
            needed = free_bytes(training_folder(job_id)) + SPACE_RESERVE
            release_job(held, token, state=State.QUEUED, claims=0, reason=NO_SPACE, space_needed=needed)
            tell_parent(training)
            return False


def _claimable(jobs: QuerySet[Training]) -> QuerySet[Training]:
    """The training where it waits for a worker; none where this process lacks the trainer and a worker that is alive
    has it, which the next bell may reach."""
    trainer = TRAINERS.get(jobs.values_list("trainer", flat=True).first() or "")
    if trainer is not None and trainer.missing() and trainer.key in living_trainers():
        return jobs.none()
    return jobs.filter(state__in=Training.ACTIVE_STATES)


def _beat(training: Training, held: QuerySet[Training], worked: WorkedTime) -> bool:
    """Keep the lease and count the time, or end a training that has had all of it, whether its trainer tells anything
    or not; whether the lease is still held."""
    if over := worked.over:
        _end(training, held, State.FAILED, over)
        return False
    return renew_job(held, worked_seconds=worked.seconds)


def lost_trainings() -> list[int]:
    """Trainings that nobody is at and whose bell is long unanswered, marked as rung; none that still lacks space."""
    return lost_of(Training, free=free_bytes(Path(settings.TRAINING_DIR)))


def _train(training: Training, held: QuerySet[Training], trainer: Trainer, worked: WorkedTime) -> bool:
    report = StoredReport(training, held, worked)
    lessons, funnel = choose_lessons(training, report)
    if not held.update(funnel=funnel):
        raise _LeaseLostError
    if not len(lessons):
        raise TrainerError(NOTHING)
    folder = training_folder(training.pk)
    folder.mkdir(parents=True, exist_ok=True)
    task = Task(lessons, training.parameters, check_base(trainer, training.base), folder, training.seed)
    try:
        outcome = trainer.train(task, report)
    except (PausedTrainingError, TrainerError, OSError):
        report.flush()
        raise
    report.flush()
    artefact = store_artefact(outcome.artefact, suffix=outcome.suffix)
    patiently(lambda: _finish(training, held, artefact, outcome, worked.seconds))
    shutil.rmtree(folder, ignore_errors=True)
    return True


@transaction.atomic
def _finish(
    training: Training, held: QuerySet[Training], artefact: Artefact, outcome: TrainingResult, seconds: int
) -> None:
    """End the training with the sampler that it made, both or neither. Raises _LeaseLostError."""
    sampler = _sampler(training, artefact, outcome) if outcome.sampler_kind else None
    state = State.FINISHED if sampler else State.WAITING
    ended: dict[str, Any] = {"artefact": artefact, "sampler": sampler, "facts": dict(outcome.facts), "note": ""}
    ended["worked_seconds"] = seconds
    if rest := rests_of([training.release]).get(training.release_id):
        ended["facts"]["rests_on"] = rest.as_json()
    if sampler:
        ended["finished_at"] = Now()
    if not held.update(state=state, reason="", space_needed=None, **ended):
        raise _LeaseLostError
    data = {"sha256": artefact.sha256, "sampler": sampler.pk if sampler else None}
    AuditEvent.objects.create(
        actor=None, verb=f"training.{state}", object_type="training", object_id=training.pk, data=data
    )
    tell_parent(training)


def _sampler(training: Training, artefact: Artefact, outcome: TrainingResult) -> Sampler:
    """The sampler that uses what was learnt. Its name is that of the training, so that there is one."""
    return Sampler.objects.create(
        name=f"training-{training.pk}",
        title=f"{training.base.title if training.base else training.trainer}, training {training.pk}",
        kind=outcome.sampler_kind,
        parameters=dict(outcome.sampler_parameters),
        parent=training.base,
        artefact=artefact,
    )


@transaction.atomic
def _end(training: Training, held: QuerySet[Training], state: str, reason: str) -> bool:
    """End or pause the training for a reason, unless the lease was lost; whether it was not."""
    ended = {} if state == State.PAUSED else {"finished_at": Now()}
    if not held.update(state=state, reason=reason, note="", **ended):
        return False
    tell_parent(training)
    return True
