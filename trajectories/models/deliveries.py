"""What is made of a release besides its files: a package for reinforcement learning, or a copy on a hub."""

from django.db import models
from django.db.models import Q

from trajectories.models.job_indexes import job_indexes
from trajectories.models.job_kinds import ACTIVE, CANCEL, CANCELLED, QUEUED, RETRY, JobKind, Move, Progress
from trajectories.models.leased_jobs import LeasedJob
from trajectories.models.releases import Export, Release
from trajectories.models.reviews import SEE_REVIEWS


class Delivery(LeasedJob):
    """A package made of a release, of which there is one, or one push of a file of it to a hub.

    Of a push `export` is what goes there, `target` says where: {"endpoint", "repo", "private", "key_variable"}; the
    key itself is stored nowhere. `outcome` is what the hub answered: {"commit", "address"}. Of a package `byte_size`
    and `sha256` are those of its file, which a sweep deletes once nobody has asked for it for a while (`dropped_at`),
    unless it is `pinned`. `used_at` is when it was last built, asked for or downloaded.
    """

    class What(models.TextChoices):
        """What is delivered."""

        ENVIRONMENT = "environment", "environment"
        PUSH = "push", "push"

    class State(models.TextChoices):
        """queued -> running -> ready | failed | cancelled; back to queued where the disk is full."""

        QUEUED = "queued"
        RUNNING = "running"
        READY = "ready"
        FAILED = "failed"
        CANCELLED = "cancelled"

    ACTIVE_STATES = (State.QUEUED, State.RUNNING)

    job_kind = JobKind(
        "delivery",
        "Delivery",
        "Environments and pushes",
        "delivery",
        lambda job: job.name,
        lambda job: Progress(job.done_count, job.total_count, "problems" if job.what == "environment" else "files"),
        ("trajectories.view_delivery", SEE_REVIEWS),
        lambda _: ("trajectories.add_delivery", SEE_REVIEWS),
        page="delivery_detail",
        moves={
            CANCEL: Move("cancelled", ACTIVE, CANCELLED),
            RETRY: Move("retried", (State.READY, State.FAILED, State.CANCELLED), QUEUED),
        },
        reason_field="reason",
        unread=("release__manifest", "release__rule"),
        related=("release",),
    )

    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="deliveries")
    what = models.CharField(max_length=12, choices=What.choices)
    export = models.ForeignKey(Export, null=True, on_delete=models.PROTECT, related_name="+")
    target = models.JSONField(default=dict)
    outcome = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    reason = models.TextField(blank=True)
    done_count = models.PositiveIntegerField(default=0)
    total_count = models.PositiveIntegerField(default=0)
    byte_size = models.PositiveBigIntegerField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)
    # Bytes that have to be free on the disk before it is tried again; null unless the disk was full.
    space_needed = models.PositiveBigIntegerField(null=True)
    pinned = models.BooleanField(default=False)
    used_at = models.DateTimeField(null=True)
    dropped_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "deliveries"
        indexes = job_indexes("delivery")
        constraints = [
            models.UniqueConstraint(fields=["release"], condition=Q(what="environment"), name="environment_once")
        ]

    def __str__(self) -> str:
        return f"{self.what} of release {self.release_id}"

    @property
    def name(self) -> str:
        """What it is, for lists."""
        if self.what == self.What.ENVIRONMENT:
            return f"Environment of {self.release.title}"
        return f"{self.release.title} to {self.target.get('repo', '')}"
