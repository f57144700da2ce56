"""Tokens by which programs act for a person, and the answers that a repeated request is given again."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from trajectories.core.identity import FIRST_PROJECT
from trajectories.models.projects import Project
from trajectories.models.titles import TitleField


class ApiToken(models.Model):
    """A secret by which a program does what its owner may do, as far as its scopes reach, in one project.

    Of the secret itself only the SHA-256 is kept, as `digest`, and its `start`, by which a person tells tokens apart.
    `scopes` is a list of words of Scope. `allowance` is how many requests it may send at once, as of `allowance_at`: it
    grows with time up to a minute's worth, see services.clients.tokens.
    """

    class Scope(models.TextChoices):
        """What a token may be used for."""

        READ = "read", "Read: everything its owner may look at, but for what Manage names"
        REVIEW = "review", "Review: be handed items of queues and decide on traces"
        WRITE = (
            "write",
            "Write: add problems and traces, make queues, store rules, freeze releases, verify again",
        )
        LAUNCH = "launch", "Launch: start runs, campaigns and trainings, pause, resume and cancel them"
        EXPORT = "export", "Export: have files of releases made, download them, push them to a hub"
        MANAGE = "manage", "Manage: people and their roles, projects, webhooks, limits of spending"

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    project = models.ForeignKey(Project, default=FIRST_PROJECT, on_delete=models.PROTECT, related_name="+")
    title = TitleField()
    digest = models.CharField(max_length=64, unique=True)
    start = models.CharField(max_length=12)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    allowance = models.FloatField(default=0.0)
    allowance_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["owner", "-id"], name="api_token_by_owner")]

    def __str__(self) -> str:
        return self.title

    @property
    def scope_titles(self) -> list[str]:
        """The scopes as a page names them, in the order of Scope."""
        return [str(scope.label).partition(":")[0] for scope in ApiToken.Scope if scope.value in self.scopes]


class ApiAnswer(models.Model):
    """What a request with an idempotency key was answered: the same request again is answered the same.

    `digest` is of the person, the operation and the key; `content_hash` of what was sent with it.
    """

    digest = models.CharField(max_length=64, primary_key=True)
    content_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    body = models.JSONField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["created_at"], name="api_answer_by_time", condition=~Q(status=0))]

    def __str__(self) -> str:
        return self.digest[:12]
