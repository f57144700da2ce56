"""Trainings: what releases make of samplers."""

from django.db import models

from trajectories.models.artefacts import Artefact
from trajectories.models.job_indexes import job_indexes
from trajectories.models.job_kinds import (
    ACTIVE,
    CANCEL,
    CANCELLED,
    PAUSE,
    PAUSED,
    QUEUED,
    RESUME,
    RETRY,
    JobKind,
    Move,
    Progress,
)
from trajectories.models.leased_jobs import ChildJob, LeasedJob
from trajectories.models.releases import Release
from trajectories.models.reviews import SEE_REVIEWS
from trajectories.models.samplers import Sampler
from trajectories.models.titles import TitleField

WAITING = "waiting"


class Training(ChildJob, LeasedJob):
    """A release on its way into a sampler.

    `trainer` is a key of adapters.training.TRAINERS and `parameters` all of its parameters, read and complete. `base`
    is the sampler it begins from, None where it begins from parameters alone. `rule` is the core.learning.rules.Rule
    that says which items enter, and `funnel` what each clause of it removed: [{"clause", "removed", "left"}].

    `done_count` of `total_count` `unit` are done. `note` says what goes on, `facts` what came out. `artefact` is the
    file that was made and `sampler` the sampler that uses it; a trainer that makes a package for another machine
    leaves the training waiting until a person says which sampler came of it.
    """

    class State(models.TextChoices):
        """queued -> running -> finished | waiting | failed | cancelled; paused by people, or where its worker lacks
        something; back to queued where the disk is full."""

        QUEUED = "queued"
        RUNNING = "running"
        PAUSED = "paused"
        WAITING = "waiting", "waiting for its sampler"
        FINISHED = "finished"
        FAILED = "failed"
        CANCELLED = "cancelled"

    ACTIVE_STATES = (State.QUEUED, State.RUNNING)
    ENDED_STATES = (State.FINISHED, State.FAILED, State.CANCELLED)

    job_kind = JobKind(
        "training",
        "Training",
        "Trainings",
        "training",
        lambda job: job.title,
        lambda job: Progress(job.done_count, job.total_count, job.unit or "items"),
        ("trajectories.view_training", SEE_REVIEWS),
        lambda _: ("trajectories.add_training", SEE_REVIEWS),
        moves={
            PAUSE: Move("paused", ACTIVE, PAUSED),
            RESUME: Move("resumed", (PAUSED,), QUEUED),
            CANCEL: Move("cancelled", (*ACTIVE, PAUSED, WAITING), CANCELLED),
            RETRY: Move("retried", (State.FAILED, State.CANCELLED), QUEUED),
        },
        page="training_detail",
        reason_field="reason",
    )

    title = TitleField()
    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="trainings")
    trainer = models.SlugField(max_length=40)
    parameters = models.JSONField(default=dict)
    rule = models.JSONField(default=dict)
    base = models.ForeignKey(Sampler, null=True, on_delete=models.PROTECT, related_name="+")
    seed = models.BigIntegerField(default=0)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    reason = models.TextField(blank=True)
    note = models.TextField(blank=True)
    done_count = models.PositiveBigIntegerField(default=0)
    total_count = models.PositiveBigIntegerField(default=0)
    unit = models.CharField(max_length=40, blank=True)
    funnel = models.JSONField(default=list)
    facts = models.JSONField(default=dict)
    artefact = models.ForeignKey(Artefact, null=True, on_delete=models.PROTECT, related_name="trainings")
    sampler = models.OneToOneField(Sampler, null=True, on_delete=models.PROTECT, related_name="training")
    started_at = models.DateTimeField(null=True)
    # For how long workers have been at it since it was begun or tried again, all claims together, pauses apart.
    worked_seconds = models.PositiveIntegerField(default=0, db_default=0)
    # Bytes that have to be free on the disk before it is tried again; null unless the disk was full.
    space_needed = models.PositiveBigIntegerField(null=True)

    class Meta:
        indexes = job_indexes("training")

    def __str__(self) -> str:
        return f"training {self.pk}: {self.title}"


class TrainingPoint(models.Model):
    """Values of a training's curves at one step: {"loss": 0.7, ...}."""

    training = models.ForeignKey(Training, on_delete=models.CASCADE, related_name="points")
    step = models.PositiveBigIntegerField()
    values = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["training", "step"], name="training_step_once")]

    def __str__(self) -> str:
        return f"step {self.step} of training {self.training_id}"
