"""Leases of reviewers: who looks at which trace or candidate."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from trajectories.models.candidates import ProblemCandidate
from trajectories.models.traces import Trace


class ReviewLease(models.Model):
    """A trace or candidate that somebody has on their screen, or ahead of it, and that nobody else is handed.

    The page renews it as long as it is open and releases it on leaving; after `expires_at` it counts for nothing.
    `token` names it to the page. `last_review` is the newest review of the trace when it was handed out, 0 for none:
    whoever decides on the trace knows of nothing newer.
    """

    trace = models.OneToOneField(Trace, null=True, on_delete=models.CASCADE, related_name="review_lease")
    candidate = models.OneToOneField(ProblemCandidate, null=True, on_delete=models.CASCADE, related_name="review_lease")
    holder = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    token = models.UUIDField(unique=True)
    expires_at = models.DateTimeField()
    last_review = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(trace__isnull=False) ^ Q(candidate__isnull=False), name="review_lease_of_one"
            )
        ]

    def __str__(self) -> str:
        return f"lease of {self.trace or self.candidate}"
