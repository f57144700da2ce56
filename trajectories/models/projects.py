"""Projects keep teams apart: each has its own tables, see adapters.project_schemas."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from trajectories.core.identity import FIRST_PROJECT
from trajectories.models.titles import TitleField


class Project(models.Model):
    """Problems, runs, traces, queues, releases and what they cost, apart from those of other projects.

    The first one, of the id FIRST_PROJECT, is there from the beginning; an installation with no other shows nothing of
    projects. Nobody works in one that is archived, and nothing of it is deleted.
    """

    name = models.SlugField(max_length=40, unique=True)
    title = TitleField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    archived_at = models.DateTimeField(null=True)

    class Meta:
        permissions = [("manage_project", "Can say who works in a project, and as what")]
        constraints = [
            models.CheckConstraint(name="first_project_open", condition=~Q(id=FIRST_PROJECT) | Q(archived_at=None)),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_first(self) -> bool:
        """Whether every installation has it."""
        return self.pk == FIRST_PROJECT


class Membership(models.Model):
    """What somebody is in a project: the name of a role of services.installation.roles.

    In the first project a role is a group of Django's instead, as it was before there were others.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="memberships", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "user"], name="membership_once"),
            models.CheckConstraint(name="membership_of_others", condition=~Q(project=FIRST_PROJECT)),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.project_id}"
