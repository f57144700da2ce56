"""Runs and the attempts they are planned as."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from trajectories.core.strategies import STRATEGIES
from trajectories.core.strategies.base import AttemptKind
from trajectories.core.strategies.plans import RunPlan
from trajectories.models.instructions import Instruction
from trajectories.models.job_indexes import job_indexes
from trajectories.models.job_kinds import (
    ACTIVE,
    CANCEL,
    CANCELLED,
    PAUSED,
    QUEUED,
    RETRY,
    STOPPABLE,
    JobKind,
    Move,
    Progress,
)
from trajectories.models.problems import Problem, ProblemSet
from trajectories.models.samplers import Sampler
from trajectories.models.titles import TitleField


class Run(models.Model):
    """A frozen plan (problems x instructions x temperatures x samples each) and how far it has come.

    `plan` holds what the attempts were made from; the counters are kept in the transaction that changes an attempt, so
    planned = pending + leased + done + failed + cancelled always.
    """

    class State(models.TextChoices):
        """draft -> queued -> running -> (paused) -> finished | cancelled | failed."""

        DRAFT = "draft"
        QUEUED = "queued"
        RUNNING = "running"
        PAUSED = "paused"
        FINISHED = "finished"
        CANCELLED = "cancelled"
        FAILED = "failed"

    ACTIVE_STATES = (State.QUEUED, State.RUNNING)
    ENDED_STATES = (State.FINISHED, State.CANCELLED, State.FAILED)

    job_kind = JobKind(
        "run",
        "Run",
        "Runs",
        "run",
        lambda run: run.title,
        lambda run: Progress(
            run.done_count + run.failed_count + run.cancelled_count,
            run.planned_count,
            "samples",
            run.broken_count,
            run.nothing_new_count,
        ),
        ("trajectories.view_run",),
        lambda _: ("trajectories.control_run",),
        page="run_detail",
        moves={
            **STOPPABLE,
            CANCEL: Move("cancelled", (State.DRAFT, *ACTIVE, PAUSED), CANCELLED),
            RETRY: Move(
                "retried",
                (State.FAILED, State.FINISHED),
                QUEUED,
                # Lists have told failures apart (selectors.runs.with_endings).
                lambda run: run.why_not_again(getattr(run, "broken_count", run.failed_count)),
            ),
        },
        unread=("plan",),
        related=("sampler",),
        is_paid=lambda run: run.sampler.is_chat,
        audit_prefix="",
    )

    title = TitleField()
    sampler = models.ForeignKey(Sampler, on_delete=models.PROTECT, related_name="runs")
    problem_set = models.ForeignKey(ProblemSet, null=True, on_delete=models.PROTECT, related_name="runs")
    strategy = models.CharField(max_length=40, default="parallel")
    plan = models.JSONField(default=dict)
    seed = models.BigIntegerField()
    code_version = models.CharField(max_length=80)
    # How its traces are cut into steps as they come (core.prompts.segmentation), empty for as they are; or the language
    # model that cuts them once the run has finished, and the end of the run that this was asked for.
    segmentation = models.CharField(max_length=30, blank=True, default="", db_default="")
    segmenter = models.ForeignKey(Sampler, null=True, on_delete=models.PROTECT, related_name="+")
    segmented_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    state_reason = models.TextField(blank=True)
    planned_count = models.PositiveIntegerField(default=0)
    done_count = models.PositiveIntegerField(default=0)
    failed_count = models.PositiveIntegerField(default=0)
    cancelled_count = models.PositiveIntegerField(default=0)
    verified_count = models.PositiveIntegerField(default=0)
    # Of the verified samples: right or wrong ones, and the right ones of them.
    scored_count = models.PositiveIntegerField(default=0, db_default=0)
    correct_count = models.PositiveIntegerField(default=0)
    budget_seconds = models.PositiveIntegerField(null=True, blank=True)
    budget_cost = models.DecimalField(max_digits=14, decimal_places=6, null=True, blank=True)
    budget_tokens = models.BigIntegerField(null=True, blank=True)
    # Spent so far; `output_tokens` include the reasoning. Samples without a known price add no cost.
    cost = models.DecimalField(max_digits=16, decimal_places=8, default=0)
    input_tokens = models.BigIntegerField(default=0)
    cached_tokens = models.BigIntegerField(default=0)
    reasoning_tokens = models.BigIntegerField(default=0)
    output_tokens = models.BigIntegerField(default=0)
    # The run whose plan it repeats without its memory, to measure what memory brings.
    control_of = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="controls")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    # When a bell was last rung or answered: the sweep rings again only where this is long ago.
    rung_at = models.DateTimeField(db_default=Now())
    # Whoever asks the model judge of its steps holds this lease; `claims` counts as of other leased jobs.
    lease_token = models.UUIDField(null=True)
    lease_expires_at = models.DateTimeField(null=True)
    claims = models.PositiveSmallIntegerField(default=0, db_default=0)

    class Meta:
        permissions = [("control_run", "Can pause, resume and cancel runs")]
        indexes = job_indexes("run")

    def __str__(self) -> str:
        return self.title

    @property
    def calls_tools(self) -> bool:
        """Whether its samples could run programs in the sandbox."""
        return self.strategy in STRATEGIES and STRATEGIES[self.strategy].calls_tools

    def why_not_again(self, broken: int) -> str:
        """Why no sample of a run that has ended, of which so many failed, can be drawn again; "" where one can."""
        if self.sampler.kind == Sampler.Kind.AGENT:
            return "Agents learn from one episode to the next; one that failed cannot be played later."
        return "" if broken or self.cancelled_count else "No sample of the run has failed."

    @property
    def kept_plan(self) -> RunPlan:
        """`plan` with a name for each of its keys."""
        return RunPlan.from_json(self.plan)


class Attempt(models.Model):
    """One unit of a plan: small and hot. A failed call is an attempt without a trace, its error kept as data.

    `kind` and `parent` are as in core.strategies.base.Planned; `round` counts from 0. `pruned` says in words why the
    strategy did not go on from its trace, "" where it did or says nothing. `step_score` in [0, 1] is how good the steps
    of a text are so far, by what the run scores them; None where nothing does.
    `step_fault` says why a model judge gave none.
    """

    class State(models.TextChoices):
        """pending -> leased -> done | failed, or cancelled before a result came."""

        PENDING = "pending"
        LEASED = "leased"
        DONE = "done"
        FAILED = "failed"
        CANCELLED = "cancelled"

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="attempts")
    problem = models.ForeignKey(Problem, on_delete=models.PROTECT, related_name="attempts")
    instruction = models.ForeignKey(Instruction, on_delete=models.PROTECT, related_name="+")
    index = models.PositiveIntegerField()
    ordinal = models.PositiveIntegerField()
    round = models.PositiveSmallIntegerField(default=0)
    kind = models.CharField(max_length=12, default=AttemptKind.FIRST, choices=[(kind, kind) for kind in AttemptKind])
    parent = models.ForeignKey("Trace", null=True, on_delete=models.PROTECT, related_name="+")
    temperature = models.FloatField(default=0.0)
    seed = models.BigIntegerField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    lease_token = models.UUIDField(null=True)
    lease_expires_at = models.DateTimeField(null=True)
    claims = models.PositiveSmallIntegerField(default=0)
    error_kind = models.CharField(max_length=40, blank=True)
    error_message = models.TextField(blank=True)
    pruned = models.CharField(max_length=200, blank=True, default="", db_default="")
    step_score = models.FloatField(null=True)
    step_fault = models.CharField(max_length=200, blank=True, default="", db_default="")
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "problem", "index"], name="attempt_once")]
        indexes = [
            models.Index(fields=["run", "id"], name="attempt_pending", condition=Q(state="pending")),
            models.Index(fields=["lease_expires_at"], name="attempt_leased", condition=Q(state="leased")),
            models.Index(fields=["run", "problem"], name="attempt_open", condition=Q(state__in=("pending", "leased"))),
            models.Index(fields=["run", "error_kind"], name="attempt_failed", condition=Q(state="failed")),
        ]

    def __str__(self) -> str:
        return f"run {self.run_id}, problem {self.problem_id}, attempt {self.index}"


class RunProblem(models.Model):
    """Where a run is with a problem, for strategies with more than one round.

    `round` is the last round planned; `closed` says that the strategy is done with the problem.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="problems")
    problem = models.ForeignKey(Problem, on_delete=models.PROTECT, related_name="+")
    round = models.PositiveSmallIntegerField(default=0)
    closed = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "problem"], name="run_problem_once")]
        indexes = [models.Index(fields=["run", "problem"], name="run_problem_open", condition=Q(closed=False))]

    def __str__(self) -> str:
        return f"run {self.run_id}, problem {self.problem_id}, round {self.round}"
