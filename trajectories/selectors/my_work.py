"""What one person has reviewed lately, and how far others agree with them: for their own start page."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from trajectories.core.curation.agreement import Coefficient, Shared, gwet_ac1, percent_agreement
from trajectories.models import Queue, QueueWork

MOST = 5_000
"""So many of a person's newest reviews are counted; who gave more in a week reads that it is more."""
COMPARED = 2_000
"""So many of a person's newest decisions are compared with those of others."""
ROUNDS = 300
AGREED_SECONDS = 300
"""So long the agreement in a queue is kept: it stands on every screen, and changes little with one decision."""

# Answers to gold items count along: who counts must not find out which these are.
LATELY = """
WITH newest AS (
    SELECT id, decision, seconds, COALESCE(decided_at, created_at) AS at FROM trajectories_review
    WHERE reviewer_id = %(person)s AND decision <> 'withdraw' ORDER BY id DESC LIMIT %(most)s
),
decided AS (
    SELECT decision, seconds, at FROM newest
    WHERE at >= %(week)s
      AND NOT EXISTS (SELECT 1 FROM trajectories_review AS later WHERE later.supersedes_id = newest.id)
    UNION ALL
    SELECT assignment.answer ->> 'decision', assignment.seconds, assignment.decided_at
    FROM trajectories_queuework AS work
    JOIN trajectories_assignment AS assignment
        ON assignment.queue_id = work.queue_id AND assignment.reviewer_id = work.reviewer_id
    WHERE work.reviewer_id = %(person)s AND work.gold_count > 0 AND assignment.is_gold AND assignment.state = 'done'
      AND assignment.is_right IS NOT NULL AND assignment.decided_at >= %(week)s
)
SELECT count(*), count(*) FILTER (WHERE at >= %(today)s),
    count(*) FILTER (WHERE at >= %(today)s AND decision = 'accept'),
    percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) FILTER (WHERE at >= %(today)s),
    (SELECT count(*) FROM newest WHERE at >= %(week)s)
FROM decided
"""
PAIRS = """
WITH mine AS (
    SELECT id, trace_id, decision FROM trajectories_review AS review
    WHERE reviewer_id = %(person)s AND decision <> 'withdraw'
      AND (%(queue)s::bigint IS NULL OR queue_id = %(queue)s)
      AND NOT EXISTS (SELECT 1 FROM trajectories_review AS later WHERE later.supersedes_id = review.id)
    ORDER BY id DESC LIMIT %(most)s
)
SELECT count(*) FILTER (WHERE mine.decision = 'accept' AND other.decision = 'accept'),
    count(*) FILTER (WHERE mine.decision <> other.decision),
    count(*) FILTER (WHERE mine.decision = 'reject' AND other.decision = 'reject')
FROM mine JOIN trajectories_review AS other ON other.trace_id = mine.trace_id
WHERE other.reviewer_id <> %(person)s AND other.decision <> 'withdraw'
  AND NOT EXISTS (SELECT 1 FROM trajectories_review AS later WHERE later.supersedes_id = other.id)
"""


@dataclass(frozen=True, slots=True)
class MyWork:
    """What a person decided today and this week (from Monday on), undone and voided decisions aside.

    `seconds` is the median of today's, None where nothing told it. `is_more` says that there was more in the week than
    is counted. `percent` and `ac1` are the agreement of others with the newest COMPARED decisions: their `n` counts
    pairs of decisions on one trace.
    """

    today: int
    accepted_today: int
    week: int
    seconds: float | None
    is_more: bool
    percent: Coefficient
    ac1: Coefficient


def get_my_work(person: User) -> MyWork:
    """What a person has done lately, in two statements."""
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    monday = today - timedelta(days=today.weekday())
    values: dict[str, Any] = {"person": person.pk, "most": MOST, "today": today, "week": monday}
    with connection.cursor() as cursor:
        cursor.execute(LATELY, values)
        week, decided, accepted, seconds, read = cursor.fetchone()
    both_accept, unlike, both_reject = _pairs(person)
    shared = Shared.of({(2, 0): both_accept, (1, 1): unlike, (0, 2): both_reject})
    figures = percent_agreement(shared, rounds=ROUNDS), gwet_ac1(shared, rounds=ROUNDS)
    return MyWork(decided, accepted, week, seconds, read >= MOST, *figures)


def _pairs(person: User, queue: int | None = None) -> tuple[int, int, int]:
    """Pairs of a person's newest decisions, those in one queue where it is named, with others' on the same traces:
    (both accept, unlike, both reject)."""
    with connection.cursor() as cursor:
        cursor.execute(PAIRS, {"person": person.pk, "most": COMPARED, "queue": queue})
        both_accept, unlike, both_reject = cursor.fetchone()
    return both_accept, unlike, both_reject


@dataclass(frozen=True, slots=True)
class Agreed:
    """Of how many pairs, a person's decisions and others' on the same traces, how many are alike."""

    alike: int
    pairs: int


def agreed_in(queue: Queue, person: User) -> Agreed | None:
    """How far others agree with what a person has decided in a queue, some minutes ago at the most; None where nobody
    else has decided on the same."""
    name = f"agreed:{queue.pk}:{person.pk}"
    found: tuple[int, int, int] | None = cache.get(name)
    if found is None:
        found = _pairs(person, queue.pk)
        cache.set(name, found, AGREED_SECONDS)
    both_accept, unlike, both_reject = found
    alike = both_accept + both_reject
    return Agreed(alike, alike + unlike) if alike + unlike else None


def last_queue(person: User) -> int | None:
    """The queue that a person worked in last; None where they never did."""
    work = QueueWork.objects.filter(reviewer=person).order_by("-seen_at", "-pk")
    return work.values_list("queue", flat=True).first()
