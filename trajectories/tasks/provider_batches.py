"""Asking after batches of calls at their providers, for as long as they are out."""

from celery import shared_task

from trajectories.services.runs.provider_batches import due_batches, look_after


@shared_task(name="trajectories.sample_batch_answers")
def look_after_batch(batch_id: int) -> None:
    """Ask how one batch stands, and fetch what came of it; nothing happens where somebody is at it."""
    look_after(batch_id=batch_id)


@shared_task(name="trajectories.sweep_batches")
def sweep_batches() -> None:
    """Ring for every batch whose time has come. Safe to run at any time, twice at once included."""
    for batch_id in due_batches():
        look_after_batch.delay(batch_id)
