"""Comparisons: which of two traces of a problem people find better, without knowing whose they are."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from trajectories.core.curation.pairing import PairVerdict
from trajectories.models.problems import Problem
from trajectories.models.traces import Trace


class Comparison(models.Model):
    """An append-only event: what one person says of two traces, `first` having the smaller id.

    `swapped` says that the second trace stood at the left. A change of mind or an undo supersedes, as with reviews.
    """

    problem = models.ForeignKey(Problem, on_delete=models.PROTECT, related_name="comparisons")
    first = models.ForeignKey(Trace, on_delete=models.PROTECT, related_name="+")
    second = models.ForeignKey(Trace, on_delete=models.PROTECT, related_name="+")
    swapped = models.BooleanField()
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="comparisons")
    verdict = models.CharField(max_length=10, choices=[(each.value, each.value) for each in PairVerdict])
    seconds = models.FloatField(null=True)
    supersedes = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="superseded_by")
    key = models.UUIDField(unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(first_id__lt=F("second_id")), name="comparison_in_order"),
            models.UniqueConstraint(
                fields=["first", "second", "reviewer"],
                condition=Q(supersedes__isnull=True),
                name="comparison_first_once",
            ),
        ]
        indexes = [models.Index(fields=["reviewer", "-id"], name="comparison_by_reviewer")]

    def __str__(self) -> str:
        return f"comparison {self.pk}"


class ComparisonLease(models.Model):
    """The two traces that somebody has on the screen, in the order drawn for them; nobody has more than one.

    The page renews it as long as it is open; after `expires_at` others may be given the pair.
    """

    holder = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    problem = models.ForeignKey(Problem, on_delete=models.CASCADE, related_name="+")
    first = models.ForeignKey(Trace, on_delete=models.CASCADE, related_name="+")
    second = models.ForeignKey(Trace, on_delete=models.CASCADE, related_name="+")
    swapped = models.BooleanField()
    token = models.UUIDField(unique=True)
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"lease of traces {self.first_id} and {self.second_id}"
