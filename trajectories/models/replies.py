"""Answers of endpoints, kept so that nothing is paid for twice."""

from django.db import models

from trajectories.models.traces import Text


class Reply(models.Model):
    """The answer to one request, by the hash of everything that makes two requests the same, sample index included.

    `payer` names what was charged for it (an attempt, an item of a job): until that has a result, it has not been
    counted. `cost` is what the endpoint stated, null where it stated nothing.
    """

    request_hash = models.CharField(max_length=64, primary_key=True)
    raw = models.ForeignKey(Text, on_delete=models.PROTECT, related_name="+")
    input_tokens = models.PositiveIntegerField()
    cached_tokens = models.PositiveIntegerField()
    reasoning_tokens = models.PositiveIntegerField()
    output_tokens = models.PositiveIntegerField()
    cost = models.DecimalField(max_digits=16, decimal_places=8, null=True)
    seconds = models.FloatField()
    max_output_tokens = models.PositiveIntegerField()
    payer = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "replies"

    def __str__(self) -> str:
        return self.request_hash[:12]
