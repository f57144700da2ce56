"""Doorbells of verification."""

from collections.abc import Sequence
from functools import partial

from celery import shared_task, signature
from django.db import transaction

from trajectories.services.jobs.bells import Ticket
from trajectories.services.jobs.ringers import connect_bell
from trajectories.services.runs.attempts import ring_run
from trajectories.services.verification.queue import bells_of, verify_for
from trajectories.tasks.bells import queue_for


@shared_task(name="trajectories.verify_batch")
def verify_batch(kind: str, source: int, slot: int, token: str) -> None:
    """Verify for a few seconds what waits at the bell's source, and ring again while there is more."""
    for ticket in verify_for(ticket=Ticket.read(kind, source, slot, token), on_more=_ring_sampling):
        verify_batch.delay(*ticket.words())


def _ring_sampling(run_id: int) -> None:
    """By name, since that task in its turn rings for verification."""
    if tickets := ring_run(run_id=run_id):
        queue = queue_for(run_id)
        for ticket in tickets:
            signature("trajectories.sample_batch", args=ticket.words()).apply_async(queue=queue)


def ring_verification(trace_ids: Sequence[int]) -> None:
    """Ring for these traces once this transaction commits: a few bells for each run, and for the traces of none."""
    if trace_ids:
        transaction.on_commit(partial(_ring, list(trace_ids)))


def _ring(trace_ids: Sequence[int]) -> None:
    for ticket in bells_of(trace_ids):
        verify_batch.delay(*ticket.words())


connect_bell("verification", ring_verification)
