"""Replays: programs run once more with every statement recorded, kept by program and problem."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from trajectories.models.problems import Problem
from trajectories.models.traces import Text


class Replay(models.Model):
    """What a program does with the inputs of a problem, statement by statement; made when somebody asks for it.

    `pairs` holds one replay for each training input, then one for each test input (core.programs.replays.PairReplay);
    null until a worker has made them. `version` is that of the rules of recording. Nothing rests on a replay: it is
    made again where it was lost.
    """

    problem = models.ForeignKey(Problem, on_delete=models.CASCADE, related_name="+")
    program = models.ForeignKey(Text, on_delete=models.CASCADE, related_name="+")
    version = models.PositiveSmallIntegerField()
    pairs = models.JSONField(null=True)
    engine = models.CharField(max_length=200, blank=True)
    lease_expires_at = models.DateTimeField(null=True)
    claims = models.PositiveSmallIntegerField(default=0)
    # When a bell was last rung for it: the sweep rings again only where this is long ago.
    rung_at = models.DateTimeField(db_default=Now())
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["problem", "program", "version"], name="replay_once")]
        indexes = [
            models.Index(fields=["rung_at"], name="replay_waiting", condition=Q(pairs__isnull=True)),
            models.Index(fields=["created_at"], name="replay_by_age"),
        ]

    def __str__(self) -> str:
        return f"replay {self.pk}"
