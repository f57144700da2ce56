"""Reading batches: what of a run waits at its provider."""

from trajectories.models import ProviderBatch, Run

MOST_SHOWN = 20


def open_batches(run: Run) -> list[ProviderBatch]:
    """The batches of a run that are not over, the oldest first; so many of them as a page shows."""
    return list(ProviderBatch.objects.filter(run=run, finished_at=None).order_by("pk")[:MOST_SHOWN])
