"""What jobs have in common that one worker at a time does in slices."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class LeasedJob(models.Model):
    """A job of which one worker at a time holds the lease. Whoever makes a kind of it gives its states, among which
    `ACTIVE_STATES` are those in which there is something to do."""

    ACTIVE_STATES: ClassVar[tuple[str, ...]]
    state: "models.CharField[str, str]"
    lease_token = models.UUIDField(null=True)
    lease_expires_at = models.DateTimeField(null=True)
    # When a bell was last rung or answered: the sweep rings again only where this is long ago.
    rung_at = models.DateTimeField(db_default=Now())
    # How often it was begun since an outcome was stored or a worker gave the lease back in good order.
    claims = models.PositiveSmallIntegerField(default=0)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True

    @property
    def is_active(self) -> bool:
        """Whether there is something to do: it goes on by itself."""
        return self.state in self.ACTIVE_STATES


class ChildJob(models.Model):
    """A job that another one has asked for and waits for: `parent_kind` is the word of that one's kind and `parent_id`
    its id; "" and None for a job of its own. When the child ends, its parent is rung for (services.jobs.endings)."""

    parent_kind = models.CharField(max_length=20, blank=True)
    parent_id = models.BigIntegerField(null=True)

    class Meta:
        abstract = True
