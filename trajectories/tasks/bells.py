"""Into which queue the bells of a run go."""

from trajectories.models import Run, Sampler
from trajectories.services.endpoints.local_models import MODELS

STARTS, SAMPLING = "starts", "sampling"
"""A first bell goes into a queue of its own: a run begins within one bell's work, however many others have out."""


def queue_for(run_id: int, *, is_first: bool = False) -> str:
    """The queue of a run's bell, of its first one where it `is_first`."""
    if Run.objects.filter(pk=run_id, sampler__kind=Sampler.Kind.LOCAL).exists():
        return MODELS
    return STARTS if is_first else SAMPLING
