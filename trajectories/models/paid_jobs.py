"""What jobs that pay a language model have in common."""

from django.db import models

from trajectories.models.leased_jobs import LeasedJob


class PaidJob(LeasedJob):
    """A job with a budget of money and tokens."""

    state_reason = models.TextField(blank=True)
    budget_cost = models.DecimalField(max_digits=14, decimal_places=6, null=True, blank=True)
    budget_tokens = models.BigIntegerField(null=True, blank=True)
    # Spent so far; calls without a known price add no cost.
    cost = models.DecimalField(max_digits=16, decimal_places=8, default=0)
    input_tokens = models.BigIntegerField(default=0)
    output_tokens = models.BigIntegerField(default=0)

    class Meta:
        abstract = True
