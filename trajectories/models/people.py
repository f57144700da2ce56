"""How people come in: invitations, and from where each is logged in."""

from django.conf import settings
from django.db import models

from trajectories.core.identity import FIRST_PROJECT
from trajectories.models.projects import Project
from trajectories.models.titles import TitleField


class Invitation(models.Model):
    """A link that makes one account of a role in a project, once. Only a digest of its token is kept: the link is shown
    to who makes it and to nobody afterwards. It ends by being used, by being revoked, or at `expires_at`."""

    digest = models.CharField(max_length=64, unique=True)
    project = models.ForeignKey(Project, default=FIRST_PROJECT, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=20)
    note = TitleField(blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="invitations")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_by = models.OneToOneField(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="invitation"
    )
    used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"invitation {self.pk}"


class SignIn(models.Model):
    """A browser that somebody is logged in with: its session, and what it said of itself. The row lives as long as the
    session may; a session that is gone is no longer listed."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="sign_ins")
    session_key = models.CharField(max_length=40, unique=True)
    browser = models.CharField(max_length=200, blank=True)
    started_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"sign-in {self.pk}"
