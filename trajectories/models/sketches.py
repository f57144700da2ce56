"""What near duplicates are found by."""

from django.db import models

from trajectories.models.problems import Problem


class ProblemSketch(models.Model):
    """What a problem is compared by: the MinHash of its text, or of an ARC task the hash of its canonical form.

    Made when it is first needed; a problem's content never changes. `version` is that of the method.
    """

    problem = models.OneToOneField(Problem, primary_key=True, on_delete=models.CASCADE, related_name="sketch")
    version = models.PositiveSmallIntegerField()
    minhash = models.BinaryField(default=b"")
    canonical = models.CharField(max_length=64, blank=True, db_index=True)

    class Meta:
        verbose_name_plural = "problem sketches"

    def __str__(self) -> str:
        return f"sketch of problem {self.problem_id}"
