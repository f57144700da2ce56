"""Releases: immutable selections of reviewed traces; exports: the files made from them."""

from django.conf import settings
from django.db import models

from trajectories.models.job_indexes import job_indexes
from trajectories.models.problems import Problem
from trajectories.models.titles import TitleField
from trajectories.models.traces import Trace


class Release(models.Model):
    """A frozen, ordered, hashed selection. `rule` says how it was made; `manifest` what it holds.

    `content_hash` is the SHA-256 of the canonical manifest, which in turn names the hash of the items. `key` makes a
    repeated submission the same release.
    """

    key = models.UUIDField(null=True, unique=True)
    title = TitleField()
    rule = models.JSONField(default=dict)
    manifest = models.JSONField(default=dict)
    content_hash = models.CharField(max_length=64)
    item_count = models.PositiveIntegerField(default=0)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.title


class ReleaseItem(models.Model):
    """One trace of a release, in order. `score` is the mean review score when the release was frozen.

    `evidence` names what was known of the trace at that moment, {"reviews": [id], "verdicts": [id]}: both are
    append-only, so that an export made years later still says the same.
    """

    release = models.ForeignKey(Release, on_delete=models.CASCADE, related_name="items")
    position = models.PositiveIntegerField()
    trace = models.ForeignKey(Trace, on_delete=models.PROTECT, related_name="release_items")
    split = models.CharField(max_length=10, choices=Problem.Split.choices)
    score = models.FloatField(null=True)
    evidence = models.JSONField(default=dict)
    content_hash = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["release", "position"], name="release_position_once"),
            models.UniqueConstraint(fields=["release", "trace"], name="release_trace_once"),
        ]

    def __str__(self) -> str:
        return f"{self.release_id} #{self.position}"


class Export(models.Model):
    """One file of one format made from a release. Making it again gives the same bytes.

    `thoughts` says how it writes what models thought (exporters.Thoughts), `arguments` in which form the arguments of
    tool calls (exporters.Arguments); "" for a format that has one way only. `columns` are the types of what was written
    (core/exporters/columns.py), null for a format whose rows no typed column holds and for older files.

    `lease_expires_at` doubles as the token of whoever writes: a writer that finds another value has lost the export.
    """

    class State(models.TextChoices):
        """queued -> running -> ready | failed | cancelled."""

        QUEUED = "queued"
        RUNNING = "running"
        READY = "ready"
        FAILED = "failed"
        CANCELLED = "cancelled"

    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="exports")
    format = models.CharField(max_length=40)
    with_meta = models.BooleanField(default=False)
    thoughts = models.CharField(max_length=20, blank=True)
    arguments = models.CharField(max_length=10, blank=True)
    columns = models.JSONField(null=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    lease_expires_at = models.DateTimeField(null=True)
    claims = models.PositiveSmallIntegerField(default=0)
    rows_written = models.PositiveIntegerField(default=0)
    byte_size = models.PositiveBigIntegerField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)
    # Why it failed, or what it waits for.
    error = models.TextField(blank=True)
    # Bytes that have to be free on the disk before it is tried again; null unless the disk was full.
    space_needed = models.PositiveBigIntegerField(null=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        permissions = [("download_export", "Can download exports")]
        indexes = job_indexes("export")
        constraints = [
            models.UniqueConstraint(
                fields=["release", "format", "with_meta", "thoughts", "arguments"], name="export_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.format} of release {self.release_id}"
