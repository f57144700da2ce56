"""Reading traces for their words that are older than the search."""

from celery import shared_task

from trajectories.services.traces.searches import SWEEP_SECONDS, read_for


@shared_task(name="trajectories.sweep_searches")
def sweep_searches() -> None:
    """Read old traces for a few seconds. Safe to run at any time, several times at once included."""
    read_for(SWEEP_SECONDS)
