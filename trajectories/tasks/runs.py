"""Doorbells of runs: each task claims work, does it and rings the next bell."""

import logging
from collections.abc import Sequence
from functools import partial
from time import monotonic

import psycopg
from celery import shared_task
from django.db import DatabaseError, InterfaceError
from kombu.exceptions import KombuError

from trajectories.adapters.log_context import about
from trajectories.services.jobs.bells import Ticket, answer, keep, put_away, ring_on
from trajectories.services.jobs.outages import patiently
from trajectories.services.jobs.ringers import connect_bell
from trajectories.services.runs.attempts import BATCH_LIMIT, has_claimable, newest_attempt, ring_run
from trajectories.services.runs.batch_sampling import sample_chat
from trajectories.services.runs.chat_sampling import SESSION_SECONDS, is_chat_run
from trajectories.services.runs.embedded_sampling import BatchReport, sample_next_batch
from trajectories.services.verification.queue import verify_traces
from trajectories.tasks.bells import queue_for
from trajectories.tasks.verdicts import ring_verification

logger = logging.getLogger(__name__)

SECONDS_PER_BELL = 5
"""A bell takes up to half a second to be heard, so that one for each short batch would cost more than the work; other
runs wait for as long."""

FIRST_BATCH = 16
"""Attempts of a first bell's only batch: other runs want to begin too."""


@shared_task(name="trajectories.sample_batch")
def sample_batch(kind: str, source: int, slot: int, token: str, is_first: bool = False) -> None:
    """Draw and verify batches of the run for a few seconds, and ring again while attempts are pending.

    The first bell of a run draws a small batch only, so that what others begin does not wait.
    """
    with about(run=source):
        _work_for(Ticket.read(kind, source, slot, token), is_first=is_first)


def _work_for(ticket: Ticket, *, is_first: bool) -> None:
    source = ticket.source
    if not patiently(partial(answer, ticket)):
        return
    is_chat = patiently(partial(is_chat_run, run_id=source))
    newest = patiently(partial(newest_attempt, run_id=source)) if is_chat else 0
    if _draw(ticket, is_chat=is_chat, is_first=is_first):
        if (again := patiently(partial(ring_on, ticket))) is not None:
            sample_batch.apply_async(tuple(again.words()), queue=queue_for(source))
        return
    patiently(partial(put_away, ticket))
    # What came in between the last claim and now found this bell out. A model's run may have its reasons to wait with
    # what there was before; a round that was planned meanwhile has none.
    if patiently(partial(has_claimable, run_id=source, after=newest)):
        ring_for(source)


def _draw(ticket: Ticket, *, is_chat: bool, is_first: bool) -> bool:
    """Work for a few seconds; whether there is more to do."""
    until = monotonic() + SECONDS_PER_BELL
    more = True
    while more and monotonic() < until:
        patiently(partial(keep, ticket))
        report = _next_batch(ticket.source, is_chat=is_chat, is_first=is_first)
        # Here and now, for as long as the bell lasts: another one would wait behind those of all others.
        verify_traces(trace_ids=report.trace_ids, on_more=ring_for, until=until)
        if monotonic() > until:
            _ring_if_possible(report.trace_ids)
        more = report.more
        if is_first:
            break
    return more


def _next_batch(run_id: int, *, is_chat: bool, is_first: bool) -> BatchReport:
    """A batch of an embedded sampler, or a session with a language model, whose traces other workers verify."""
    if is_chat:
        seconds = SECONDS_PER_BELL if is_first else SESSION_SECONDS
        return sample_chat(run_id=run_id, on_traces=_ring_if_possible, seconds=seconds)
    return sample_next_batch(run_id=run_id, limit=FIRST_BATCH if is_first else BATCH_LIMIT)


def _ring_if_possible(trace_ids: Sequence[int]) -> None:
    """Work goes on where the bell of its traces cannot be rung: the sweep rings again for what still waits."""
    try:
        ring_verification(trace_ids)
    except (DatabaseError, InterfaceError, KombuError, OSError, psycopg.Error) as fault:
        logger.warning("No bell could be rung for %d traces: %s", len(trace_ids), fault)


def ring_for(run_id: int) -> None:
    """Ring for a run that is under way, where its bells are not out already."""
    if tickets := ring_run(run_id=run_id):
        queue = queue_for(run_id)
        for ticket in tickets:
            sample_batch.apply_async(tuple(ticket.words()), queue=queue)


def ring_first(run_id: int) -> None:
    """Ring for a run that somebody has begun or resumed.

    The first bell goes into a queue in which nothing waits for long, the others behind those of other runs.
    """
    for position, ticket in enumerate(ring_run(run_id=run_id)):
        is_first = position == 0
        sample_batch.apply_async((*ticket.words(), is_first), queue=queue_for(run_id, is_first=is_first))


connect_bell("run", ring_first)
