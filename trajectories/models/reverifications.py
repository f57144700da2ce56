"""Jobs that verify traces again."""

from django.db import models

from trajectories.core.selections import Selection
from trajectories.models.job_indexes import job_indexes
from trajectories.models.job_kinds import JobKind, Progress
from trajectories.models.leased_jobs import LeasedJob


class Reverification(LeasedJob):
    """Verifying a selection of traces again, by verifiers of their present version and the present sandbox.

    `selection` is the stored form of core's Selection; traces are taken in order of id up to `last_id`, the newest
    there was when it was asked for, and `cursor` is the last one done, so that `claims` counts how often the trace
    after it was begun.
    """

    class State(models.TextChoices):
        """queued -> running -> (paused) -> finished | cancelled."""

        QUEUED = "queued"
        RUNNING = "running"
        PAUSED = "paused"
        FINISHED = "finished"
        CANCELLED = "cancelled"

    ACTIVE_STATES = (State.QUEUED, State.RUNNING)

    job_kind = JobKind(
        "reverification",
        "Verification again",
        "Verifications again",
        "job",
        lambda job: (
            f"{job.total_count:,} trace{'' if job.total_count == 1 else 's'} by "
            f"{len(job.verifiers)} verifier{'' if len(job.verifiers) == 1 else 's'}"
        ),
        lambda job: Progress(job.done_count, job.total_count, "traces"),
        ("trajectories.view_verdict",),
        lambda _: ("trajectories.add_reverification",),
        page="reverification_detail",
        reason_field="",
        counts=("done_count",),
    )

    selection = models.JSONField(default=dict)
    verifiers = models.JSONField(default=list)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    cursor = models.BigIntegerField(default=0)
    last_id = models.BigIntegerField()
    total_count = models.PositiveIntegerField()
    done_count = models.PositiveIntegerField(default=0)
    written_count = models.PositiveIntegerField(default=0)
    changed_count = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = job_indexes("reverification")

    def __str__(self) -> str:
        return f"reverification {self.pk}"

    @property
    def rule(self) -> Selection:
        """Which traces it was asked for; nothing stored stands for all."""
        return Selection.from_json(self.selection) if self.selection else Selection()
