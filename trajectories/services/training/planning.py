"""Asking for trainings, and saying which sampler came of one that was done elsewhere."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from trajectories.adapters.training import TRAINERS
from trajectories.adapters.training.base import Base, Trainer, read_parameters
from trajectories.core.faults import Fault
from trajectories.core.records import JSON
from trajectories.models import AuditEvent, Release, Sampler, Training
from trajectories.models.job_kinds import RETRY
from trajectories.services.endpoints.artefacts import ArtefactError, artefact_file
from trajectories.services.jobs.endings import parent_of, tell_parent
from trajectories.services.jobs.ringers import ring
from trajectories.services.jobs.steering import JobError, steer
from trajectories.services.training.lessons import check_rule

State = Training.State
LONGEST_TITLE = 200


class TrainingError(JobError):
    """A training that cannot be done, or not be steered so; the message is for people."""


@transaction.atomic
def start_training(  # noqa: PLR0913 (what is learnt from, how, and for whom)
    *,
    by: User | None,
    release: Release,
    trainer: str,
    parameters: Mapping[str, JSON],
    base: Sampler | None,
    rule: Mapping[str, JSON] | None = None,
    parent_job: Any | None = None,
    seed: int = 0,
    title: str = "",
) -> Training:
    """Queue a training, and ring for it.

    `rule` is the stored form of a core.learning.rules.TrainingRule, the usual one for None. `parent_job` is rung for
    when the training ends, is paused or waits for its sampler. Raises Fault, with the field, for whatever is wrong in a
    way that can be said before it begins.
    """
    found = trainer_of(trainer)
    if not release.item_count:
        raise Fault(f"The release {release.title} has no rows; expected one to learn from.", field="release")
    read = read_parameters(found.parameters, parameters)
    found.check(read, check_base(found, base))
    training = Training.objects.create(
        title=(title or f"{found.label}: {release.title}")[:LONGEST_TITLE],
        release=release,
        trainer=found.key,
        parameters=read,
        rule=check_rule(rule or {}).as_json(),
        base=base,
        seed=seed,
        created_by=by,
        **parent_of(parent_job),
    )
    audit_training(by, "request", training, {"release": release.pk, "trainer": found.key, "parameters": read})
    ring("training", training.pk)
    return training


def trainer_of(key: str) -> Trainer:
    """The trainer of that key. Raises Fault."""
    if key not in TRAINERS:
        raise Fault(f"Found the trainer {key[:40]!r}, expected one of {', '.join(TRAINERS)}.", field="trainer")
    return TRAINERS[key]


def check_base(trainer: Trainer, base: Sampler | None) -> Base | None:
    """The sampler that a training begins from, as its trainer sees it. Raises Fault."""
    if base is None:
        return None
    if base.kind not in trainer.base_kinds:
        expected = " or ".join(Sampler.Kind(kind).label for kind in trainer.base_kinds) or "none"
        raise Fault(
            f"{base.title} is a sampler of the kind {Sampler.Kind(base.kind).label}; {trainer.label} begins from the "
            f"kind {expected}.",
            field="base",
        )
    try:
        artefact = artefact_file(base.artefact) if base.artefact is not None else None
    except ArtefactError as fault:
        raise Fault(str(fault), field="base") from fault
    return Base(base.kind, base.name, base.version, base.parameters, artefact)


@transaction.atomic
def attach_sampler(*, by: User | None, training_id: int, sampler: Sampler) -> Training:
    """Say which sampler came of a training whose result was used elsewhere; its parent is rung for.

    Raises TrainingError unless the training waits for one, where the sampler is the one that it began from, or where it
    came of another training.
    """
    training = Training.objects.select_for_update(of=("self",), no_key=True).get(pk=training_id)
    if training.state != State.WAITING:
        raise TrainingError(f"The training is {training.state}; only one that waits for its sampler can be given one.")
    if sampler.pk == training.base_id:
        raise TrainingError(
            f"The training began from {sampler.title}; expected the sampler that came of it.", field="sampler"
        )
    if (other := Training.objects.filter(sampler=sampler).first()) is not None:
        raise TrainingError(
            f"{sampler.title} came of training {other.pk}; expected a sampler that came of none.", field="sampler"
        )
    training.sampler, training.state = sampler, State.FINISHED
    training.finished_at = timezone.now()
    training.save(update_fields=["sampler", "state", "finished_at"])
    audit_training(by, "attached", training, {"sampler": sampler.pk})
    tell_parent(training)
    return training


def retry_training(*, actor: User | None, job_id: int) -> Training:
    """Train again from the beginning, and ring for it. Raises JobError unless it failed or was cancelled."""

    def begin_anew(held: Training) -> dict[str, JSON]:
        held.points.all().delete()
        held.done_count, held.total_count, held.space_needed, held.started_at = 0, 0, None, None
        held.note, held.facts, held.funnel, held.worked_seconds = "", {}, [], 0
        return {}

    training: Training = steer("training", RETRY, actor=actor, job_id=job_id, change=begin_anew)
    return training


def audit_training(actor: User | None, verb: str, training: Training, data: dict[str, JSON]) -> None:
    """Write into the audit log what was done to a training, in the caller's transaction."""
    AuditEvent.objects.create(
        actor=actor, verb=f"training.{verb}", object_type="training", object_id=training.pk, data=data
    )
