"""Counts of what has happened, for metrics."""

from django.db import models


class Tally(models.Model):
    """So many more of something: `name` says of what, `label` of which sort.

    Whoever counts adds a row and waits for nobody; a sum of rows is the count, and a sweep makes one row of many
    (services.tallies). Verdicts and reviews are counted by the database itself as they are inserted, whoever does it.
    """

    VERDICTS, REVIEWS, SANDBOX_FAILURES = "verdicts", "reviews", "sandbox_failures"

    name = models.CharField(max_length=20)
    label = models.CharField(max_length=20, blank=True)
    count = models.BigIntegerField()

    class Meta:
        verbose_name_plural = "tallies"

    def __str__(self) -> str:
        return f"{self.count} {self.name} {self.label}".strip()
