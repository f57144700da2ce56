"""Reading what an item of a release is frozen with, thousands of traces at a time.

Plain statements with one array of ids each: as a query set, every id would be a parameter of its own, which takes
longer to write than to answer. Of most traces only reviews and verdicts are known: what their items are hashed from the
database writes itself, and what is left to do here is the hash. All others are read field by field.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trajectories.adapters.rows_ahead import RowsAhead

Values = tuple[Any, ...]

MARK = "\x01"
"""Stands before and behind the id of a reviewer: no JSON holds this sign but escaped."""

# Traces are picked first: left to itself the planner reads all that there are for every batch.
_PLAIN = """
WITH picked AS MATERIALIZED (
    SELECT id, sampler_id, instruction_id, run_id, problem_id, content_hash, edited_by_id
    FROM trajectories_trace WHERE id = ANY(%(ids)s::bigint[])
), said AS (
    SELECT review.trace_id,
        string_agg(concat(
            '["', %(mark)s, review.reviewer_id, %(mark)s, '",', to_json(review.decision::text), ',',
            coalesce(review.score::text, 'null'), ',', to_json(review.reason::text), ',',
            to_json(review.comment), ',{}]'
        ), ',' ORDER BY review.id) AS hashed,
        string_agg(
            concat('{"id":', review.id, ',"by":"', %(mark)s, review.reviewer_id, %(mark)s, '"}'), ',' ORDER BY review.id
        ) AS evidence,
        sum(review.score) FILTER (WHERE review.decision = 'accept')::float8
            / nullif(count(review.score) FILTER (WHERE review.decision = 'accept'), 0) AS score,
        bool_or(review.step_labels <> '{}' OR review.segmentation <> '') AS labelled
    FROM trajectories_review review
    WHERE review.trace_id = ANY(%(ids)s::bigint[]) AND review.decision <> 'withdraw'
        AND NOT EXISTS (SELECT FROM trajectories_review newer WHERE newer.supersedes_id = review.id)
    GROUP BY review.trace_id
), verified AS (
    SELECT trace_id,
        string_agg(concat('[', verifier, ',', version, ',', outcome, ']'), ',' ORDER BY id) AS hashed,
        string_agg(id::text, ',' ORDER BY id) AS evidence,
        string_agg(concat(verifier, ',', version), ',') AS versions
    FROM (
        SELECT DISTINCT ON (trace_id, verdict.verifier)
            trace_id, id, to_json(verifier::text) AS verifier, version, to_json(outcome::text) AS outcome
        FROM trajectories_verdict verdict
        WHERE trace_id = ANY(%(ids)s::bigint[]) ORDER BY trace_id, verdict.verifier, id DESC
    ) newest GROUP BY trace_id
), told AS (
    SELECT trace_id FROM trajectories_adjudication WHERE trace_id = ANY(%(ids)s::bigint[])
    UNION ALL SELECT first_id FROM trajectories_comparison WHERE first_id = ANY(%(ids)s::bigint[])
    UNION ALL SELECT second_id FROM trajectories_comparison WHERE second_id = ANY(%(ids)s::bigint[])
)
SELECT trace.id, trace.sampler_id, trace.instruction_id, trace.run_id,
    problem.id, problem.content_hash, problem.split,
    concat('{"problem":"', problem.content_hash, '","reviews":[', said.hashed, '],"score":', CASE
        WHEN said.score IS NULL THEN 'null' WHEN said.score = trunc(said.score) THEN concat(trunc(said.score), '.0')
        ELSE said.score::text
    END, ',"split":"'),
    concat('","trace":"', trace.content_hash, '","verdicts":[', verified.hashed, ']}'),
    said.score, concat('{"reviews":[', said.evidence, '],"verdicts":[', verified.evidence, ']}'), verified.versions
FROM unnest(%(ids)s::bigint[]) WITH ORDINALITY AS chosen (id, place)
JOIN picked trace ON trace.id = chosen.id
JOIN trajectories_problem problem ON problem.id = trace.problem_id
LEFT JOIN said ON said.trace_id = trace.id LEFT JOIN verified ON verified.trace_id = trace.id
WHERE trace.edited_by_id IS NULL AND said.labelled IS NOT TRUE AND trace.id NOT IN (SELECT trace_id FROM told)
ORDER BY chosen.place
"""
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


@dataclass(frozen=True, slots=True)
class Assessed:
    """All that is known of some traces, `trace_ids`.

    `traces`: (id, content hash, sampler, instruction, run; the problem's id, content hash and side; who edited it, its
    correctness; the id, content hash, correctness and decision of what it was made of), by id. `reviews`: those that
    stand, oldest first: (trace, id, reviewer; decision, score, reason, comment, labels, and how the steps are cut that
    they count, where otherwise than they are stored), by trace. `verdicts`: the newest of each verifier, oldest first:
    (trace, id; verifier, version, outcome), by trace. `final`: the final decisions that hold: (trace, id, adjudicator;
    decision, reason, comment), by trace. `compared`: what people's standing comparisons say: by trace, and by the
    content hash of the other trace, how often it won and lost; nothing where both are as often.
    """

    trace_ids: Sequence[int]
    traces: Mapping[int, Values]
    reviews: Mapping[int, list[Values]]
    verdicts: Mapping[int, list[Values]]
    final: Mapping[int, Values]
    compared: Mapping[int, dict[str, list[int]]]


_NO_OTHERS = Assessed((), {}, {}, {}, {}, {})


@dataclass(frozen=True, slots=True)
class ToFreeze:
    """What a batch of traces is frozen with: `trace_ids`, in the order in which they are released.

    `plain`: those of which only reviews and verdicts are known, by id: (id, sampler, instruction, run; the problem's
    id, content hash and side; the canonical JSON that the item is hashed from, up to its split and from there on; the
    score, the evidence as JSON, and the verifiers with their versions as the inside of a list of JSON, None for none).
    Reviewers stand in the texts by their id between two MARKs. `others` has all other traces.
    """

    trace_ids: Sequence[int]
    plain: Mapping[int, Values]
    others: Assessed


def read_batch(ahead: RowsAhead, trace_ids: Sequence[int]) -> Callable[[], ToFreeze]:
    """Begin to read what traces are frozen with; what is returned waits for it."""
    reading = ahead.read(_PLAIN, {"ids": array_text(trace_ids), "mark": MARK})

    def wait() -> ToFreeze:
        plain = {row[0]: row for row in reading()}
        others = [key for key in trace_ids if key not in plain] if len(plain) < len(trace_ids) else []
        return ToFreeze(trace_ids, plain, _read_assessed(ahead, others)() if others else _NO_OTHERS)

    return wait


def _read_assessed(ahead: RowsAhead, trace_ids: Sequence[int]) -> Callable[[], Assessed]:
    """Begin to read all that is known of some traces; what is returned waits for it."""
    # As one text: the driver takes longer to write a list of numbers than the database to answer.
    ids = array_text(trace_ids)
    single = [ahead.read(statement, [ids]) for statement in (_TRACES, _REVIEWS, _VERDICTS, _FINAL)]
    duels = ahead.read(_COMPARED, {"ids": ids})

    def wait() -> Assessed:
        traces, reviews, verdicts, final = (read() for read in single)
        return Assessed(
            trace_ids,
            {row[0]: row for row in traces},
            _by_trace([_with_labels(row) for row in reviews]),
            _by_trace(sorted(verdicts, key=lambda row: row[1])),
            {row[0]: row for row in final},
            _compared(duels()),
        )

    return wait


def _with_labels(row: Values) -> Values:
    return (*row[:7], {} if row[7] == "{}" else json.loads(row[7]), *filter(None, row[8:]))


def _compared(rows: list[Values]) -> dict[int, dict[str, list[int]]]:
    found: dict[int, dict[str, list[int]]] = {}
    for own, other, won, lost in rows:
        found.setdefault(own, {})[other] = [won, lost]
    return found


def array_text(keys: Sequence[int]) -> str:
    """Ids as PostgreSQL writes an array of numbers."""
    return "{" + ",".join(map(str, keys)) + "}"


def _by_trace(rows: list[Values]) -> dict[int, list[Values]]:
    grouped: dict[int, list[Values]] = {}
    for row in rows:
        grouped.setdefault(row[0], []).append(row)
    return grouped
