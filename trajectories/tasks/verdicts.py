"""Doorbells of verification."""

from collections.abc import Sequence
from functools import partial

from celery import shared_task, signature
from django.db import transaction

from trajectories.services.jobs.bells import connect_bell
from trajectories.services.verifications import verify_traces

TRACES_PER_BELL = 32


@shared_task(name="trajectories.verify_batch")
def verify_batch(trace_ids: list[int]) -> None:
    """Judge the traces that still await it, and ring for runs whose strategy wants more after that."""
    verify_traces(trace_ids=trace_ids, on_more=_ring_sampling)


def _ring_sampling(run_id: int) -> None:
    """By name, since that task in its turn rings for verification."""
    signature("trajectories.sample_batch", args=[run_id]).delay()


def ring_verification(trace_ids: Sequence[int]) -> None:
    """Ring once this transaction commits, a few traces to a bell."""
    for start in range(0, len(trace_ids), TRACES_PER_BELL):
        chunk = list(trace_ids[start : start + TRACES_PER_BELL])
        transaction.on_commit(partial(verify_batch.delay, chunk))


connect_bell("verification", ring_verification)
