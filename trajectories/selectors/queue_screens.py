"""What the curation screen reads for every item, in few statements: it is asked for thousands of times a day."""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.db import connection

from trajectories.models import Queue, QueueGuidelines, QueueItem, Trace
from trajectories.selectors.blinding import ADD_REVIEWS, SEE_REVIEWS
from trajectories.selectors.queues import CONTROL_QUEUES, SESSION_GAP, SESSION_SHOWN, QueueProgress

QUEUE = """
SELECT queue.*, newest.id AS newest_id, newest.version AS newest_version, newest.text AS newest_text,
    EXISTS (SELECT 1 FROM trajectories_queue_members AS me WHERE me.queue_id = queue.id AND me.user_id = %(person)s)
    OR NOT EXISTS (SELECT 1 FROM trajectories_queue_members AS anyone WHERE anyone.queue_id = queue.id) AS is_open_to
FROM trajectories_queue AS queue
LEFT JOIN LATERAL (
    SELECT id, version, text FROM trajectories_queueguidelines WHERE queue_id = queue.id ORDER BY version DESC LIMIT 1
) AS newest ON true
WHERE queue.id = %(queue)s
"""
ITEM = """
SELECT item.*, jsonb_array_length(trace.steps) AS step_count
FROM trajectories_queueitem AS item JOIN trajectories_trace AS trace ON trace.id = item.trace_id
WHERE item.id = %s AND item.queue_id = %s
"""
STATE = """
WITH decided AS (
    SELECT seconds, decided_at, lag(decided_at) OVER (ORDER BY decided_at DESC) AS later FROM (
        SELECT seconds, decided_at FROM trajectories_assignment
        WHERE queue_id = %(queue)s AND reviewer_id = %(person)s AND decided_at IS NOT NULL AND state = 'done'
        ORDER BY decided_at DESC LIMIT %(most)s
    ) AS newest
),
gap AS (SELECT max(decided_at) AS at FROM decided WHERE COALESCE(later, STATEMENT_TIMESTAMP()) - decided_at > %(gap)s),
session AS (
    SELECT count(*) AS decided, percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) AS seconds
    FROM decided CROSS JOIN gap WHERE gap.at IS NULL OR decided.decided_at > gap.at
),
last AS (
    SELECT item.trace_id, COALESCE(review.decision, newest.answer ->> 'decision') AS decision
    FROM (
        SELECT item_id, review_id, answer, state, is_gold, is_right, decided_at FROM trajectories_assignment
        WHERE queue_id = %(queue)s AND reviewer_id = %(person)s AND decided_at IS NOT NULL
        ORDER BY decided_at DESC LIMIT %(undone)s
    ) AS newest
    JOIN trajectories_queueitem AS item ON item.id = newest.item_id
    LEFT JOIN trajectories_review AS review ON review.id = newest.review_id
    WHERE newest.state = 'done' AND NOT item.is_training AND (NOT newest.is_gold OR newest.is_right IS NOT NULL)
    ORDER BY newest.decided_at DESC LIMIT 1
)
SELECT work.*, session.*, last.* FROM (
    SELECT COALESCE(sum(done_count), 0) AS reviewed,
        COALESCE(sum(done_count + gold_count) FILTER (WHERE reviewer_id = %(person)s), 0) AS mine
    FROM trajectories_queuework WHERE queue_id = %(queue)s
) AS work CROSS JOIN session LEFT JOIN last ON true
"""


@dataclass(frozen=True, slots=True)
class OpenedQueue:
    """A queue that a person may see, whether they may review in it, and the newest version of its guidelines."""

    queue: Queue
    may_work: bool
    guidelines: QueueGuidelines | None


def open_queue(person: User | AnonymousUser, queue_id: int) -> OpenedQueue | None:
    """A queue as its screen needs it, in one statement; None where there is none that the person may see."""
    found: list[Any] = list(Queue.objects.raw(QUEUE, {"queue": queue_id, "person": person.pk or 0}))
    if not found:
        return None
    queue = found[0]
    if not (queue.is_open_to or person.has_perm(CONTROL_QUEUES) or person.has_perm(SEE_REVIEWS)):
        return None
    guidelines = None
    if queue.newest_id is not None:
        guidelines = QueueGuidelines(
            pk=queue.newest_id, queue=queue, version=queue.newest_version, text=queue.newest_text
        )
    return OpenedQueue(queue, queue.is_open_to and person.has_perm(ADD_REVIEWS), guidelines)


def get_item_of(queue: Queue, item_id: int) -> tuple[QueueItem, int]:
    """An item of a queue, and how many steps its trace has; what else there is of the trace is read where it is asked
    for. Raises QueueItem.DoesNotExist."""
    found: list[Any] = list(QueueItem.objects.raw(ITEM, [item_id, queue.pk]))
    if not found:
        raise QueueItem.DoesNotExist
    item = found[0]
    item.queue, item.trace = queue, Trace.from_db(item._state.db, ["id"], [item.trace_id])
    return item, item.step_count


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a queue and a person in it are: the progress, their present session, and what undo would take back.

    `session_seconds` is the median of the session's decisions; `undone_trace` is None where there is nothing to undo.
    """

    progress: QueueProgress
    session_count: int
    session_seconds: float | None
    undone_trace: int | None
    undone_decision: str


def get_standing(queue: Queue, person: User, *, undone_at_most: int) -> Standing:
    """What of the screen a decision on any item changes, in one statement.

    A session is read up to SESSION_SHOWN decisions back.
    """
    values: dict[str, Any] = {
        "queue": queue.pk,
        "person": person.pk,
        "most": SESSION_SHOWN,
        "gap": SESSION_GAP,
        "undone": undone_at_most,
    }
    with connection.cursor() as cursor:
        cursor.execute(STATE, values)
        reviewed, mine, count, seconds, trace, decision = cursor.fetchone()
    progress = QueueProgress(int(reviewed), queue.review_count, int(mine))
    return Standing(progress, count, seconds, trace, decision or "")
