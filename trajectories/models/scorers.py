"""Learned scorers, each with the job that trains it, and the jobs by which they score traces."""

from django.db import models
from django.db.models import Q

from trajectories.core.selections import Selection
from trajectories.core.verifiers.opinions import LONGEST_SCORER_NAME
from trajectories.models.artefacts import Artefact
from trajectories.models.job_indexes import job_indexes
from trajectories.models.job_kinds import QUEUED, RETRY, STOPPABLE, JobKind, Move, Progress
from trajectories.models.leased_jobs import LeasedJob
from trajectories.models.reviews import SEE_REVIEWS

LONGEST_NAME = LONGEST_SCORER_NAME


class Scorer(LeasedJob):
    """A scorer by name and version, from the wish for it on: until it is finished it is a job that trains it.

    `selection` is the stored form of core's Selection: the traces that it learns from, up to the id `last_trace`.
    `labels` says whose word on them counts as right. Of one problem at most `most_each` traces are taken, drawn by
    `seed`; with `uses_votes` it also looks at how many samples of the problem gave the same answer. `counts` says what
    it learnt from and what was left out, `quality` how good it is (core.scorers.metrics.Quality), `learnt` which
    methods were chosen and which numbers tell most. `artefact` holds the scorer itself, as data.

    With `follows` it scores every new trace once that is verified; those up to the id `scored_to` were looked at.
    """

    class Kind(models.TextChoices):
        """What is scored."""

        OUTCOME = "outcome", "Outcome: how likely a trace is right"
        PROCESS = "process", "Process: how likely each step is right"

    class Labels(models.TextChoices):
        """Whose word says what is right."""

        VERDICTS = "verdicts", "Verdicts of verifiers"
        REVIEWS = "reviews", "Decisions of people"
        BOTH = "both", "Decisions of people, else verdicts"
        VALUES = "values", "Values of steps: whether any completion ends right"

    class State(models.TextChoices):
        """queued -> running -> (paused) -> finished | failed | cancelled."""

        QUEUED = "queued"
        RUNNING = "running"
        PAUSED = "paused"
        FINISHED = "finished"
        FAILED = "failed"
        CANCELLED = "cancelled"

    ACTIVE_STATES = (State.QUEUED, State.RUNNING)

    job_kind = JobKind(
        "scorer",
        "Scorer",
        "Scorers",
        "scorer",
        lambda job: f"{job.name}, version {job.version}",
        lambda job: Progress(job.done_count, job.total_count, job.unit or "traces"),
        ("trajectories.view_scorer", SEE_REVIEWS),
        lambda _: ("trajectories.add_scorer", SEE_REVIEWS),
        page="scorer_detail",
        moves={**STOPPABLE, RETRY: Move("retried", (State.FAILED, State.CANCELLED), QUEUED)},
        reason_field="reason",
    )

    name = models.SlugField(max_length=LONGEST_NAME)
    version = models.PositiveIntegerField()
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.OUTCOME)
    labels = models.CharField(max_length=10, choices=Labels.choices, default=Labels.VERDICTS)
    selection = models.JSONField(default=dict)
    last_trace = models.BigIntegerField(default=0)
    most_each = models.PositiveIntegerField(default=64)
    uses_votes = models.BooleanField(default=False)
    seed = models.BigIntegerField(default=0)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    reason = models.TextField(blank=True)
    done_count = models.PositiveBigIntegerField(default=0)
    total_count = models.PositiveBigIntegerField(default=0)
    unit = models.CharField(max_length=40, blank=True)
    counts = models.JSONField(default=dict)
    quality = models.JSONField(null=True)
    learnt = models.JSONField(default=dict)
    artefact = models.ForeignKey(Artefact, null=True, on_delete=models.PROTECT, related_name="scorers")
    follows = models.BooleanField(default=False)
    scored_to = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "version"], name="scorer_version_once")]
        indexes = [
            *job_indexes("scorer"),
            models.Index(fields=["id"], name="scorer_follows", condition=Q(follows=True)),
        ]

    def __str__(self) -> str:
        return f"scorer {self.name}, version {self.version}"

    @property
    def rule(self) -> Selection:
        """Which traces it learns from; nothing stored stands for all."""
        return Selection.from_json(self.selection) if self.selection else Selection()


class Scoring(LeasedJob):
    """Scoring a selection of traces by a scorer: in order of id, from behind `cursor` up to `last_id`. One that is
    `automatic` was asked for by the scorer itself, for what is new."""

    class State(models.TextChoices):
        """queued -> running -> (paused) -> finished | failed | cancelled."""

        QUEUED = "queued"
        RUNNING = "running"
        PAUSED = "paused"
        FINISHED = "finished"
        FAILED = "failed"
        CANCELLED = "cancelled"

    ACTIVE_STATES = (State.QUEUED, State.RUNNING)

    job_kind = JobKind(
        "scoring",
        "Scoring of traces",
        "Scorings of traces",
        "job",
        lambda job: (
            f"{job.total_count:,} trace{'' if job.total_count == 1 else 's'} by {job.scorer.name}, "
            f"version {job.scorer.version}"
        ),
        lambda job: Progress(job.done_count, job.total_count, "traces"),
        ("trajectories.view_scorer", SEE_REVIEWS),
        lambda _: ("trajectories.add_scoring", SEE_REVIEWS),
        moves={**STOPPABLE, RETRY: Move("retried", (State.FAILED, State.CANCELLED), QUEUED)},
        reason_field="reason",
        related=("scorer",),
        counts=("done_count",),
    )

    scorer = models.ForeignKey(Scorer, on_delete=models.PROTECT, related_name="scorings")
    selection = models.JSONField(default=dict)
    automatic = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    reason = models.TextField(blank=True)
    cursor = models.BigIntegerField(default=0)
    last_id = models.BigIntegerField()
    total_count = models.PositiveBigIntegerField()
    done_count = models.PositiveBigIntegerField(default=0)
    written_count = models.PositiveBigIntegerField(default=0)

    class Meta:
        indexes = job_indexes("scoring")

    def __str__(self) -> str:
        return f"scoring {self.pk}"

    @property
    def rule(self) -> Selection:
        """Which traces it was asked for; nothing stored stands for all."""
        return Selection.from_json(self.selection) if self.selection else Selection()
