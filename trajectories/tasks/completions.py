"""Splitting traces that are older than parts."""

from celery import shared_task

from trajectories.services.completions.splitting import SWEEP_SECONDS, split_for


@shared_task(name="trajectories.sweep_unsplit")
def sweep_unsplit() -> None:
    """Split traces for a few seconds. Safe to run at any time, several times at once included."""
    split_for(SWEEP_SECONDS)
