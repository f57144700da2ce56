"""Jobs that generate problems, and the calls they make."""

from django.db import models
from django.utils.functional import cached_property

from trajectories.core.generation.plans import GenerationPlan
from trajectories.models.briefs import Brief
from trajectories.models.instructions import Instruction
from trajectories.models.job_indexes import job_indexes
from trajectories.models.job_kinds import QUEUED, RETRY, STOPPABLE, JobKind, Move, Progress
from trajectories.models.paid_jobs import PaidJob
from trajectories.models.problems import Problem, ProblemSet
from trajectories.models.samplers import Sampler
from trajectories.models.titles import TitleField
from trajectories.models.traces import Text


class GenerationJob(PaidJob):
    """A frozen plan for new problems and how far it has come. One worker at a time holds the lease.

    `plan` is the stored form of core.generation.plans.GenerationPlan, which `kept_plan` gives. `wanted` counts
    candidates that reach the review queue.
    """

    class State(models.TextChoices):
        """queued -> running -> (paused) -> finished | cancelled | failed."""

        QUEUED = "queued"
        RUNNING = "running"
        PAUSED = "paused"
        FINISHED = "finished"
        CANCELLED = "cancelled"
        FAILED = "failed"

    ACTIVE_STATES = (State.QUEUED, State.RUNNING)
    ENDED_STATES = (State.FINISHED, State.CANCELLED, State.FAILED)

    job_kind = JobKind(
        "generation",
        "Generation",
        "Generation",
        "job",
        lambda job: job.title,
        lambda job: Progress(job.passed_count, job.wanted, "problems"),
        ("trajectories.view_generationjob",),
        lambda _: ("trajectories.control_generationjob",),
        page="generation_detail",
        moves={**STOPPABLE, RETRY: Move("retried", (State.FAILED,), QUEUED)},
        unread=("plan",),
        is_paid=lambda job: job.sampler_id is not None or job.solver_id is not None,
    )

    title = TitleField()
    generator = models.CharField(max_length=20)
    plan = models.JSONField()
    seed = models.BigIntegerField()
    wanted = models.PositiveIntegerField()
    sampler = models.ForeignKey(Sampler, null=True, on_delete=models.PROTECT, related_name="+")
    solver = models.ForeignKey(Sampler, null=True, on_delete=models.PROTECT, related_name="+")
    instruction = models.ForeignKey(Instruction, null=True, on_delete=models.PROTECT, related_name="+")
    brief = models.ForeignKey(Brief, null=True, on_delete=models.PROTECT, related_name="jobs")
    source_set = models.ForeignKey(ProblemSet, null=True, on_delete=models.PROTECT, related_name="+")
    code_version = models.CharField(max_length=80)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    held_until = models.DateTimeField(null=True)

    class Meta:
        permissions = [("control_generationjob", "Can pause, resume and cancel generation jobs")]
        indexes = job_indexes("generation")

    def __str__(self) -> str:
        return self.title

    @cached_property
    def kept_plan(self) -> GenerationPlan:
        """`plan` with a name for each of its keys; it never changes."""
        return GenerationPlan.from_json(self.plan)

    @property
    def has_ended(self) -> bool:
        """Whether it will never go on."""
        return self.state in self.ENDED_STATES


class GenerationCall(models.Model):
    """One order to a generator and its outcome: a call to a model, or a draw of an embedded generator.

    A failed call keeps its error. `reply` is what the model said.
    """

    job = models.ForeignKey(GenerationJob, on_delete=models.PROTECT, related_name="calls")
    index = models.PositiveIntegerField()
    constraints = models.JSONField(default=dict)
    source = models.ForeignKey(Problem, null=True, on_delete=models.PROTECT, related_name="+")
    reply = models.ForeignKey(Text, null=True, on_delete=models.PROTECT, related_name="+")
    error_kind = models.CharField(max_length=40, blank=True)
    error = models.TextField(blank=True)
    input_tokens = models.PositiveIntegerField(default=0)
    output_tokens = models.PositiveIntegerField(default=0)
    cost = models.DecimalField(max_digits=14, decimal_places=8, null=True)
    seconds = models.FloatField(default=0.0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "index"], name="generation_call_once")]

    def __str__(self) -> str:
        return f"call {self.index} of generation job {self.job_id}"
