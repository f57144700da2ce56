"""Reading how often people answer gold items rightly: items whose decision is known, mixed in without telling.

Training items are left out, since who is told what is right learns from it. The one answer of each person that counts
now is counted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncWeek

from trajectories.core.curation.agreement import Coefficient
from trajectories.core.curation.shares import share
from trajectories.models import Assignment
from trajectories.selectors.quality import QualityScope, midnight_after, midnight_of


@dataclass(frozen=True, slots=True)
class GoldRow:
    """How often one person answered the gold items of one queue rightly."""

    reviewer: int
    name: str
    queue: int
    title: str
    right: int
    accuracy: Coefficient


def gold_answers(scope: QualityScope) -> QuerySet[Assignment]:
    """The answers to gold items of a scope that count now, in no order."""
    answers = Assignment.objects.filter(is_gold=True, state=Assignment.State.DONE, is_right__isnull=False)
    answers = answers.filter(item__is_training=False).order_by()
    if scope.problem_set is not None:
        answers = answers.filter(item__trace__problem__problem_set=scope.problem_set)
    if scope.queue is not None:
        answers = answers.filter(queue=scope.queue)
    if scope.since is not None:
        answers = answers.filter(decided_at__gte=midnight_of(scope.since))
    if scope.until is not None:
        answers = answers.filter(decided_at__lt=midnight_after(scope.until))
    return answers


RIGHT = Count("pk", filter=Q(is_right=True))


def gold_rows(scope: QualityScope, reviewer: int | None = None) -> Sequence[GoldRow]:
    """By person and queue, or those of one person; by name, then by queue."""
    answers = gold_answers(scope)
    if reviewer is not None:
        answers = answers.filter(reviewer=reviewer)
    named = answers.values("reviewer", "reviewer__username", "queue", "queue__title")
    rows = named.annotate(n=Count("pk"), right=RIGHT).order_by("reviewer__username", "queue__title", "queue")
    return [
        GoldRow(
            row["reviewer"],
            row["reviewer__username"],
            row["queue"],
            row["queue__title"],
            row["right"],
            share(row["right"], row["n"]),
        )
        for row in rows
    ]


def gold_by_week(scope: QualityScope, reviewer: int) -> Mapping[date, Coefficient]:
    """A person's accuracy on gold items by the Monday of each week in which they answered some."""
    answers = gold_answers(scope).filter(reviewer=reviewer).annotate(week=TruncWeek("decided_at"))
    rows = answers.values("week").annotate(n=Count("pk"), right=RIGHT)
    return {row["week"].date(): share(row["right"], row["n"]) for row in rows}
