"""What traces are found by: the words of their texts and the tools that they call."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q

from trajectories.models.traces import Trace


class TraceSearch(models.Model):
    """The words of a trace's reasoning and program, and the names of the tools that it calls.

    The database writes it with the trace (a trigger, see migration 0111), so that whoever stores traces need not think
    of it; for traces that come more than 50 at a time a worker does, see SearchBacklog.
    """

    trace = models.OneToOneField(Trace, primary_key=True, on_delete=models.CASCADE, related_name="search")
    words = SearchVectorField()
    tools = ArrayField(models.TextField(), default=list)

    class Meta:
        verbose_name_plural = "trace searches"
        indexes = [
            # A short list of what is not merged yet: every search reads it from end to end.
            GinIndex(fields=["words"], name="search_words", gin_pending_list_limit=1024),
            GinIndex(fields=["tools"], name="search_tools", gin_pending_list_limit=1024),
            models.Index(fields=["trace"], name="search_any_tool", condition=~Q(tools=[])),
        ]

    def __str__(self) -> str:
        return f"words of trace {self.pk}"


class SearchBacklog(models.Model):
    """Traces that cannot be found by their words yet, from `oldest` to `newest`; no row says that all can.

    The trigger writes it with the traces where many come at a time. `count` is how many wait, at least 1 while the row
    is there. Ids between that are found already are of traces that came in between.
    """

    oldest = models.BigIntegerField(default=0, db_default=0)
    newest = models.BigIntegerField()
    count = models.BigIntegerField(default=1, db_default=1)

    class Meta:
        verbose_name_plural = "search backlog"

    def __str__(self) -> str:
        return f"traces {self.oldest} to {self.newest}"
