"""Ways to get samples."""

from django.db import models


class Sampler(models.Model):
    """A configured source of samples. A fine-tuned successor is a new sampler with `parent`."""

    class Kind(models.TextChoices):
        """Which implementation in core.samplers or adapters draws the samples."""

        SYMBOLIC = "symbolic", "symbolic program search"

    name = models.SlugField(max_length=80, unique=True)
    title = models.CharField(max_length=200)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    version = models.PositiveIntegerField(default=1)
    parameters = models.JSONField(default=dict)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="children")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.title
