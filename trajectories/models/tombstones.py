"""Traces that were withdrawn from releases, and names that move from release to release."""

from django.conf import settings
from django.db import models

from trajectories.models.releases import Release
from trajectories.models.traces import Trace


class Tombstone(models.Model):
    """A trace that is in no release any more, and why. Append-only, and final.

    Releases never change: one that holds the trace stays what it is, and is superseded from then on.
    """

    trace = models.OneToOneField(Trace, primary_key=True, on_delete=models.PROTECT, related_name="tombstone")
    reason = models.CharField(max_length=400)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"tombstone of trace {self.trace_id}"


class ReleaseTag(models.Model):
    """A name, such as `latest` or `prod`, that one release has at a time. The audit log has every move."""

    name = models.SlugField(max_length=40, unique=True)
    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="tags")
    moved_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    moved_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return self.name
