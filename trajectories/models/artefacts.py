"""Files that trainings made and samplers use."""

from django.db import models


class Artefact(models.Model):
    """One file by the hash of its bytes, never changed. `name` is its name in the store of finished files."""

    sha256 = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=120)
    byte_size = models.PositiveBigIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name
