"""Saved views: lists as somebody set them up, by name."""

from django.conf import settings
from django.db import models

from trajectories.core.selections import Selection
from trajectories.models.titles import TitleField


class SavedView(models.Model):
    """A list of traces as somebody set it up: the stored form of its Selection, its order and its columns.

    Only its owner sees it unless it `is_shared`; only its owner changes it. What somebody may not see, a shared view
    does not show either: it holds filters, no traces.
    """

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_views")
    title = TitleField()
    is_shared = models.BooleanField(default=False)
    selection = models.JSONField()
    order = models.CharField(max_length=40, blank=True)
    columns = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "title"], name="saved_view_title_once")]
        indexes = [models.Index(fields=["id"], name="saved_view_shared", condition=models.Q(is_shared=True))]

    def __str__(self) -> str:
        return self.title

    @property
    def rule(self) -> Selection:
        """Which traces it lists. Raises Fault where it was stored by a version that had other filters."""
        return Selection.from_json(self.selection)
