"""Reading comparisons: the pairs that are left, a person's last one, and rankings."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import connection
from django.db.models import Max, QuerySet
from django.db.models.functions import Now

from trajectories.core.curation.pairing import PER_TRACE, POINTS, Contender, Pair, PairVerdict
from trajectories.core.curation.ranking import Duel, Ranked, rank
from trajectories.models import Comparison, ComparisonLease, Instruction, Sampler, Trace

MOST_OVERLAP = 5
KEPT_SECONDS = 3_600
PROBLEMS_RANKED = 8
TRACES = ("first_id", "second_id")
PROBLEMS_AT_ONCE = 20

# A problem is open while one of its traces took part in too few comparisons, or a pair was compared by too few people.
OPEN_PROBLEMS = """
WITH said AS (
    SELECT one.problem_id, one.first_id, one.second_id FROM trajectories_comparison one
    WHERE one.verdict NOT IN ('skip', 'withdraw')
      AND NOT EXISTS (SELECT 1 FROM trajectories_comparison later WHERE later.supersedes_id = one.id)
)
SELECT problem.id FROM trajectories_problem problem
WHERE problem.trace_count > 1 AND problem.id > %(after)s
  AND (%(problem)s::bigint IS NULL OR problem.id = %(problem)s)
  AND (%(problem_set)s::bigint IS NULL OR problem.problem_set_id = %(problem_set)s)
  AND (
    EXISTS (
        SELECT 1 FROM trajectories_trace trace WHERE trace.problem_id = problem.id AND (
            SELECT count(DISTINCT (said.first_id, said.second_id)) FROM said
            WHERE said.problem_id = problem.id AND (said.first_id = trace.id OR said.second_id = trace.id)
        ) < LEAST(%(per_trace)s, problem.trace_count - 1)
    )
    OR EXISTS (
        SELECT 1 FROM said WHERE said.problem_id = problem.id
        GROUP BY said.first_id, said.second_id HAVING count(*) < %(overlap)s
    )
  )
ORDER BY problem.id LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class ComparisonScope:
    """Which traces are compared: those of one problem or of the problems of a set, or all; each pair by `overlap`."""

    problem: int | None = None
    problem_set: int | None = None
    overlap: int = 1

    def as_query(self) -> str:
        """The scope as in an address."""
        named = {
            "problem": self.problem,
            "set": self.problem_set,
            "overlap": self.overlap if self.overlap > 1 else None,
        }
        return "&".join(f"{name}={value}" for name, value in named.items() if value is not None)


def standing_comparisons() -> QuerySet[Comparison]:
    """What people say now, skips included, withdrawals not."""
    return Comparison.objects.filter(superseded_by=None).exclude(verdict=PairVerdict.WITHDRAW)


def open_problems(scope: ComparisonScope, *, after: int = 0) -> list[int]:
    """The first problems after `after` in which somebody has something left to compare."""
    given = {
        "after": after,
        "problem": scope.problem,
        "problem_set": scope.problem_set,
        "overlap": scope.overlap,
        "per_trace": PER_TRACE,
        "limit": PROBLEMS_AT_ONCE,
    }
    with connection.cursor() as cursor:
        cursor.execute(OPEN_PROBLEMS, given)
        return [row[0] for row in cursor.fetchall()]


def contenders(problem_id: int) -> list[Contender]:
    """The traces of a problem as they are chosen from."""
    rows = Trace.objects.filter(problem=problem_id).order_by("pk").values_list("pk", "answer_hash")
    return [Contender(pk, answer) for pk, answer in rows]


def taken_pairs(problem_id: int, reviewer: User) -> Counter[Pair]:
    """How many other people have compared each pair of a problem, or are at it now."""
    # Leases first: whoever says something meanwhile is found by what they said, and counts once if found twice.
    columns = ("first_id", "second_id")
    held = ComparisonLease.objects.filter(problem=problem_id, expires_at__gt=Now()).exclude(holder=reviewer)
    people = set(held.values_list(*columns, "holder_id"))
    others = standing_comparisons().filter(problem=problem_id).exclude(verdict=PairVerdict.SKIP)
    people |= set(others.exclude(reviewer=reviewer).values_list(*columns, "reviewer_id"))
    return Counter((first, second) for first, second, _ in people)


def pairs_of(problem_id: int, reviewer: User) -> set[Pair]:
    """The pairs of a problem that a person has compared or skipped."""
    mine = standing_comparisons().filter(problem=problem_id, reviewer=reviewer)
    return set(mine.values_list("first_id", "second_id"))


def last_comparison(reviewer: User) -> Comparison | None:
    """The newest comparison of a person that stands: what undo takes back."""
    return standing_comparisons().filter(reviewer=reviewer).order_by("-pk").first()


def count_comparisons(scope: ComparisonScope, reviewer: User) -> int:
    """How many comparisons of a scope a person has made, skips left out."""
    mine = _within(standing_comparisons(), scope).filter(reviewer=reviewer)
    return mine.exclude(verdict=PairVerdict.SKIP).count()


# Of each trace that was compared: in how many pairs, counted as far as the rankings need.
DONE = """
SELECT COALESCE(sum(LEAST(taken, most)), 0) FROM (
    SELECT count(*) AS taken, LEAST(%(per_trace)s, min(problem.trace_count) - 1) AS most
    FROM (
        SELECT DISTINCT one.problem_id, one.first_id, one.second_id FROM trajectories_comparison one
        WHERE one.verdict NOT IN ('skip', 'withdraw')
          AND NOT EXISTS (SELECT 1 FROM trajectories_comparison later WHERE later.supersedes_id = one.id)
    ) AS pair
    CROSS JOIN LATERAL (VALUES (pair.first_id), (pair.second_id)) AS side (trace_id)
    JOIN trajectories_problem problem ON problem.id = pair.problem_id
    WHERE (%(problem)s::bigint IS NULL OR problem.id = %(problem)s)
      AND (%(problem_set)s::bigint IS NULL OR problem.problem_set_id = %(problem_set)s)
    GROUP BY side.trace_id
) AS by_trace
"""
NEEDED = """
SELECT COALESCE(sum(trace_count * LEAST(%(per_trace)s, trace_count - 1)), 0) FROM trajectories_problem
WHERE trace_count > 1 AND (%(problem)s::bigint IS NULL OR id = %(problem)s)
  AND (%(problem_set)s::bigint IS NULL OR problem_set_id = %(problem_set)s)
"""


@dataclass(frozen=True, slots=True)
class ComparisonProgress:
    """How far the comparisons of a scope are: those that are made and count for the rankings, about how many these need
    (each trace in PER_TRACE pairs, or with all others of its problem), and those by the person who asks.
    """

    done: int
    needed: int
    mine: int


def comparison_progress(scope: ComparisonScope, reviewer: User) -> ComparisonProgress:
    """How far a scope is. A comparison is one of two traces; what goes beyond the need of a trace is left out."""
    given = {"problem": scope.problem, "problem_set": scope.problem_set, "per_trace": PER_TRACE}
    with connection.cursor() as cursor:
        cursor.execute(DONE, given)
        done = int(cursor.fetchone()[0])
        cursor.execute(NEEDED, given)
        needed = int(cursor.fetchone()[0])
    return ComparisonProgress((done + 1) // 2, (needed + 1) // 2, count_comparisons(scope, reviewer))


def _within(comparisons: QuerySet[Comparison], scope: ComparisonScope) -> QuerySet[Comparison]:
    if scope.problem is not None:
        comparisons = comparisons.filter(problem=scope.problem)
    if scope.problem_set is not None:
        comparisons = comparisons.filter(problem__problem_set=scope.problem_set)
    return comparisons


@dataclass(frozen=True, slots=True)
class Place:
    """One thing in a ranking with its name; `key` is its id."""

    name: str
    key: int
    ranked: Ranked


@dataclass(frozen=True, slots=True)
class Ranking:
    """The groups of things that comparisons connect, each strongest first; more than one group means a gap."""

    title: str
    groups: Sequence[Sequence[Place]]


@dataclass(frozen=True, slots=True)
class Rankings:
    """What a scope's comparisons come to. `traces` is there for one problem only; else `problems` holds the rankings of
    the PROBLEMS_RANKED that were compared last, by (id, name).
    """

    comparisons: int
    people: int
    samplers: Ranking
    instructions: Ranking
    traces: Ranking | None
    problems: Sequence[tuple[int, str, Ranking]] = ()


def rankings(scope: ComparisonScope) -> Rankings:
    """The rankings of a scope, computed anew only where comparisons were added since."""
    newest = Comparison.objects.aggregate(newest=Max("pk"))["newest"] or 0
    key = "rankings:" + hashlib.sha256(repr((newest, scope)).encode()).hexdigest()
    kept = cache.get(key)
    if isinstance(kept, Rankings):
        return kept
    found = _compute(scope)
    cache.set(key, found, KEPT_SECONDS)
    return found


COLUMNS = (
    *("verdict", "problem_id", "reviewer_id", "first_id", "second_id", "first__sampler_id", "second__sampler_id"),
    *("first__instruction_id", "second__instruction_id"),
)


def _compute(scope: ComparisonScope) -> Rankings:
    counted = _within(standing_comparisons(), scope).exclude(verdict=PairVerdict.SKIP)
    rows = list(counted.order_by("pk").values(*COLUMNS))
    samplers = {key: f"{title}, version {version}" for key, title, version in _named(Sampler)}
    instructions = {key: f"{title}, version {version}" for key, title, version in _named(Instruction)}
    by_trace, problems = None, list[tuple[int, str, Ranking]]()
    if scope.problem is not None:
        by_trace = _ranking("Traces", rows, TRACES, {})
    else:
        for key, name, _ in compared_problems(scope, size=PROBLEMS_RANKED):
            its = [row for row in rows if row["problem_id"] == key]
            problems.append((key, name, _ranking(f"Traces of {name}", its, TRACES, {})))
    return Rankings(
        comparisons=len(rows),
        people=len({row["reviewer_id"] for row in rows}),
        samplers=_ranking("Samplers", rows, ("first__sampler_id", "second__sampler_id"), samplers),
        instructions=_ranking("Instructions", rows, ("first__instruction_id", "second__instruction_id"), instructions),
        traces=by_trace,
        problems=problems,
    )


def _named(model: type[Sampler] | type[Instruction]) -> list[tuple[int, str, int]]:
    return list(model.objects.values_list("pk", "title", "version"))


def _ranking(title: str, rows: Sequence[dict[str, Any]], sides: tuple[str, str], names: dict[int, str]) -> Ranking:
    one, other = sides
    duels = [
        Duel(row[one], row[other], POINTS[row["verdict"]])
        for row in rows
        if row[one] is not None and row[other] is not None
    ]
    groups = [
        [Place(names.get(each.thing, f"Trace {each.thing}"), each.thing, each) for each in group]
        for group in rank(duels)
    ]
    return Ranking(title, groups)


def leased_to(reviewer: User) -> ComparisonLease | None:
    """The pair that a person has on the screen, whether or not its time is over."""
    related = ("first", "second", "problem")
    return ComparisonLease.objects.filter(holder=reviewer).select_related(*related).first()


def in_scope(scope: ComparisonScope, lease: ComparisonLease) -> bool:
    """Whether a leased pair is one of a scope."""
    if scope.problem is not None and lease.problem_id != scope.problem:
        return False
    return scope.problem_set is None or lease.problem.problem_set_id == scope.problem_set


def compared_problems(scope: ComparisonScope, *, size: int = 50) -> list[tuple[int, str, int]]:
    """(id, name, newest comparison) of the problems of a scope that were compared most recently."""
    counted = _within(standing_comparisons(), scope).exclude(verdict=PairVerdict.SKIP)
    newest = counted.values("problem", "problem__name").annotate(last=Max("pk"))
    return [(row["problem"], row["problem__name"], row["last"]) for row in newest.order_by("-last")[:size]]
