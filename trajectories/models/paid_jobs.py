"""What jobs that pay a language model have in common."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class PaidJob(models.Model):
    """A job with a budget of money and tokens, of which one worker at a time holds the lease."""

    state_reason = models.TextField(blank=True)
    budget_cost = models.DecimalField(max_digits=14, decimal_places=6, null=True, blank=True)
    budget_tokens = models.BigIntegerField(null=True, blank=True)
    # Spent so far; calls without a known price add no cost.
    cost = models.DecimalField(max_digits=16, decimal_places=8, default=0)
    input_tokens = models.BigIntegerField(default=0)
    output_tokens = models.BigIntegerField(default=0)
    lease_token = models.UUIDField(null=True)
    lease_expires_at = models.DateTimeField(null=True)
    # When a bell was last rung or answered: the sweep rings again only where this is long ago.
    rung_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True
