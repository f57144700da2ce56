"""Briefs: what a model that writes problems is told."""

from django.conf import settings
from django.db import models

from trajectories.models.titles import TitleField


class Brief(models.Model):
    """One version of a brief; editing makes a new version.

    `generator` names the member of core.generation.WRITERS it is for, `problem_kind` is empty where it fits every kind
    that can be written. `words` and `features` are lists of texts that constraints are drawn from.
    """

    name = models.SlugField(max_length=80)
    version = models.PositiveIntegerField(default=1)
    title = TitleField()
    generator = models.CharField(max_length=20)
    problem_kind = models.CharField(max_length=20, blank=True, default="")
    template = models.TextField()
    words = models.JSONField(default=list)
    features = models.JSONField(default=list)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "version"], name="brief_version_once")]

    def __str__(self) -> str:
        return self.title if self.version == 1 else f"{self.title} (version {self.version})"
