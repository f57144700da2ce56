"""The process that rings for sweeps, and when it was last heard of."""

from django.db import models
from django.db.models.functions import Now


class Scheduler(models.Model):
    """The scheduler of the installation, in one row whatever the number of its processes. `rang_at` is when a worker
    last began the sweep that it rings for every SWEEP_SECONDS."""

    THE_ONE = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=THE_ONE)
    rang_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.CheckConstraint(name="scheduler_once", condition=models.Q(pk=1))]

    def __str__(self) -> str:
        return "the scheduler"
