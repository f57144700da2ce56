"""Queues after somebody's reviews were voided, and after that was taken back: quotas stay exact either way."""

from collections.abc import Sequence
from typing import Any

from django.db import connection

from trajectories.models import ReviewVoid

REOPEN = """
WITH given AS (
    SELECT assignment.id, assignment.seconds
    FROM trajectories_assignment AS assignment JOIN trajectories_queueitem AS item ON item.id = assignment.item_id
    WHERE item.trace_id = ANY(%(traces)s) AND assignment.reviewer_id = %(reviewer)s AND assignment.state = 'done'
      AND NOT assignment.is_gold
),
opened AS (
    UPDATE trajectories_assignment AS assignment
    SET state = 'open', reviewer_id = NULL, token = NULL, expires_at = NULL, handed_at = NULL, decided_at = NULL,
        review_id = NULL, seconds = NULL, void_id = %(void)s, meant_for_id = NULL
    FROM given WHERE assignment.id = given.id
    RETURNING assignment.item_id, assignment.queue_id, given.seconds
),
counted AS (
    UPDATE trajectories_queueitem AS item SET done_count = done_count - 1 FROM opened WHERE item.id = opened.item_id
)
UPDATE trajectories_queuework AS work
SET done_count = work.done_count - lost.count, seconds = work.seconds - lost.seconds
FROM (
    SELECT queue_id, count(*) AS count, sum(COALESCE(seconds, 0)) AS seconds FROM opened GROUP BY queue_id
) AS lost
WHERE work.queue_id = lost.queue_id AND work.reviewer_id = %(reviewer)s
"""
"""What a reviewer gave on traces is wanted again. A reviewer has one row of an item at most, so each item loses one."""

GIVE_BACK = """
WITH mine AS (
    SELECT DISTINCT assignment.item_id, copy.id AS review_id, copy.seconds, copy.decided_at
    FROM trajectories_assignment AS assignment
    JOIN trajectories_queueitem AS item ON item.id = assignment.item_id
    JOIN trajectories_review AS copy ON copy.trace_id = item.trace_id AND copy.void_id = %(restored)s
    WHERE assignment.void_id = %(void)s AND item.trace_id = ANY(%(traces)s)
),
chosen AS (
    SELECT mine.*, free.id FROM mine CROSS JOIN LATERAL (
        SELECT assignment.id FROM trajectories_assignment AS assignment
        WHERE assignment.item_id = mine.item_id AND NOT assignment.is_gold AND assignment.state <> 'done'
          AND (assignment.state = 'open' OR assignment.expires_at <= STATEMENT_TIMESTAMP()
            OR assignment.reviewer_id = %(reviewer)s)
          AND NOT EXISTS (
            SELECT 1 FROM trajectories_assignment AS done
            WHERE done.item_id = mine.item_id AND done.reviewer_id = %(reviewer)s AND done.state = 'done')
        ORDER BY COALESCE(assignment.reviewer_id = %(reviewer)s, false) DESC, assignment.id
        LIMIT 1 FOR NO KEY UPDATE OF assignment SKIP LOCKED
    ) AS free
),
given AS (
    UPDATE trajectories_assignment AS assignment
    SET state = 'done', reviewer_id = %(reviewer)s, token = gen_random_uuid(), expires_at = NULL, void_id = NULL,
        handed_at = NULL, decided_at = chosen.decided_at, review_id = chosen.review_id, seconds = chosen.seconds
    FROM chosen WHERE assignment.id = chosen.id
    RETURNING assignment.item_id, assignment.queue_id, assignment.seconds
),
counted AS (
    UPDATE trajectories_queueitem AS item SET done_count = done_count + 1 FROM given WHERE item.id = given.item_id
)
UPDATE trajectories_queuework AS work
SET done_count = work.done_count + won.count, seconds = work.seconds + won.seconds
FROM (
    SELECT queue_id, count(*) AS count, sum(COALESCE(seconds, 0)) AS seconds FROM given GROUP BY queue_id
) AS won
WHERE work.queue_id = won.queue_id AND work.reviewer_id = %(reviewer)s
"""
"""Of each item that the void opened again one free row is done once more: the reviewer's own, else one that nobody has.
Where others have filled the item meanwhile, the restored review stands beside theirs and is none of the quota."""


def reopen_voided(*, void: ReviewVoid, trace_ids: Sequence[int]) -> None:
    """Hand out again what the reviewer whose reviews are voided had given on traces in queues.

    The traces are locked, and the turn of `lease_next` is taken for the reviewer.
    """
    values: dict[str, Any] = {"void": void.pk, "reviewer": void.reviewer_id, "traces": list(trace_ids)}
    with connection.cursor() as cursor:
        cursor.execute(REOPEN, values)


def give_back(*, void: ReviewVoid, restored: ReviewVoid, trace_ids: Sequence[int]) -> None:
    """Let the reviews that the event `restored` brought back count in the queues that `void` took them from.

    The traces are locked, and the turn of `lease_next` is taken for the reviewer.
    """
    values: dict[str, Any] = {
        "void": void.pk,
        "restored": restored.pk,
        "reviewer": void.reviewer_id,
        "traces": list(trace_ids),
    }
    with connection.cursor() as cursor:
        cursor.execute(GIVE_BACK, values)
