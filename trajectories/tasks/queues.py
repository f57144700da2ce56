"""Doorbells of curation queues that take traces up."""

from celery import shared_task

from trajectories.services.curation.filling import fill_queue as fill
from trajectories.services.curation.filling import queues_to_fill
from trajectories.services.curation.finishing import note_finished_queues
from trajectories.services.jobs.ringers import connect_bell


@shared_task(name="trajectories.fill_queue")
def fill_queue(queue_id: int) -> None:
    """Take up what matches a queue. Safe to run at any time, twice at once included."""
    fill(queue_id=queue_id)


@shared_task(name="trajectories.sweep_queues")
def sweep_queues() -> None:
    """Have workers fill queues that are not full yet and live ones, which new traces may match; note finished ones."""
    note_finished_queues()
    for queue_id in queues_to_fill():
        fill_queue.delay(queue_id)


def _ring(queue_id: int) -> None:
    fill_queue.delay(queue_id)


connect_bell("queue", _ring)
