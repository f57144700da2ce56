"""Reading what an item of a release is frozen with, thousands of traces at a time.

Plain statements with one array of ids each: as a query set, every id would be a parameter of its own, which takes
longer to write than to answer.
"""

import json
from collections.abc import Sequence
from typing import Any

from django.db import connection

Values = tuple[Any, ...]

_TRACES = """
SELECT trace.id, trace.content_hash, trace.sampler_id, trace.instruction_id, trace.run_id,
       problem.id, problem.content_hash, problem.split,
       trace.edited_by_id, trace.correctness, parent.id, parent.content_hash, parent.correctness, parent.decision
FROM trajectories_trace trace JOIN trajectories_problem problem ON problem.id = trace.problem_id
LEFT JOIN trajectories_trace parent ON parent.id = trace.parent_id
WHERE trace.id = ANY(%s::bigint[])
"""
_REVIEWS = """
SELECT review.trace_id, review.id, review.reviewer_id,
       review.decision, review.score, review.reason, review.comment, review.step_labels::text,
       review.segmentation
FROM trajectories_review review
WHERE review.trace_id = ANY(%s::bigint[]) AND review.decision <> 'withdraw'
  AND NOT EXISTS (SELECT FROM trajectories_review newer WHERE newer.supersedes_id = review.id)
ORDER BY review.id
"""
_VERDICTS = """
SELECT DISTINCT ON (trace_id, verifier) trace_id, id, verifier, version, outcome
FROM trajectories_verdict WHERE trace_id = ANY(%s::bigint[]) ORDER BY trace_id, verifier, id DESC
"""
_FINAL = """
SELECT final.trace_id, final.id, final.adjudicator_id, final.decision, final.reason, final.comment
FROM trajectories_adjudication final
WHERE final.trace_id = ANY(%s::bigint[]) AND final.decision <> 'reopen'
  AND NOT EXISTS (SELECT FROM trajectories_adjudication newer WHERE newer.supersedes_id = final.id)
"""
_COMPARED = """
WITH said AS (
    SELECT one.first_id, one.second_id, one.verdict = 'first' AS first_won FROM trajectories_comparison one
    WHERE (one.first_id = ANY(%(ids)s::bigint[]) OR one.second_id = ANY(%(ids)s::bigint[]))
      AND one.verdict IN ('first', 'second')
      AND NOT EXISTS (SELECT FROM trajectories_comparison later WHERE later.supersedes_id = one.id)
)
SELECT duel.own, other.content_hash, count(*) FILTER (WHERE duel.won), count(*) FILTER (WHERE NOT duel.won)
FROM (
    SELECT first_id AS own, second_id AS other, first_won AS won FROM said
    UNION ALL SELECT second_id, first_id, NOT first_won FROM said
) duel JOIN trajectories_trace other ON other.id = duel.other
WHERE duel.own = ANY(%(ids)s::bigint[])
GROUP BY 1, 2 HAVING count(*) FILTER (WHERE duel.won) <> count(*) FILTER (WHERE NOT duel.won)
ORDER BY 1, 2
"""


def read_traces(trace_ids: list[int]) -> dict[int, Values]:
    """(id, content hash, sampler, instruction, run; the problem's id, content hash and side; who edited it, its
    correctness; the id, content hash, correctness and decision of what it was made of) of traces, by id.
    """
    return {row[0]: row for row in _rows(_TRACES, trace_ids)}


def read_reviews(trace_ids: list[int]) -> dict[int, list[Values]]:
    """The standing reviews of traces, oldest first: (trace, id, reviewer; decision, score, reason, comment, labels,
    and how the steps are cut that they count, where otherwise than they are stored)."""
    rows = _rows(_REVIEWS, trace_ids)
    return _by_trace([(*row[:7], {} if row[7] == "{}" else json.loads(row[7]), *filter(None, row[8:])) for row in rows])


def read_verdicts(trace_ids: list[int]) -> dict[int, list[Values]]:
    """The newest verdict of each verifier on traces, oldest first: (trace, id; verifier, version, outcome)."""
    return _by_trace(sorted(_rows(_VERDICTS, trace_ids), key=lambda row: row[1]))


def read_final(trace_ids: list[int]) -> dict[int, Values]:
    """The final decisions that hold on traces: (trace, id, adjudicator; decision, reason, comment), by trace."""
    return {row[0]: row for row in _rows(_FINAL, trace_ids)}


def read_compared(trace_ids: list[int]) -> dict[int, dict[str, list[int]]]:
    """What people's standing comparisons say of traces: by trace, and by the content hash of the other trace, how often
    it won and lost. Where both are as often, nothing is said.
    """
    found: dict[int, dict[str, list[int]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_COMPARED, {"ids": array_text(trace_ids)})
        for own, other, won, lost in cursor.fetchall():
            found.setdefault(own, {})[other] = [won, lost]
    return found


def _rows(statement: str, trace_ids: list[int]) -> list[Values]:
    # As one text: the driver takes longer to write a list of numbers than the database to answer.
    with connection.cursor() as cursor:
        cursor.execute(statement, [array_text(trace_ids)])
        return list(cursor.fetchall())


def array_text(keys: Sequence[int]) -> str:
    """Ids as PostgreSQL writes an array of numbers."""
    return "{" + ",".join(map(str, keys)) + "}"


def _by_trace(rows: list[Values]) -> dict[int, list[Values]]:
    grouped: dict[int, list[Values]] = {}
    for row in rows:
        grouped.setdefault(row[0], []).append(row)
    return grouped
