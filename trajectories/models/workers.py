"""The processes that do background work, and when each was last heard of."""

from django.db import models
from django.db.models.functions import Now


class Worker(models.Model):
    """A running worker process. It writes its row anew every few seconds, for as long as it gets on; the row goes when
    it ends in good order, or when its supervisor finds it dead."""

    host = models.CharField(max_length=255)
    pid = models.PositiveIntegerField()
    name = models.CharField(max_length=40)
    # The names of the queues that it serves, most urgent first, with spaces between them.
    queues = models.CharField(max_length=200)
    # The keys of the trainers that it can do trainings with, with spaces between them.
    trainers = models.CharField(max_length=200, blank=True, default="", db_default="")
    # Whether it can draw samples of models that live on its machine.
    serves_models = models.BooleanField(default=False, db_default=False)
    started_at = models.DateTimeField(db_default=Now())
    seen_at = models.DateTimeField(db_default=Now())
    # What it is at, empty while it waits for work, and since when.
    task = models.CharField(max_length=100, blank=True)
    task_started_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["host", "pid"], name="worker_once")]

    def __str__(self) -> str:
        return f"{self.name} on {self.host}, process {self.pid}"
