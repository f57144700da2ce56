"""Which samples a figure is about."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db import connection
from django.db.models import Q

from trajectories.core.records import Outcome
from trajectories.core.strategies import STRATEGIES
from trajectories.models import Attempt

ADAPTING = tuple(name for name, strategy in STRATEGIES.items() if strategy.adapts)


@dataclass(frozen=True, slots=True)
class InsightScope:
    """Samples by the ids of what they belong to; empty means all. `runs` are any of these runs.

    `problem_kinds` is set by figures that show problems of these kinds alone, never by an address.
    """

    problem_set: int | None = None
    sampler: int | None = None
    instruction: int | None = None
    runs: tuple[int, ...] = ()
    problem_kinds: tuple[str, ...] = ()

    @property
    def run(self) -> int | None:
        """The run, where the scope is a single one."""
        return self.runs[0] if len(self.runs) == 1 else None

    def query(self) -> str:
        """The scope as the query string of an address."""
        named = {"problem_set": self.problem_set, "sampler": self.sampler, "instruction": self.instruction}
        values: list[tuple[str, Any]] = [(name, value) for name, value in named.items() if value is not None]
        return urlencode([*values, *(("run", run) for run in self.runs)])

    def attempts(self) -> Q:
        """The condition on attempts that they belong to the scope."""
        wanted = Q()
        if self.problem_set is not None:
            wanted &= Q(problem__problem_set=self.problem_set)
        if self.sampler is not None:
            wanted &= Q(run__sampler=self.sampler)
        if self.instruction is not None:
            wanted &= Q(instruction=self.instruction)
        if self.problem_kinds:
            wanted &= Q(problem__kind__in=self.problem_kinds)
        return wanted & Q(run__in=self.runs) if self.runs else wanted


INDEPENDENT = """(t.run_id IS NULL
    OR t.run_id NOT IN (SELECT id FROM trajectories_run WHERE strategy = ANY(%(adapting)s))
    OR EXISTS (SELECT 1 FROM trajectories_trace drawn JOIN trajectories_attempt a ON a.id = drawn.attempt_id
        WHERE drawn.id = t.id AND a.round = 0 AND a.kind NOT IN ('step', 'rest')))"""
"""That a sample was drawn without looking at verdicts on earlier ones: what estimators over samples assume. Of a
strategy that goes by them only the first round is, and a first step of a tree is no whole sample."""


SAMPLED = """NOT EXISTS (SELECT 1 FROM trajectories_trace edited
    WHERE edited.id = t.id AND edited.edited_by_id IS NOT NULL)"""


def from_samples(scope: InsightScope, *, hinted: bool = False, independent: bool = False) -> str:
    """`FROM ... WHERE ...` of the samples `t` of a scope; those that were shown the answer only where `hinted`.

    What people edited is no sample. Of a sample itself nothing is asked that the index trace_by_clauses does not hold,
    so that counting reads no rows of it.
    """
    conditions = [SAMPLED, *([] if hinted else ["NOT t.hinted"])]
    joined = ""
    if scope.problem_set is not None or scope.problem_kinds:
        joined = " JOIN trajectories_problem p ON p.id = t.problem_id"
    if scope.problem_set is not None:
        conditions.append("p.problem_set_id = %(problem_set)s")
    if scope.problem_kinds:
        conditions.append("p.kind = ANY(%(problem_kinds)s)")
    if scope.sampler is not None:
        conditions.append("t.sampler_id = %(sampler)s")
    if scope.instruction is not None:
        conditions.append("t.instruction_id = %(instruction)s")
    if scope.runs:
        conditions.append("t.run_id = ANY(%(runs)s)")
    if independent:
        conditions.append(INDEPENDENT)
    return f"FROM trajectories_trace t{joined} WHERE {' AND '.join(conditions)}"


SCORED = f"t.correctness IN ('{Outcome.PASS.value}', '{Outcome.FAIL.value}')"
RIGHT = f"t.correctness = '{Outcome.PASS.value}'"


def fetch(sql: str, scope: InsightScope, **values: Any) -> list[tuple[Any, ...]]:
    """The rows of a query over a scope."""
    with connection.cursor() as cursor:
        cursor.execute(sql, given_of(scope, values))
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def given_of(scope: InsightScope, values: dict[str, Any]) -> dict[str, Any]:
    """What the parameters of a query over a scope stand for."""
    return {
        "problem_set": scope.problem_set,
        "sampler": scope.sampler,
        "instruction": scope.instruction,
        "runs": list(scope.runs),
        "problem_kinds": list(scope.problem_kinds),
        "adapting": list(ADAPTING),
        **values,
    }


def attempts_in(scope: InsightScope) -> Any:
    """The attempts of a scope."""
    return Attempt.objects.filter(scope.attempts())
