"""Doorbells of runs: each task claims work, does it and rings the next bell."""

import logging
from collections.abc import Sequence
from functools import partial
from time import monotonic

import psycopg
from celery import shared_task
from django.conf import settings
from django.db import transaction
from kombu.exceptions import KombuError

from trajectories.models import Run
from trajectories.services.chat_sampling import is_chat_run, sample_session
from trajectories.services.sampling import BatchReport, sample_next_batch
from trajectories.services.verifications import verify_traces
from trajectories.tasks.verdicts import ring_verification

logger = logging.getLogger(__name__)

SECONDS_PER_BELL = 5
"""A bell takes up to half a second to be heard, so that one for each short batch would cost more than the work; other
runs wait for as long."""


@shared_task(name="trajectories.sample_batch")
def sample_batch(run_id: int) -> None:
    """Draw and verify batches of the run for a few seconds, and ring again while attempts are pending."""
    until = monotonic() + SECONDS_PER_BELL
    more = True
    while more and monotonic() < until:
        report = _next_batch(run_id)
        # Here and now: a bell for it would wait behind the sampling bells of every other run.
        verify_traces(trace_ids=report.trace_ids, on_more=sample_batch.delay)
        more = report.more
    if more:
        sample_batch.delay(run_id)


def _next_batch(run_id: int) -> BatchReport:
    """A batch of an embedded sampler, or a session with a language model, whose traces other workers verify."""
    if is_chat_run(run_id=run_id):
        return sample_session(run_id=run_id, on_traces=_ring_if_possible)
    return sample_next_batch(run_id=run_id)


def _ring_if_possible(trace_ids: Sequence[int]) -> None:
    """A session goes on where its bell cannot be rung: the sweep rings again for what still waits."""
    try:
        ring_verification(trace_ids)
    except (KombuError, OSError, psycopg.Error) as fault:
        logger.warning("No bell could be rung for %d traces: %s", len(trace_ids), fault)


def ring_sampling(run: Run) -> None:
    """Ring for the run once this transaction commits: one bell per worker that may help, at most one per problem.

    One worker keeps all calls to a language model in flight.
    """
    bells = 1 if run.sampler.is_chat else min(settings.BELLS_PER_RUN, len(run.plan["problem_ids"]))
    for _ in range(bells):
        transaction.on_commit(partial(sample_batch.delay, run.pk))
