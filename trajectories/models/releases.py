"""Releases: immutable selections of reviewed traces; exports: the files made from them."""

from django.conf import settings
from django.db import models

from trajectories.models.job_indexes import job_indexes
from trajectories.models.job_kinds import ACTIVE, CANCEL, CANCELLED, QUEUED, RETRY, JobKind, Move, Progress
from trajectories.models.leased_jobs import LeasedJob
from trajectories.models.reviews import SEE_REVIEWS
from trajectories.models.titles import TitleField
from trajectories.models.traces import Trace


class ReleaseRule(models.Model):
    """One version of a named rule: which traces a release takes, as core.releases.rules.Rule stores it. Append-only.

    `name` names all versions together. `cloned_from` is the version of another rule that the first one was made of.
    """

    name = models.SlugField(max_length=80)
    version = models.PositiveIntegerField(default=1)
    title = TitleField()
    rule = models.JSONField(default=dict)
    rule_hash = models.CharField(max_length=64)
    cloned_from = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "version"], name="release_rule_once")]

    def __str__(self) -> str:
        return f"{self.title} {self.version}"


class Release(models.Model):
    """A frozen, ordered, hashed selection. `rule` says how it was made; `manifest` what it holds.

    `content_hash` is the SHA-256 of the canonical manifest, which in turn names the hash of the items. `key` makes a
    repeated submission the same release. `named_rule` is the stored rule it was made by, if it was; `notes` are what
    whoever made it has to say, and no part of the hash.
    """

    key = models.UUIDField(null=True, unique=True)
    title = TitleField()
    rule = models.JSONField(default=dict)
    named_rule = models.ForeignKey(ReleaseRule, null=True, on_delete=models.PROTECT, related_name="releases")
    notes = models.TextField(blank=True)
    manifest = models.JSONField(default=dict)
    content_hash = models.CharField(max_length=64)
    item_count = models.PositiveIntegerField(default=0)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.title


class ReleaseItem(models.Model):
    """One trace of a release, in order. `score` is the mean review score when the release was frozen.

    `evidence` names what was known of the trace at that moment, core.releases.item_evidence.ItemEvidence as JSON.
    Reviews and verdicts are append-only, so that an export made years later still says the same.
    """

    class Split(models.TextChoices):
        """The sides of problems, and the part of the training side that a rule sets aside."""

        TRAIN = "train", "training"
        VALIDATION = "validation", "validation"
        EVAL = "eval", "evaluation"

    # Neither key is checked by the database row by row, nor has an index beside the constraints: that took half the
    # time of writing items. They come with their release in one transaction, no release is ever deleted, and a trace
    # that is in one is kept by a trigger of its own.
    release = models.ForeignKey(
        Release, on_delete=models.CASCADE, related_name="items", db_constraint=False, db_index=False
    )
    position = models.PositiveIntegerField()
    trace = models.ForeignKey(
        Trace, on_delete=models.PROTECT, related_name="release_items", db_constraint=False, db_index=False
    )
    split = models.CharField(max_length=10, choices=Split.choices)
    score = models.FloatField(null=True)
    evidence = models.JSONField(default=dict)
    content_hash = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["release", "position"], name="release_position_once"),
            models.UniqueConstraint(fields=["trace", "release"], name="item_of_trace_once"),
        ]

    def __str__(self) -> str:
        return f"{self.release_id} #{self.position}"


class Export(LeasedJob):
    """One file of one format made from a release. Making it again gives the same bytes.

    `thoughts` says how it writes what models thought (exporters.Thoughts), `arguments` in which form the arguments of
    tool calls (exporters.Arguments); "" for a format that has one way only. `container` is what the rows are in
    (exporters.Container), `options` are those of pairs (exporters.Pairing) where they are not the usual ones. `columns`
    are the types of what was written (core/exporters/columns.py), null for a format whose rows no typed column holds
    and for older files; `items_taken` of how many traces rows were made, null for older files.
    """

    class State(models.TextChoices):
        """queued -> running -> ready | failed | cancelled."""

        QUEUED = "queued"
        RUNNING = "running"
        READY = "ready"
        FAILED = "failed"
        CANCELLED = "cancelled"

    ACTIVE_STATES = (State.QUEUED, State.RUNNING)

    job_kind = JobKind(
        "export",
        "Export",
        "Exports",
        "export",
        lambda job: f"{job.release.title} as {job.format}{' with meta' if job.with_meta else ''}",
        lambda job: Progress(job.rows_written, job.release.item_count, "rows"),
        ("trajectories.view_export", SEE_REVIEWS),
        lambda _: ("trajectories.add_export", SEE_REVIEWS),
        page="export_detail",
        moves={
            CANCEL: Move("cancelled", ACTIVE, CANCELLED),
            RETRY: Move("rebuilt", (State.READY, State.FAILED, State.CANCELLED), QUEUED),
        },
        reason_field="error",
        unread=("release__manifest", "release__rule"),
        related=("release",),
    )

    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="exports")
    format = models.CharField(max_length=40)
    with_meta = models.BooleanField(default=False)
    thoughts = models.CharField(max_length=20, blank=True)
    arguments = models.CharField(max_length=10, blank=True)
    container = models.CharField(max_length=10, default="jsonl")
    options = models.JSONField(default=dict)
    columns = models.JSONField(null=True)
    items_taken = models.PositiveIntegerField(null=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    rows_written = models.PositiveIntegerField(default=0)
    byte_size = models.PositiveBigIntegerField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)
    # Why it failed, or what it waits for.
    error = models.TextField(blank=True)
    # Bytes that have to be free on the disk before it is tried again; null unless the disk was full.
    space_needed = models.PositiveBigIntegerField(null=True)
    # A file that nobody has written, asked for or downloaded since `used_at` is deleted after EXPORT_DAYS, unless it is
    # pinned; `dropped_at` says when that was. Asked for again, it is written again.
    pinned = models.BooleanField(default=False)
    used_at = models.DateTimeField(null=True)
    dropped_at = models.DateTimeField(null=True)

    class Meta:
        permissions = [("download_export", "Can download exports")]
        indexes = job_indexes("export")
        constraints = [
            models.UniqueConstraint(
                fields=["release", "format", "with_meta", "thoughts", "arguments", "container", "options"],
                name="export_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.format} of release {self.release_id}"
