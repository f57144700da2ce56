"""Imports: files on their way in."""

from django.db import models

from trajectories.models.job_indexes import job_indexes
from trajectories.models.job_kinds import QUEUED, RETRY, STOPPABLE, JobKind, Move, Progress
from trajectories.models.leased_jobs import LeasedJob
from trajectories.models.problems import ProblemSet


class Import(LeasedJob):
    """One import of problems or traces, all or nothing, by a worker.

    First everything is read and checked, and what is good is set aside in a file: `cursor` items are read, `done` of
    `total` (in whatever unit the kind counts), and `staged_bytes` of that file belong to them, so that another worker
    goes on from there. Then all of it is written in one transaction, with the end of the import itself.
    """

    class Kind(models.TextChoices):
        """What is read."""

        ARC = "arc", "ARC tasks"
        QUESTIONS = "questions", "questions"
        PROCEDURAL = "procedural", "procedural problems"
        TRACES = "traces", "traces"
        EPISODES = "episodes", "episodes of a world"
        ARCHIVE = "archive", "archive of a release"

    class State(models.TextChoices):
        """queued -> running -> (paused) -> finished | refused | failed | cancelled.

        Back to queued where the disk is full, and where a failed one is tried again.
        """

        QUEUED = "queued"
        RUNNING = "running"
        PAUSED = "paused"
        FINISHED = "finished"
        REFUSED = "refused"
        FAILED = "failed"
        CANCELLED = "cancelled"

    ACTIVE_STATES = (State.QUEUED, State.RUNNING)

    job_kind = JobKind(
        "import",
        "Import",
        "Imports",
        "import",
        lambda job: f"{job.source}: {job.get_kind_display()}",
        lambda job: Progress(job.done, job.total, "", job.fault_count),
        ("trajectories.view_import",),
        lambda job: ("trajectories.add_trace" if job.kind == Import.Kind.TRACES else "trajectories.add_problem",),
        page="import_detail",
        moves={
            **STOPPABLE,
            RETRY: Move("retried", (State.FAILED,), QUEUED),
        },
        reason_field="reason",
        unread=("faults", "crossings", "files", "options", "told"),
    )

    kind = models.CharField(max_length=12, choices=Kind.choices)
    # Names of the files as they were sent, or of the family, for people.
    source = models.CharField(max_length=400)
    # [{"token", "name"}] of the kept uploads, in order.
    files = models.JSONField(default=list)
    options = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    reason = models.TextField(blank=True)
    cursor = models.PositiveBigIntegerField(default=0)
    done = models.PositiveBigIntegerField(default=0)
    total = models.PositiveBigIntegerField(default=0)
    staged_bytes = models.PositiveBigIntegerField(default=0)
    staged_count = models.PositiveIntegerField(default=0)
    writing = models.BooleanField(default=False)
    # Bytes that have to be free on the disk before it is tried again; null unless the disk was full.
    space_needed = models.PositiveBigIntegerField(null=True)
    # How often it was read again because what it refers to had changed.
    restarts = models.PositiveSmallIntegerField(default=0)
    inserted = models.PositiveIntegerField(default=0)
    duplicates = models.PositiveIntegerField(default=0)
    fault_count = models.PositiveIntegerField(default=0)
    # [[file, path, detail]] of the first faults.
    faults = models.JSONField(default=list)
    crossing_count = models.PositiveIntegerField(default=0)
    # [[name, split, known name, known set, known split]] of the first problems that are known on the other side.
    crossings = models.JSONField(default=list)
    problem_set = models.ForeignKey(ProblemSet, null=True, on_delete=models.PROTECT, related_name="+")
    # [{"id", "title"}] of the samplers that stand for the models of imported traces.
    samplers = models.JSONField(default=list)
    # Of traces: {"shapes": {name: rows}, "wrapper": {"before", "behind", "rows"}, "verdicts", "reviews", "problems"}.
    told = models.JSONField(default=dict)

    class Meta:
        indexes = job_indexes("import")

    def __str__(self) -> str:
        return f"import {self.pk} of {self.source[:60]}"

    @property
    def hidden_crossings(self) -> int:
        """How many more problems are known on the other side than `crossings` names."""
        return self.crossing_count - len(self.crossings)
