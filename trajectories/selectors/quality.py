"""Reading how far reviewers agree: everything is counted by the database, in a fixed number of queries.

Only what counts now is counted: of each person the one decision on a trace that nothing supersedes, so that undone,
replaced and voided reviews are out. What comes back is patterns with their numbers (two accepted and one rejected: 812
traces), which is bounded by how many people review one trace, not by how many traces there are.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from trajectories.core.curation.reviews import StepLabel

CATEGORIES = ("accept", "reject")
STEP_LABELS = (StepLabel.GOOD, StepLabel.NEUTRAL, StepLabel.BAD)
STEP_RANGES = ((0, 4), (5, 9), (10, 19), (20, 10**9))
"""First and last index of the steps that the table by step takes together."""

# The decisions that count. A review that was restored after a void is as old as its reviewer's decision.
STANDING = """
WITH standing AS MATERIALIZED (
    SELECT said.id, said.trace_id, said.reviewer_id, said.decision, said.reason, said.seconds, said.step_labels,
           said.segmentation,
           said.suggestion, said.suggestion_use,
           COALESCE(said.decided_at, said.created_at) AS decided_at
    FROM trajectories_review said
    {joins}
    WHERE said.decision <> 'withdraw'
      AND NOT EXISTS (SELECT 1 FROM trajectories_review later WHERE later.supersedes_id = said.id)
      {conditions}
),
shared AS MATERIALIZED (
    SELECT trace_id FROM standing GROUP BY trace_id HAVING count(*) > 1
)
"""
Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class QualityScope:
    """Which reviews are looked at: those of a problem set and given in a queue (their ids), decided from `since` to
    `until`, both included."""

    problem_set: int | None = None
    since: date | None = None
    until: date | None = None
    queue: int | None = None

    def standing(self) -> tuple[str, list[Any]]:
        """The beginning of every query and its parameters. A further filter is one more line here."""
        joins, conditions = "", []
        parameters: list[Any] = []
        if self.problem_set is not None:
            joins = (
                "JOIN trajectories_trace trace ON trace.id = said.trace_id "
                "JOIN trajectories_problem problem ON problem.id = trace.problem_id"
            )
            conditions.append("problem.problem_set_id = %s")
            parameters.append(self.problem_set)
        if self.queue is not None:
            conditions.append("said.queue_id = %s")
            parameters.append(self.queue)
        if self.since is not None:
            conditions.append("COALESCE(said.decided_at, said.created_at) >= %s")
            parameters.append(midnight_of(self.since))
        if self.until is not None:
            conditions.append("COALESCE(said.decided_at, said.created_at) < %s")
            parameters.append(midnight_after(self.until))
        added = " ".join(f"AND {condition}" for condition in conditions)
        return STANDING.format(joins=joins, conditions=added), parameters


def midnight_of(day: date) -> datetime:
    """When a day begins."""
    return timezone.make_aware(datetime.combine(day, time.min))


def midnight_after(day: date) -> datetime:
    """When a day is over."""
    return midnight_of(day + timedelta(days=1))


def read_rows(scope: QualityScope, select: str) -> list[Row]:
    """The rows of a query that follows STANDING."""
    beginning, parameters = scope.standing()
    with connection.cursor() as cursor:
        cursor.execute(beginning + select, parameters)
        rows: list[Row] = cursor.fetchall()
    return rows


@dataclass(frozen=True, slots=True)
class Totals:
    """How many decisions, traces and people a scope holds, and on how many traces at least two people decided."""

    reviews: int
    traces: int
    reviewers: int
    shared: int


def totals(scope: QualityScope) -> Totals:
    """Counts of the scope."""
    ((reviews, traces, reviewers, shared),) = read_rows(
        scope,
        "SELECT count(*), count(DISTINCT trace_id), count(DISTINCT reviewer_id), (SELECT count(*) FROM shared)"
        " FROM standing",
    )
    return Totals(reviews, traces, reviewers, shared)


def decision_patterns(scope: QualityScope) -> dict[tuple[int, ...], int]:
    """Traces by (how many people accepted, how many rejected)."""
    rows = read_rows(
        scope,
        """
        SELECT accepted, rejected, count(*) FROM (
            SELECT count(*) FILTER (WHERE decision = 'accept') AS accepted,
                   count(*) FILTER (WHERE decision = 'reject') AS rejected
            FROM standing GROUP BY trace_id
        ) by_trace GROUP BY accepted, rejected
        """,
    )
    return {(accepted, rejected): traces for accepted, rejected, traces in rows}


PairTable = dict[tuple[int, int], int]


def pair_tables(scope: QualityScope) -> dict[tuple[int, int], PairTable]:
    """By pair of reviewers (ids, smaller first): their shared traces by (decision of the first, of the second)."""
    rows = read_rows(
        scope,
        """
        SELECT one.reviewer_id, other.reviewer_id, one.decision, other.decision, count(*)
        FROM standing one JOIN standing other ON other.trace_id = one.trace_id AND other.reviewer_id > one.reviewer_id
        GROUP BY 1, 2, 3, 4
        """,
    )
    tables: defaultdict[tuple[int, int], PairTable] = defaultdict(dict)
    for one, other, said, answered, traces in rows:
        tables[one, other][CATEGORIES.index(said), CATEGORIES.index(answered)] = traces
    return dict(tables)


@dataclass(frozen=True, slots=True)
class ReasonUse:
    """A reason for rejection: how often it was given, and of other people's decisions on the same traces, `others`,
    how many rejected too and how many gave the same reason."""

    reason: str
    used: int
    others: int
    rejected: int
    same: int


def reason_uses(scope: QualityScope) -> list[ReasonUse]:
    """Every reason that was given, the most frequent first."""
    rows = read_rows(
        scope,
        """
        SELECT one.reason, count(DISTINCT one.id), count(other.id),
               count(other.id) FILTER (WHERE other.decision = 'reject'),
               count(other.id) FILTER (WHERE other.decision = 'reject' AND other.reason = one.reason)
        FROM standing one
        LEFT JOIN standing other ON other.trace_id = one.trace_id AND other.reviewer_id <> one.reviewer_id
        WHERE one.decision = 'reject' GROUP BY one.reason ORDER BY 2 DESC, 1
        """,
    )
    return [ReasonUse(*row) for row in rows]


def reason_patterns(scope: QualityScope) -> dict[tuple[int, ...], int]:
    """Traces that at least two people rejected, by how many gave each reason; reasons in alphabetical order."""
    rows = read_rows(
        scope,
        """
        SELECT reasons, count(*) FROM (
            SELECT array_agg(reason ORDER BY reason) AS reasons FROM standing
            WHERE decision = 'reject' GROUP BY trace_id HAVING count(*) > 1
        ) by_trace GROUP BY reasons
        """,
    )
    known = sorted({reason for reasons, _ in rows for reason in reasons})
    found: Counter[tuple[int, ...]] = Counter()
    for reasons, traces in rows:
        found[tuple(reasons.count(each) for each in known)] += traces
    return dict(found)


def step_patterns(scope: QualityScope) -> dict[int, dict[tuple[int, ...], int]]:
    """By range of steps (its position in STEP_RANGES): steps that at least two people labelled, by how many gave
    each of STEP_LABELS."""
    rows = read_rows(
        scope,
        """
        SELECT step, good, neutral, bad, count(*) FROM (
            SELECT said.trace_id, said.segmentation, label.key::int AS index,
                   width_bucket(label.key::int, ARRAY[5, 10, 20]) AS step,
                   count(*) FILTER (WHERE label.value = 'good') AS good,
                   count(*) FILTER (WHERE label.value = 'neutral') AS neutral,
                   count(*) FILTER (WHERE label.value = 'bad') AS bad
            FROM standing said JOIN shared USING (trace_id), jsonb_each_text(said.step_labels) label
            WHERE label.key ~ '^[0-9]{1,9}$'
            GROUP BY 1, 2, 3, 4 HAVING count(*) > 1
        ) by_step GROUP BY 1, 2, 3, 4
        """,
    )
    found: defaultdict[int, dict[tuple[int, ...], int]] = defaultdict(dict)
    for step, good, neutral, bad, steps in rows:
        found[step][good, neutral, bad] = steps
    return dict(found)


@dataclass(frozen=True, slots=True)
class Activity:
    """What one person did: decisions, how many accepted, median seconds a decision (None where no page told)."""

    reviewer: int
    reviews: int
    accepted: int
    seconds: float | None


def activities(scope: QualityScope) -> list[Activity]:
    """Every reviewer of the scope, the busiest first."""
    rows = read_rows(
        scope,
        """
        SELECT reviewer_id, count(*), count(*) FILTER (WHERE decision = 'accept'),
               percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds)
        FROM standing GROUP BY 1 ORDER BY 2 DESC, 1
        """,
    )
    return [Activity(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Week:
    """One week of a reviewer: decisions, how many accepted, median seconds, and how often others on the same traces
    agreed (`agreed` of `compared`)."""

    monday: date
    reviews: int
    accepted: int
    seconds: float | None
    agreed: int
    compared: int


def weeks_of(scope: QualityScope, reviewer: int) -> list[Week]:
    """The weeks in which a person reviewed, newest first."""
    beginning, parameters = scope.standing()
    with connection.cursor() as cursor:
        cursor.execute(
            beginning
            + """
            , mine AS (SELECT * FROM standing WHERE reviewer_id = %s),
            others AS (
                SELECT mine.id, count(*) FILTER (WHERE other.decision = mine.decision) AS agreed, count(*) AS compared
                FROM mine JOIN standing other ON other.trace_id = mine.trace_id AND other.id <> mine.id
                GROUP BY mine.id
            )
            SELECT date_trunc('week', decided_at)::date, count(*), count(*) FILTER (WHERE decision = 'accept'),
                   percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds),
                   COALESCE(sum(agreed), 0)::bigint, COALESCE(sum(compared), 0)::bigint
            FROM mine LEFT JOIN others USING (id) GROUP BY 1 ORDER BY 1 DESC
            """,
            [*parameters, reviewer],
        )
        return [Week(*row) for row in cursor.fetchall()]


TRACES_KEPT = 50


@dataclass(frozen=True, slots=True)
class VoterPattern:
    """Traces on which the same people gave the same decisions: `decisions` holds (reviewer, position in CATEGORIES),
    `count` how many traces there are, `traces` the first TRACES_KEPT of them."""

    decisions: tuple[tuple[int, int], ...]
    count: int
    traces: Sequence[int]


def voter_patterns(scope: QualityScope) -> list[VoterPattern]:
    """Every decision that counts, traces that cannot be told apart taken together, in a fixed order."""
    rows = read_rows(
        scope,
        f"""
        SELECT pattern, count(*), (array_agg(trace_id ORDER BY trace_id))[1:{TRACES_KEPT}] FROM (
            SELECT trace_id, array_agg(reviewer_id::bigint * 2 + (decision = 'reject')::int ORDER BY reviewer_id)
                AS pattern
            FROM standing GROUP BY trace_id
        ) by_trace GROUP BY pattern ORDER BY pattern
        """,
    )
    return [
        VoterPattern(tuple((code // 2, code % 2) for code in pattern), count, traces) for pattern, count, traces in rows
    ]


def last_review(scope: QualityScope) -> tuple[int, QualityScope]:
    """What the figures of a scope depend on: they are the same as long as this is. Reviews are only ever appended."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT COALESCE(max(id), 0) FROM trajectories_review")
        return int(cursor.fetchone()[0]), scope


def names_of(reviewers: Sequence[int]) -> Mapping[int, str]:
    """Usernames by id."""
    return dict(User.objects.filter(pk__in=reviewers).values_list("pk", "username"))
