"""Jobs that apply release rules: to freeze a release, or only to see what a rule takes and what it removes."""

from django.db import models

from trajectories.models.job_indexes import job_indexes
from trajectories.models.job_kinds import ACTIVE, CANCEL, CANCELLED, QUEUED, RETRY, JobKind, Move, Progress
from trajectories.models.leased_jobs import LeasedJob
from trajectories.models.problems import Problem
from trajectories.models.releases import Release, ReleaseRule
from trajectories.models.reviews import SEE_REVIEWS
from trajectories.models.titles import TitleField
from trajectories.models.traces import Trace


class Freezing(LeasedJob):
    """A release on its way: what was asked for, and the release once there is one.

    `key` makes a repeated submission the same job. `done_count` of about `total_count` traces are read. A trial makes
    no release: it ends with the funnel, which is what each clause of the rule removed and what was left,
    [{"clause", "removed", "left"}]. `previous` is the release that it is compared with, and `changes` what came of
    that, {"added", "removed", "changed"}.
    """

    class State(models.TextChoices):
        """queued -> running -> finished | failed | cancelled; back to queued where the disk is full."""

        QUEUED = "queued"
        RUNNING = "running"
        FINISHED = "finished"
        FAILED = "failed"
        CANCELLED = "cancelled"

    ACTIVE_STATES = (State.QUEUED, State.RUNNING)

    job_kind = JobKind(
        "freezing",
        "Release",
        "Releases on their way",
        "release on its way",
        lambda job: job.title,
        lambda job: Progress(job.done_count, job.total_count, "traces"),
        ("trajectories.view_release", SEE_REVIEWS),
        lambda _: ("trajectories.add_release", SEE_REVIEWS),
        page="release_freezing",
        moves={
            CANCEL: Move("cancelled", ACTIVE, CANCELLED),
            RETRY: Move("retried", (State.FAILED, State.CANCELLED), QUEUED),
        },
        reason_field="reason",
    )

    key = models.UUIDField(unique=True)
    title = TitleField()
    rule = models.JSONField(default=dict)
    named_rule = models.ForeignKey(ReleaseRule, null=True, on_delete=models.PROTECT, related_name="+")
    notes = models.TextField(blank=True)
    trial = models.BooleanField(default=False)
    previous = models.ForeignKey(Release, null=True, on_delete=models.PROTECT, related_name="+")
    funnel = models.JSONField(default=list)
    changes = models.JSONField(null=True)
    # Whether a release of the very same content will do.
    reuse = models.BooleanField(default=False)
    # The format of a file to make of it; empty for none.
    export_format = models.CharField(max_length=40, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    reason = models.TextField(blank=True)
    # Bytes that have to be free on the disk before it is tried again; null unless the disk was full.
    space_needed = models.PositiveBigIntegerField(null=True)
    done_count = models.PositiveIntegerField(default=0)
    total_count = models.PositiveIntegerField(default=0)
    release = models.ForeignKey(Release, null=True, on_delete=models.PROTECT, related_name="freezings")

    class Meta:
        indexes = job_indexes("freezing")

    def __str__(self) -> str:
        return f"freezing of {self.title}"


class Removal(models.Model):
    """A trace that a clause removed on the way to a release, and why, where a filter of single traces does not say it:
    because of another trace or of a problem that is held out; or a trace of the previous release, whatever removed it.

    `evidence` is core.releases.item_evidence.RemovalEvidence as JSON.
    """

    freezing = models.ForeignKey(Freezing, on_delete=models.CASCADE, related_name="removals")
    trace = models.ForeignKey(Trace, on_delete=models.CASCADE, related_name="+")
    clause = models.CharField(max_length=20)
    other_trace = models.ForeignKey(Trace, null=True, on_delete=models.CASCADE, related_name="+")
    other_problem = models.ForeignKey(Problem, null=True, on_delete=models.CASCADE, related_name="+")
    evidence = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["freezing", "clause", "trace"], name="removal_once")]

    def __str__(self) -> str:
        return f"trace {self.trace_id} removed by {self.clause}"
