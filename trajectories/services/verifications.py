"""The queue of verifications: traces are claimed by lease, judged outside transactions, and written a few at a time."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import partial

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from trajectories.core.records import VerdictRecord
from trajectories.core.verifiers import VERIFIERS
from trajectories.core.verifiers.base import Verifier
from trajectories.models import PendingVerification, Trace
from trajectories.services.outages import patiently
from trajectories.services.strategies import move_on
from trajectories.services.verdicts import MAX_CLAIMS, append_verdicts, judge_trace, lock_traces

LEASE = timedelta(seconds=60)
"""Longer than any trace takes: a program has 20 s in all (core.programs.ProgramLimits)."""

RENEWAL_SECONDS = 20.0
"""The lease of traces that wait behind others of the same claim is renewed so often."""

TOGETHER = 16
"""Traces of one claim, whose texts are in memory at once."""

WRITE_SECONDS = 0.5
"""What is judged waits so long at most for company in its transaction, beside the trace that is being judged."""

Judged = tuple[Trace, Sequence[VerdictRecord]]


def no_bell(run_id: int) -> None:
    """For callers that look after pending attempts themselves."""


def verify_traces(
    *,
    trace_ids: Sequence[int],
    verifiers: Mapping[str, Verifier] = VERIFIERS,
    on_more: Callable[[int], object] = no_bell,
) -> int:
    """Judge those of the traces that await it and nobody else is at; returns how many were judged.

    `on_more` gets the id of each run whose strategy wants more attempts after that. Verdicts, derived fields and
    counters of a trace are written in one transaction. A trace whose verifier was lost before is claimed alone, so that
    one that kills its verifier takes no others along.
    """
    verified = 0
    run_ids: set[int] = set()
    for claims in _claims(list(dict.fromkeys(trace_ids))):
        for judged in _judge_all(claims, verifiers.values()):
            # Asked for once more: what a lost connection had written is not waiting any more.
            verified += patiently(partial(_write, judged))
            run_ids.update(trace.run_id for trace, _ in judged if trace.run_id is not None)
    for run_id in sorted(run_ids):
        if patiently(partial(move_on, run_id=run_id)):
            on_more(run_id)
    return verified


def _claims(trace_ids: Sequence[int]) -> Iterator[dict[int, int]]:
    """Lease what is free, part by part: how often each trace was claimed, this time included."""
    for start in range(0, len(trace_ids), TOGETHER):
        chunk = trace_ids[start : start + TOGETHER]
        fresh = patiently(partial(_claim, chunk, Q(claims=0)))
        yield fresh
        for trace_id in chunk:
            if trace_id not in fresh:
                yield patiently(partial(_claim, [trace_id], Q()))


@transaction.atomic
def _claim(trace_ids: Sequence[int], which: Q) -> dict[int, int]:
    free = Q(lease_expires_at__isnull=True) | Q(lease_expires_at__lt=Now())
    waiting = PendingVerification.objects.filter(free, which, pk__in=trace_ids).order_by("pk")
    claims = dict(waiting.select_for_update(skip_locked=True).values_list("pk", "claims"))
    if claims:
        PendingVerification.objects.filter(pk__in=claims).update(lease_expires_at=Now() + LEASE, claims=F("claims") + 1)
    return {trace_id: count + 1 for trace_id, count in claims.items()}


def _judge_all(claims: Mapping[int, int], verifiers: Iterable[Verifier]) -> Iterator[list[Judged]]:
    """The verdicts on claimed traces, some at a time."""
    if not claims:
        return
    found = Trace.objects.filter(pk__in=claims).select_related("program", "reasoning").prefetch_related("problem")
    judged: list[Judged] = []
    written = renewed = time.monotonic()
    for trace in patiently(lambda: list(found.order_by("pk"))):
        if time.monotonic() > renewed + RENEWAL_SECONDS:
            renewed = time.monotonic()
            patiently(partial(_renew, [pk for pk in claims if pk >= trace.pk]))
        judged.append((trace, judge_trace(trace, verifiers, lost=claims[trace.pk] > MAX_CLAIMS)))
        if time.monotonic() > written + WRITE_SECONDS:
            yield judged
            judged, written = [], time.monotonic()
    yield judged


def _renew(trace_ids: Sequence[int]) -> None:
    PendingVerification.objects.filter(pk__in=trace_ids).update(lease_expires_at=Now() + LEASE)


def _write(judged: Sequence[Judged]) -> int:
    """Write what was judged and drop the traces from the queue, run by run; those that somebody else has written are
    left out. Returns how many were written."""
    by_run: defaultdict[int | None, list[Judged]] = defaultdict(list)
    for trace, verdicts in judged:
        by_run[trace.run_id].append((trace, verdicts))
    return sum(_write_run(said) for said in by_run.values())


@transaction.atomic
def _write_run(judged: Sequence[Judged]) -> int:
    lock_traces([trace for trace, _ in judged])
    waiting = PendingVerification.objects.filter(pk__in=[trace.pk for trace, _ in judged])
    held = set(waiting.select_for_update().values_list("pk", flat=True))
    PendingVerification.objects.filter(pk__in=held).delete()
    append_verdicts([(trace, verdicts) for trace, verdicts in judged if trace.pk in held])
    return len(held)
