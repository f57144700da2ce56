"""Tags: words of their own that people put on traces."""

from django.conf import settings
from django.db import models

from trajectories.models.traces import Trace


class Tag(models.Model):
    """A tag that was put on some trace once. Names are lower case."""

    name = models.CharField(max_length=40, unique=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class TraceTag(models.Model):
    """That a person has put a tag on a trace. Several people may put the same one there, and each takes off their own.

    A tag tells what somebody thinks of a trace, so that it is blinded as reviews are: see selectors.blinding.
    """

    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="traces", db_index=False)
    trace = models.ForeignKey(Trace, on_delete=models.CASCADE, related_name="tags")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tag", "trace", "author"], name="trace_tag_once")]

    def __str__(self) -> str:
        return f"tag {self.tag_id} on trace {self.trace_id}"
