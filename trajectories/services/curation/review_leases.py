"""Who looks at which trace or candidate: no two reviewers are handed the same one at the same time.

One mechanism for whatever people review. A lease lasts LEASE without a sign of life; the page renews it while it is
open and releases it on leaving, and an expired one is free at once. Holding a lease forbids nobody else to decide.
"""

import uuid
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from trajectories.models import ReviewLease, Trace
from trajectories.selectors.blinding import Sight
from trajectories.selectors.review_leases import SUBJECTS, free_for
from trajectories.selectors.traces import TraceWalk, waiting_parts
from trajectories.services.locks import take_turn

LEASE = timedelta(seconds=120)
FORGOTTEN = timedelta(days=1)
"""How long an expired lease still tells what its holder knew."""

# The row is locked while its lease is written, so that its conditions hold at that moment. A lease that appeared after
# the statement began is not seen by the choice; the conflict finds it, and nothing is taken.
TAKE = """
WITH chosen AS ({chosen}),
taken AS (
    INSERT INTO trajectories_reviewlease AS lease ({subject}_id, holder_id, token, expires_at, last_review)
    SELECT chosen.id, %s, %s, STATEMENT_TIMESTAMP() + make_interval(secs => %s), {last_review} FROM chosen
    ON CONFLICT ({subject}_id) DO UPDATE SET
        holder_id = EXCLUDED.holder_id,
        token = CASE WHEN lease.holder_id = EXCLUDED.holder_id THEN lease.token ELSE EXCLUDED.token END,
        expires_at = EXCLUDED.expires_at,
        last_review = EXCLUDED.last_review
    WHERE lease.holder_id = EXCLUDED.holder_id OR lease.expires_at <= STATEMENT_TIMESTAMP()
    RETURNING lease.id
)
SELECT (SELECT count(*) FROM chosen), (SELECT id FROM taken)
"""
LAST_REVIEW = {
    "trace": "COALESCE((SELECT max(id) FROM trajectories_review WHERE trace_id = chosen.id), 0)",
    "candidate": "0",
}


@transaction.atomic
def lease_first(*, reviewer: User, waiting: QuerySet[Any]) -> ReviewLease | None:
    """Lease the first row of an ordered queryset to the reviewer; None where it has none that is free.

    Rows that another transaction has locked are skipped at first. Before the answer is None they are waited for: a row
    may be locked only because a verdict on it is being stored. A row that the reviewer has leased already counts as
    free for them, and its lease keeps its token.
    """
    # Pages ask twice: a form sent again and the page that is fetched ahead must not pass each other's rows over.
    take_turn("leases of", reviewer.pk)
    free = waiting.filter(free_for(waiting.model, reviewer)).select_related(None).only("pk")
    for passing_over in (True, False):
        while True:
            chosen, taken = _take(free.select_for_update(skip_locked=passing_over, no_key=True, of=("self",)), reviewer)
            if taken is not None:
                return ReviewLease.objects.get(pk=taken)
            if not chosen:
                break
    return None


def _take(free: QuerySet[Any], reviewer: User) -> tuple[int, int | None]:
    """(how many rows were chosen, 0 or 1; the id of the lease, None where somebody was faster)."""
    subject = SUBJECTS[free.model]
    chosen, parameters = free[:1].query.sql_with_params()
    statement = TAKE.format(chosen=chosen, subject=subject, last_review=LAST_REVIEW[subject])
    with connection.cursor() as cursor:
        cursor.execute(statement, [*parameters, reviewer.pk, uuid.uuid4(), LEASE.total_seconds()])
        count, taken = cursor.fetchone()
    return count, taken


def lease_next_trace(
    *, reviewer: User, walk: TraceWalk, sight: Sight, after: int | None = None, but: Iterable[int] = ()
) -> ReviewLease | None:
    """Lease the next trace that awaits the reviewer's decision, in the order of `waiting_parts`; None where none does.

    `but` names traces whose decisions are on their way.
    """
    for part in waiting_parts(walk, sight, after=after, but=but):
        if (lease := lease_first(reviewer=reviewer, waiting=part)) is not None:
            return lease
    return None


def lease_trace(*, reviewer: User, trace_id: int) -> ReviewLease | None:
    """Lease one trace to the reviewer; None while somebody else holds its lease."""
    return lease_first(reviewer=reviewer, waiting=Trace.objects.filter(pk=trace_id))


def renew_leases(*, reviewer: User, tokens: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    """Keep leases of the reviewer; the tokens of those that are not theirs any more."""
    return renew_held(ReviewLease.objects.filter(holder=reviewer), tokens)


def renew_held(held: QuerySet[Any], tokens: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    """Keep those of somebody's leases that have these tokens; the tokens that none of them has."""
    tokens = set(tokens)
    kept = held.filter(token__in=tokens)
    kept.update(expires_at=Now() + LEASE)
    return tokens - set(kept.values_list("token", flat=True))


def release_leases(*, reviewer: User, tokens: Iterable[uuid.UUID]) -> None:
    """Let go of leases, so that others may be handed the rows at once; what is somebody else's stays theirs."""
    ReviewLease.objects.filter(holder=reviewer, token__in=set(tokens)).delete()


def release_trace(*, reviewer: User, trace_id: int) -> None:
    """Let go of a trace, whatever the lease's token."""
    ReviewLease.objects.filter(holder=reviewer, trace=trace_id).delete()


def forget_leases() -> int:
    """Forget the leases that expired long ago; the number of them."""
    return ReviewLease.objects.filter(expires_at__lt=Now() - FORGOTTEN).delete()[0]
