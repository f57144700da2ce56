"""Jobs that have traces cut into other steps."""

from django.db import models

from trajectories.core.prompts.segmentation import segmentation_words
from trajectories.models.job_indexes import job_indexes
from trajectories.models.job_kinds import JobKind, Progress
from trajectories.models.leased_jobs import LeasedJob


class SegmentationJob(LeasedJob):
    """Cutting a selection of traces by a segmentation, for whoever reads them from then on.

    `selection` is the stored form of core's Selection; traces are taken in order of id up to `last_id`, the newest
    there was when it was asked for, and `cursor` is the last one done. `changed_count` traces were cut otherwise
    before.
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
        "segmentation",
        "Cutting into steps",
        "Cuttings into steps",
        "cutting",
        lambda job: (
            f"{job.total_count:,} trace{'' if job.total_count == 1 else 's'}: {segmentation_words(job.segmentation)}"
        ),
        lambda job: Progress(job.done_count, job.total_count, "traces"),
        ("trajectories.view_trace",),
        lambda _: ("trajectories.add_segmentationjob",),
        reason_field="",
        counts=("done_count", "changed_count"),
    )

    selection = models.JSONField(default=dict)
    segmentation = models.CharField(max_length=30, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    cursor = models.BigIntegerField(default=0)
    last_id = models.BigIntegerField()
    total_count = models.PositiveIntegerField()
    done_count = models.PositiveIntegerField(default=0)
    changed_count = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = job_indexes("segmentation")

    def __str__(self) -> str:
        return f"segmentation {self.pk}"
