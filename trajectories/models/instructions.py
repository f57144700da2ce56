"""Views and styles: ways of looking at a problem."""

from django.conf import settings
from django.db import models

from trajectories.core.records import ProblemKind
from trajectories.models.titles import TitleField


class Instruction(models.Model):
    """One version of one way of looking at a problem; editing makes a new version.

    `view` and `style` are read by core.prompts; `problem_kind` is empty where the instruction fits any kind.
    """

    class Suits(models.TextChoices):
        """The kind of sampler an instruction is for."""

        SYMBOLIC = "symbolic", "symbolic search"
        CHAT = "chat", "language model"
        AGENT = "agent", "agent in worlds"

    name = models.SlugField(max_length=80)
    version = models.PositiveIntegerField(default=1)
    title = TitleField()
    view = models.CharField(max_length=40)
    style = models.CharField(max_length=40)
    template = models.TextField(blank=True)
    suits = models.CharField(max_length=20, choices=Suits.choices, default=Suits.SYMBOLIC)
    problem_kind = models.CharField(
        max_length=20, blank=True, default="", choices=[(kind.value, kind.value) for kind in ProblemKind]
    )
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "version"], name="instruction_version_once")]

    def __str__(self) -> str:
        return f"{self.title} (version {self.version})"
