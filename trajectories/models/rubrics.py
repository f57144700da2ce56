"""What model judges go by."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from trajectories.core.verifiers.model_judge import LONGEST_RUBRIC_NAME
from trajectories.models.titles import TitleField


class Rubric(models.Model):
    """One version of a rubric; editing makes a new version. Scores go from `least` to `most`, `pass_from` passes."""

    name = models.SlugField(max_length=LONGEST_RUBRIC_NAME)
    version = models.PositiveIntegerField(default=1)
    title = TitleField()
    text = models.TextField()
    least = models.SmallIntegerField(default=1)
    most = models.SmallIntegerField(default=10)
    pass_from = models.SmallIntegerField(default=7)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name", "version"], name="rubric_version_once"),
            models.CheckConstraint(
                condition=Q(least__lt=F("pass_from")) & Q(pass_from__lte=F("most")), name="rubric_scale_in_order"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} (version {self.version})"
