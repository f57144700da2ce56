"""What endpoints said when calls to them failed: for admins only."""

from django.db import models

from trajectories.models.samplers import Sampler


class EndpointFault(models.Model):
    """The beginning of an answer to a call that failed, or what the network said. A sampler keeps its newest few.

    It stands apart from the reasons that runs, attempts and jobs are stored with, which everybody sees who may see
    these: a sampler's address can be any machine's, and what that machine says is not for all.
    """

    sampler = models.ForeignKey(Sampler, on_delete=models.CASCADE, related_name="endpoint_faults")
    kind = models.CharField(max_length=40)
    detail = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["sampler", "-id"], name="endpoint_fault_newest")]

    def __str__(self) -> str:
        return f"{self.kind} of sampler {self.sampler_id}"
