"""Splitting traces that are older than parts, a few at a time, while everything else goes on.

What is left is what has no parts yet, so that a worker that dies loses nothing, and any number may work at once. Until
its turn comes a trace is split whenever it is read.
"""

import logging
from collections.abc import Iterator

from django.db import transaction

from trajectories.core.completions.parts import parts_to_json
from trajectories.core.completions.thoughts import PartKind, split_thoughts
from trajectories.core.records import JSON
from trajectories.core.text.storable import storable_json
from trajectories.models import Trace
from trajectories.selectors.completions import found_parts, marked_steps
from trajectories.services.jobs.batches import repeat_for

logger = logging.getLogger(__name__)

BATCH = 20
"""Traces of one transaction: few, since each may hold megabytes that came over the wire."""

SWEEP_SECONDS = 3.0
"""How long one sweep may take: others wait for it."""


def split_batch() -> int:
    """Split the next traces that nobody else holds; returns how many."""
    with transaction.atomic():
        unsplit = Trace.objects.filter(parts__isnull=True).select_related("reasoning", "raw").order_by("pk")
        traces = list(unsplit.select_for_update(skip_locked=True, no_key=True, of=("self",))[:BATCH])
        for trace in traces:
            Trace.objects.filter(pk=trace.pk).update(**_columns(trace))
    return len(traces)


def split_for(seconds: float) -> int:
    """Split traces for `seconds`, or until no trace is left that no other worker holds; the number of traces split."""
    return repeat_for(seconds, split_batch)


def split_all() -> Iterator[int]:
    """Split every trace; gives after each batch how many it has split so far."""
    done = 0
    while count := split_batch():
        done += count
        yield done


def count_unsplit() -> int:
    """How many traces are left."""
    return Trace.objects.filter(parts__isnull=True).count()


def _columns(trace: Trace) -> dict[str, JSON]:
    """What is written; steps only where some of them turn out to be thoughts."""
    try:
        parts = storable_json(parts_to_json(found_parts(trace)))
    except Exception:  # one trace must not hold up all others: its own marks tell what can be told
        logger.exception("Trace %s could not be split by what came over the wire", trace.pk)
        parts = parts_to_json(split_thoughts(trace.reasoning.body))
    thinking = PartKind.THINKING.value
    steps = [
        {**step, "part": thinking} if marked.is_thinking else step
        for step, marked in zip(trace.steps, marked_steps(trace.steps), strict=True)
    ]
    return {"parts": parts} | ({"steps": steps} if steps != trace.steps else {})
