"""Jobs that have traces cut into other steps, and how language models have cut them."""

from django.db import models

from trajectories.core.prompts.segmentation import segmentation_words
from trajectories.models.job_indexes import job_indexes
from trajectories.models.job_kinds import JobKind, Progress
from trajectories.models.paid_jobs import PaidJob
from trajectories.models.samplers import Sampler
from trajectories.models.traces import Text, Trace


class SegmentationJob(PaidJob):
    """Cutting a selection of traces by a segmentation, for whoever reads them from then on.

    `selection` is the stored form of core's Selection; traces are taken in order of id up to `last_id`, the newest
    there was when it was asked for, and all up to `cursor` are done. `changed_count` traces were cut otherwise before.
    With a `sampler` that language model cuts each trace by itself, and `segmentation` is empty; the `error_count`
    traces whose answers cut nothing stay as they were.
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
        lambda job: f"{job.total_count:,} trace{'' if job.total_count == 1 else 's'}: {job.way}",
        lambda job: Progress(job.done_count, job.total_count, "traces", job.error_count),
        ("trajectories.view_trace",),
        lambda _: ("trajectories.add_segmentationjob",),
        related=("sampler",),
        is_paid=lambda job: job.sampler_id is not None,
        counts=("done_count", "changed_count"),
    )

    selection = models.JSONField(default=dict)
    segmentation = models.CharField(max_length=30, blank=True)
    sampler = models.ForeignKey(Sampler, null=True, on_delete=models.PROTECT, related_name="segmentation_jobs")
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    cursor = models.BigIntegerField(default=0)
    last_id = models.BigIntegerField()
    total_count = models.PositiveIntegerField()
    done_count = models.PositiveIntegerField(default=0)
    changed_count = models.PositiveIntegerField(default=0)
    error_count = models.PositiveIntegerField(default=0, db_default=0)
    call_count = models.PositiveIntegerField(default=0, db_default=0)

    class Meta:
        indexes = job_indexes("segmentation")

    def __str__(self) -> str:
        return f"segmentation {self.pk}"

    @property
    def way(self) -> str:
        """How the traces are cut, in a few words."""
        return segmentation_words(self.segmentation) if self.sampler is None else f"by {self.sampler}"


class ModelCut(models.Model):
    """Where the steps of a trace begin as a language model has cut it: the `places` in its text that the name is made
    of (core.prompts.segmentation). Append-only; `version` is that of the question.
    """

    trace = models.ForeignKey(Trace, on_delete=models.PROTECT, related_name="model_cuts")
    name = models.CharField(max_length=30)
    places = models.JSONField(default=list)
    sampler = models.ForeignKey(Sampler, on_delete=models.PROTECT, related_name="model_cuts")
    version = models.PositiveSmallIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["trace", "name", "sampler"], name="model_cut_once")]

    def __str__(self) -> str:
        return f"{self.name} of trace {self.trace_id}"


class SegmentationItem(models.Model):
    """What became of one trace of a job that a language model does: how often it was asked, its last answer, and the
    cut, or why there is none. While `is_done` is false it is asked once more.
    """

    job = models.ForeignKey(SegmentationJob, on_delete=models.CASCADE, related_name="items")
    trace = models.ForeignKey(Trace, on_delete=models.PROTECT, related_name="segmentation_items")
    asks = models.PositiveSmallIntegerField(default=0)
    answer = models.ForeignKey(Text, null=True, on_delete=models.PROTECT, related_name="+")
    cut = models.ForeignKey(ModelCut, null=True, on_delete=models.PROTECT, related_name="+")
    error_kind = models.CharField(max_length=40, blank=True)
    message = models.TextField(blank=True)
    is_done = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "trace"], name="segmentation_item_once")]
        indexes = [
            models.Index(fields=["job", "id"], name="segmentation_item_failed", condition=~models.Q(error_kind="")),
        ]

    def __str__(self) -> str:
        return f"trace {self.trace_id} in segmentation {self.job_id}"
