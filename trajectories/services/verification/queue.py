"""The queue of verifications: traces are claimed by lease, verified outside transactions, written a few at a time."""

import math
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import partial

from django.db import connection, transaction
from django.db.models import BigIntegerField, Count, F, Q, Value
from django.db.models.functions import Coalesce, Now

from trajectories.adapters.garbage import garbage_of_now
from trajectories.adapters.log_context import about
from trajectories.adapters.tracing import span
from trajectories.core.records import VerdictRecord
from trajectories.core.verifiers import VERIFIERS
from trajectories.core.verifiers.base import Verifier
from trajectories.models import PendingVerification, Trace
from trajectories.services.jobs.bells import VERIFICATION, Ticket, answer, keep, put_away, ring, ring_on
from trajectories.services.jobs.leases import nobody_is_at
from trajectories.services.jobs.outages import patiently
from trajectories.services.runs.rounds import move_on
from trajectories.services.verification.ahead import ProgramsAhead
from trajectories.services.verification.verdicts import MAX_CLAIMS, append_verdicts, lock_traces, verify_trace

LEASE = timedelta(seconds=60)
"""Longer than any trace takes: a program has 20 s in all (core.programs.engines.ProgramLimits)."""

RENEWAL_SECONDS = 20.0
"""The lease of traces that wait behind others of the same claim is renewed so often."""

TOGETHER = 64
"""Traces of one claim, whose texts are in memory at once. What is asked of the database for a claim takes as long for
few as for many."""

SECONDS_PER_BELL = 5.0
"""What else waits for a worker waits no longer for a bell of verification."""

BELLS_PER_SOURCE = 4
"""So many workers may verify the traces of one run at once, or those of no run."""

TRACES_PER_BELL = 32
"""Fewer traces get a single bell."""

IDS_AT_ONCE = 2_000
NO_RUN = 0
"""The source of traces that no run has drawn."""

WRITE_SECONDS = 0.5
"""What is verified waits so long at most for company in its transaction, beside the trace that is being verified."""

Verified = tuple[Trace, Sequence[VerdictRecord]]


def no_bell(run_id: int) -> None:
    """For callers that look after pending attempts themselves."""


@garbage_of_now()
def verify_traces(
    *,
    trace_ids: Sequence[int],
    verifiers: Mapping[str, Verifier] = VERIFIERS,
    on_more: Callable[[int], object] = no_bell,
    until: float = math.inf,
) -> int:
    """Verify those of the traces that await it and nobody else is at; returns how many were verified.

    After `until`, by the clock of `time.monotonic`, no other trace is begun, but for the first one.

    `on_more` gets the id of each run whose strategy wants more attempts after that. Verdicts, derived fields and
    counters of a trace are written in one transaction. A trace whose verifier was lost before is claimed alone, so that
    one that kills its verifier takes no others along.
    """
    verified = 0
    run_ids: set[int] = set()
    held: list[Verified] = []
    for claims in _claims(list(dict.fromkeys(trace_ids))):
        for batch in _verify_all(claims, verifiers.values(), until):
            # What was verified before is written while programs of the traces after it run.
            verified += _write_held(held, run_ids)
            held = batch
        if time.monotonic() > until:
            break
    verified += _write_held(held, run_ids)
    for run_id in sorted(run_ids):
        if patiently(partial(move_on, run_id=run_id)):
            on_more(run_id)
    return verified


def bells_of(trace_ids: Sequence[int]) -> list[Ticket]:
    """The messages that tell workers of traces to verify: a few for each run, none for a run with unheard ones left."""
    waiting: Counter[int] = Counter()
    for start in range(0, len(trace_ids), IDS_AT_ONCE):
        chunk = Trace.objects.filter(pk__in=trace_ids[start : start + IDS_AT_ONCE])
        waiting.update(
            dict(
                chunk.order_by().values_list(Coalesce("run_id", Value(NO_RUN, BigIntegerField()))).annotate(Count("pk"))
            )
        )
    found: list[Ticket] = []
    for source, count in sorted(waiting.items()):
        bells = min(BELLS_PER_SOURCE, -(-count // TRACES_PER_BELL))
        found += ring(kind=VERIFICATION, source=source, bells=bells)
    return found


def verify_for(
    *,
    ticket: Ticket,
    verifiers: Mapping[str, Verifier] = VERIFIERS,
    on_more: Callable[[int], object] = no_bell,
    seconds: float = SECONDS_PER_BELL,
) -> list[Ticket]:
    """Verify what waits at the source of a bell, for `seconds` at most; returns the messages to send for what is left.

    `on_more` gets the id of the run where its strategy wants more attempts.
    """
    if not patiently(partial(answer, ticket)):
        return []
    until, last = time.monotonic() + seconds, 0
    while ids := patiently(partial(_waiting, ticket.source, last)):
        if time.monotonic() > until:
            again = patiently(partial(ring_on, ticket))
            return [] if again is None else [again]
        patiently(partial(keep, ticket))
        verify_traces(trace_ids=ids, verifiers=verifiers, on_more=on_more, until=until)
        last = ids[-1] if time.monotonic() < until else last
    patiently(partial(put_away, ticket))
    # What came in between the last look and now found this bell out, and did not ring.
    return patiently(lambda: bells_of(_waiting(ticket.source, 0)))


def _waiting(source: int, after: int) -> list[int]:
    """The next traces of a source that nobody is at, by id."""
    run = Q(trace__run=None) if source == NO_RUN else Q(trace__run=source)
    waiting = PendingVerification.objects.filter(nobody_is_at(), run, pk__gt=after)
    return list(waiting.order_by("pk").values_list("pk", flat=True)[:TOGETHER])


def _claims(trace_ids: Sequence[int]) -> Iterator[dict[int, int]]:
    """Lease what is free, part by part: how often each trace was claimed, this time included."""
    for start in range(0, len(trace_ids), TOGETHER):
        chunk = trace_ids[start : start + TOGETHER]
        fresh = patiently(partial(_claim, chunk, only_fresh=True))
        yield fresh
        for trace_id in chunk:
            if trace_id not in fresh:
                yield patiently(partial(_claim, [trace_id], only_fresh=False))


_CLAIM = """
UPDATE trajectories_pendingverification AS kept
SET lease_expires_at = statement_timestamp() + make_interval(secs => %s), claims = kept.claims + 1
FROM (
    SELECT trace_id FROM trajectories_pendingverification
    WHERE trace_id = ANY(%s) AND (claims = 0 OR NOT %s)
        AND (lease_expires_at IS NULL OR lease_expires_at < statement_timestamp())
    ORDER BY trace_id FOR UPDATE SKIP LOCKED
) AS free
WHERE kept.trace_id = free.trace_id RETURNING kept.trace_id, kept.claims
"""


def _claim(trace_ids: Sequence[int], *, only_fresh: bool) -> dict[int, int]:
    """Lease what is free, or of that only what was never claimed: how often each trace was, this time included."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [LEASE.total_seconds(), list(trace_ids), only_fresh])
        return dict(sorted(cursor.fetchall()))


def _verify_all(claims: Mapping[int, int], verifiers: Iterable[Verifier], until: float) -> Iterator[list[Verified]]:
    """The verdicts on claimed traces, some at a time: none at first, once their programs have begun. What is not begun
    when the time is over is given back."""
    if not claims:
        return
    found = Trace.objects.filter(pk__in=claims).select_related("program", "reasoning").prefetch_related("problem")
    verified: list[Verified] = []
    written = renewed = time.monotonic()
    traces = patiently(lambda: list(found.order_by("pk")))
    with ProgramsAhead(traces, verifiers) as programs:
        programs.begin(0)
        yield []
        for position, trace in enumerate(traces):
            if position and time.monotonic() > until:
                patiently(partial(_give_back, [pk for pk in claims if pk >= trace.pk]))
                break
            if time.monotonic() > renewed + RENEWAL_SECONDS:
                renewed = time.monotonic()
                patiently(partial(_renew, [pk for pk in claims if pk >= trace.pk]))
            with span("verify"), about(trace=trace.pk):
                verified.append((trace, _verify_one(trace, verifiers, claims[trace.pk], position, programs)))
            if time.monotonic() > written + WRITE_SECONDS:
                yield verified
                verified, written = [], time.monotonic()
    yield verified


def _verify_one(
    trace: Trace, verifiers: Iterable[Verifier], claims: int, position: int, programs: ProgramsAhead
) -> list[VerdictRecord]:
    """The verdicts on one trace of a claim, whose program may have run already."""
    return verify_trace(
        trace,
        verifiers,
        lost=claims > MAX_CLAIMS,
        problem=programs.problem_of(trace),
        begun=programs.take(position),
    )


def _write_held(verified: Sequence[Verified], run_ids: set[int]) -> int:
    """Write what was verified, and add its runs to `run_ids`; returns how many traces were written."""
    run_ids.update(trace.run_id for trace, _ in verified if trace.run_id is not None)
    # Asked for once more: what a lost connection had written is not waiting any more.
    return patiently(partial(_write, verified)) if verified else 0


def _give_back(trace_ids: Sequence[int]) -> None:
    """As if never claimed."""
    claimed = PendingVerification.objects.filter(pk__in=trace_ids, claims__gt=0)
    claimed.update(lease_expires_at=None, claims=F("claims") - 1)


def _renew(trace_ids: Sequence[int]) -> None:
    PendingVerification.objects.filter(pk__in=trace_ids).update(lease_expires_at=Now() + LEASE)


def _write(verified: Sequence[Verified]) -> int:
    """Write what was verified and drop the traces from the queue, run by run; those that somebody else has written are
    left out. Returns how many were written."""
    by_run: defaultdict[int | None, list[Verified]] = defaultdict(list)
    for trace, verdicts in verified:
        by_run[trace.run_id].append((trace, verdicts))
    return sum(_write_run(said) for said in by_run.values())


_DROP = "DELETE FROM trajectories_pendingverification WHERE trace_id = ANY(%s) RETURNING trace_id"


@transaction.atomic
def _write_run(verified: Sequence[Verified]) -> int:
    lock_traces([trace for trace, _ in verified])
    with connection.cursor() as cursor:
        ids = [trace.pk for trace, _ in verified]
        cursor.execute(_DROP, [ids])
        claimed = {key for (key,) in cursor.fetchall()}
    append_verdicts([(trace, verdicts) for trace, verdicts in verified if trace.pk in claimed])
    return len(claimed)
