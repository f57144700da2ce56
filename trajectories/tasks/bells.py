"""Into which queue the bells of a run go."""

from trajectories.models import Run, Sampler

STARTS, SAMPLING, MODELS = "starts", "sampling", "models"
"""A first bell goes into a queue of its own: a run begins within one bell's work, however many others have out. Runs of
models that live on a machine of ours are rung for where somebody has what such a model needs."""


def queue_for(run_id: int, *, is_first: bool = False) -> str:
    """The queue of a run's bell, of its first one where it `is_first`."""
    if Run.objects.filter(pk=run_id, sampler__kind=Sampler.Kind.LOCAL).exists():
        return MODELS
    return STARTS if is_first else SAMPLING
