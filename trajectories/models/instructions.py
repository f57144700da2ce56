"""Views and styles: ways of looking at a problem."""

from django.db import models


class Instruction(models.Model):
    """One version of one way of looking at a problem; editing makes a new version."""

    name = models.SlugField(max_length=80)
    version = models.PositiveIntegerField(default=1)
    title = models.CharField(max_length=200)
    view = models.CharField(max_length=40)
    style = models.CharField(max_length=40)
    template = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "version"], name="instruction_version_once")]

    def __str__(self) -> str:
        return f"{self.title} (version {self.version})"
