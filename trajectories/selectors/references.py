"""References that no sample ever matched: the commonest sign of a file that was misread.

It is a question of problems whose reference was read from a file and is compared with what a sample says. The grids of
an ARC task and what a family or tests decide cannot be misread so, and tasks that nobody solves are no news.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, F, Min, OuterRef, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from trajectories.core.problems.kinds import QUESTIONS
from trajectories.core.records import JSON, Outcome
from trajectories.models import Problem, Trace
from trajectories.models.traces import given_answer
from trajectories.selectors.paging import Page, page_by_id
from trajectories.selectors.population import NOTHING

PAGE_SIZE = 50
LEAST_SAMPLES = (1, 2, 4, 8, 16)
"""How many samples a problem needs to be listed: one wrong answer says little of its reference."""


@dataclass(frozen=True, slots=True)
class ReferenceFilter:
    """Which problems are looked at: of a set by its name ("" for all), with so many samples at least."""

    set_name: str = ""
    least: int = 1

    @property
    def is_empty(self) -> bool:
        """Whether it lets everything through."""
        return self == ReferenceFilter()


@dataclass(frozen=True, slots=True)
class UnmatchedReference:
    """A problem whose reference no sample matched.

    `wrong` counts the samples that were compared with it. `answer` is what most of them say instead, `votes` of them;
    None where no sample stated an answer.
    """

    problem: Problem
    wrong: int
    answer: JSON = None
    answer_hash: str = ""
    votes: int = 0


@dataclass(frozen=True, slots=True)
class SetMatches:
    """How many problems of a set were compared with samples, and how many of them no sample matched."""

    name: str
    title: str
    sampled: int
    unmatched: int


def list_unmatched(
    scope: ReferenceFilter, *, after: int | None = None, before: int | None = None, size: int = PAGE_SIZE
) -> Page[UnmatchedReference, int]:
    """The page that follows problem `after`, or ends just before problem `before`, or the first one."""
    problems = _compared(scope).filter(correct_count=0).select_related("problem_set").defer("spec", "statement")
    page = page_by_id(problems, before=before, after=after, size=size, newest_first=False)
    return page.of(_with_answers(page.rows))


def has_compared() -> bool:
    """Whether any reference was compared with a sample at all."""
    return _compared(ReferenceFilter()).exists()


def count_unmatched(scope: ReferenceFilter, *, most: int) -> int:
    """How many problems have a reference that no sample matched, counted up to `most`."""
    return _compared(scope).filter(correct_count=0).values("pk")[:most].count()


def matches_by_set(scope: ReferenceFilter) -> list[SetMatches]:
    """The sets that have problems which no sample matched, those with most of them first."""
    rows = (
        _compared(scope)
        .values("problem_set__name", "problem_set__title")
        .annotate(sampled=Count("pk"), unmatched=Count("pk", filter=Q(correct_count=0)))
        .filter(unmatched__gt=0)
        .order_by("-unmatched", "problem_set__title")
        .values_list("problem_set__name", "problem_set__title", "sampled", "unmatched")
    )
    return [SetMatches(*row) for row in rows]


def _compared(scope: ReferenceFilter) -> QuerySet[Problem]:
    """The problems whose reference was compared with a sample, in no order."""
    problems = Problem.objects.filter(kind__in=QUESTIONS, trace_count__gte=max(1, scope.least))
    problems = problems.exclude(spec__has_key="tests")
    if scope.set_name:
        problems = problems.filter(problem_set__name=scope.set_name)
    return problems.filter(Q(correct_count__gt=0) | Exists(_wrong().filter(problem=OuterRef("pk"))))


def _wrong() -> QuerySet[Trace]:
    """Samples that were compared and are wrong. One that was shown the answer says nothing of the reference."""
    return Trace.objects.filter(correctness=Outcome.FAIL, hinted=False, edited_by=None)


def _with_answers(problems: Sequence[Problem]) -> list[UnmatchedReference]:
    """Each problem with the commonest answer of its samples, in three queries whatever their number."""
    ids = [problem.pk for problem in problems]
    wrong = _wrong().filter(problem__in=ids)
    counted = dict(wrong.order_by().values_list("problem").annotate(count=Count("pk")))
    ranked = (
        wrong.exclude(answer_hash=NOTHING)
        .order_by()
        .values("problem", "answer_hash")
        .annotate(votes=Count("pk"), first=Min("pk"))
        .annotate(rank=Window(RowNumber(), partition_by=F("problem"), order_by=[F("votes").desc(), F("first").asc()]))
        .filter(rank=1)
    )
    commonest = {row["problem"]: row for row in ranked}
    first = Trace.objects.filter(pk__in=[row["first"] for row in commonest.values()])
    given = {pk: given_answer(answer, outputs) for pk, answer, outputs in first.values_list("pk", "answer", "outputs")}
    return [_row(problem, counted.get(problem.pk, 0), commonest.get(problem.pk), given) for problem in problems]


def _row(problem: Problem, wrong: int, common: Mapping[str, Any] | None, given: dict[int, JSON]) -> UnmatchedReference:
    if common is None or common["first"] not in given:
        return UnmatchedReference(problem, wrong)
    return UnmatchedReference(problem, wrong, given[common["first"]], common["answer_hash"], common["votes"])
