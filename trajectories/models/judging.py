"""Jobs in which a language model judges traces, and all that it said."""

from django.db import models
from django.db.models import Q

from trajectories.core.records import Outcome
from trajectories.core.selections import Selection
from trajectories.core.verifiers.model_judge import Form
from trajectories.models.job_indexes import job_indexes
from trajectories.models.job_kinds import JobKind, Progress
from trajectories.models.paid_jobs import PaidJob
from trajectories.models.rubrics import Rubric
from trajectories.models.samplers import Sampler
from trajectories.models.traces import Text, Trace


class JudgeJob(PaidJob):
    """A job: the traces of a selection, judged by one sampler with one rubric.

    `selection` is the stored form of core's Selection when it was planned; its traces are the items. One worker at a
    time holds the lease. The counters are kept in the transaction that stores an answer or a verdict. A job that values
    steps has no rubric, and as many `completions` from each step.
    """

    class State(models.TextChoices):
        """queued -> running -> (paused) -> finished | cancelled."""

        QUEUED = "queued"
        RUNNING = "running"
        PAUSED = "paused"
        FINISHED = "finished"
        CANCELLED = "cancelled"

    ACTIVE_STATES = (State.QUEUED, State.RUNNING)
    ENDED_STATES = (State.FINISHED, State.CANCELLED)

    job_kind = JobKind(
        "judge_job",
        "Model judge",
        "Model judges",
        "job",
        lambda job: f"{job.rubric.title if job.rubric else 'Values of steps'} by {job.sampler.title}",
        lambda job: Progress(job.done_count, job.total_count, "traces", job.error_count),
        ("trajectories.view_judgejob",),
        lambda _: ("trajectories.control_judgejob",),
        page="judge_job_detail",
        related=("sampler", "rubric"),
        is_paid=lambda _: True,
        audit_prefix="judging.",
        counts=("done_count",),
    )

    selection = models.JSONField(default=dict)
    sampler = models.ForeignKey(Sampler, on_delete=models.PROTECT, related_name="judge_jobs")
    rubric = models.ForeignKey(Rubric, null=True, on_delete=models.PROTECT, related_name="judge_jobs")
    form = models.CharField(max_length=10, choices=[(form.value, form.value) for form in Form])
    opponents = models.PositiveSmallIntegerField(default=0)
    completions = models.PositiveSmallIntegerField(default=0, db_default=0)
    seed = models.BigIntegerField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    total_count = models.PositiveIntegerField()
    done_count = models.PositiveIntegerField(default=0)
    error_count = models.PositiveIntegerField(default=0)
    written_count = models.PositiveIntegerField(default=0)
    call_count = models.PositiveIntegerField(default=0)
    reask_count = models.PositiveIntegerField(default=0)
    recalled_count = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField(null=True)

    class Meta:
        permissions = [("control_judgejob", "Can pause, resume and cancel jobs of model judges")]
        indexes = job_indexes("judge_job")

    def __str__(self) -> str:
        return f"judge job {self.pk}"

    @property
    def rule(self) -> Selection:
        """Which traces it was asked for; nothing stored stands for all."""
        return Selection.from_json(self.selection) if self.selection else Selection()


class JudgeJobItem(models.Model):
    """One trace of a job. `opponents` are the traces it is compared with, chosen when the job was planned; so is the
    `segmentation` that cuts it into the steps that the judge is asked about.

    `outcome` is empty until its verdict is there; `error_kind` says what kept the judge from giving one.
    """

    judge_job = models.ForeignKey(JudgeJob, on_delete=models.CASCADE, related_name="items")
    trace = models.ForeignKey(Trace, on_delete=models.PROTECT, related_name="judge_job_items")
    opponents = models.JSONField(default=list)
    segmentation = models.CharField(max_length=30, blank=True, default="", db_default="")
    outcome = models.CharField(max_length=10, blank=True, choices=[(word.value, word.value) for word in Outcome])
    score = models.FloatField(null=True)
    message = models.TextField(blank=True)
    error_kind = models.CharField(max_length=40, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["judge_job", "trace"], name="judge_job_item_once")]
        indexes = [
            models.Index(fields=["judge_job", "id"], name="judge_job_item_waiting", condition=Q(outcome="")),
            models.Index(fields=["judge_job", "outcome", "id"], name="judge_job_item_by_outcome"),
        ]

    def __str__(self) -> str:
        return f"trace {self.trace_id} in judge job {self.judge_job_id}"


class JudgeJobAnswer(models.Model):
    """One call of an item: `place` is which question (0 for a grade; 2 i and 2 i + 1 for opponent i in both orders),
    `ask` counts from 0 how often it was asked. Append-only; stored in the transaction that counts its cost. Of a job
    that values steps `place` is the step that was gone on from, `ask` counts the completions, and `outcome` is what
    verifiers say of this one.
    """

    item = models.ForeignKey(JudgeJobItem, on_delete=models.CASCADE, related_name="answers")
    place = models.PositiveSmallIntegerField()
    ask = models.PositiveSmallIntegerField()
    text = models.ForeignKey(Text, null=True, on_delete=models.PROTECT, related_name="+")
    outcome = models.CharField(max_length=10, blank=True, default="", db_default="")
    kind = models.CharField(max_length=40, blank=True)
    fault = models.TextField(blank=True)
    input_tokens = models.PositiveIntegerField(default=0)
    output_tokens = models.PositiveIntegerField(default=0)
    cost = models.DecimalField(max_digits=16, decimal_places=8, null=True)
    seconds = models.FloatField(default=0.0)
    recalled = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["item", "place", "ask"], name="judge_job_answer_once")]

    def __str__(self) -> str:
        return f"answer {self.place}.{self.ask} of {self.item_id}"
