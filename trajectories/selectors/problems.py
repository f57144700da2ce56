"""Reading problems: records for the other layers, and pages of the list."""

from dataclasses import dataclass, replace

from django.db import models
from django.db.models import Case, Exists, F, FloatField, IntegerField, Q, QuerySet, Subquery, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Coalesce, Left

from trajectories.core.problems.kinds import public_problem
from trajectories.core.records import ProblemKind, ProblemRecord, PublicProblem
from trajectories.models import Problem, ProblemSet
from trajectories.selectors.blinding import Sight, accepted_by_problem
from trajectories.selectors.listing import Column, Count, ListShape, Sort, count_rows
from trajectories.selectors.paging import Page

PAGE_SIZE = 50
EXCERPT = 200


def to_record(problem: Problem) -> ProblemRecord:
    """The whole problem, reference answer included: for verifiers and exports, never for samplers."""
    return ProblemRecord(
        kind=ProblemKind(problem.kind),
        name=problem.name,
        statement=problem.statement,
        spec=problem.spec,
        reference=problem.reference,
        split=problem.split,
        family=problem.family,
        difficulty=problem.difficulty,
    )


def to_public(problem: Problem) -> PublicProblem:
    """What a sampler may see of the problem: no reference answer, and nothing that gives it away."""
    return public_problem(problem.kind, problem.name, problem.statement, problem.spec, problem.content_hash)


SOLVED_STATES = {
    "solved": ("Solved", Q(correct_count__gt=0)),
    "unsolved": ("Sampled, unsolved", Q(trace_count__gt=0, correct_count=0)),
    "unsampled": ("Not sampled", Q(trace_count=0)),
    "uncurated": ("Solved, none accepted", Q(correct_count__gt=0)),
}
"""(title, condition) by the word in the address; of UNCURATED a part, see in_state."""

UNCURATED = "uncurated"


def _share(unsampled: float) -> Combinable:
    """The share of samples that are right; `unsampled` where none is right or wrong, so that those come last."""
    return Case(
        When(scored_count=0, then=Value(unsampled)),
        default=Cast("correct_count", FloatField()) / F("scored_count"),
        output_field=FloatField(),
    )


BY_ACCEPTED = "accepted"
PROBLEMS = ListShape(
    noun="problem",
    turns=("after", "before"),
    size=PAGE_SIZE,
    sorts={
        "": Sort("As imported", newest_first=False),
        "name": Sort("Name", F("name"), descending=False, newest_first=False),
        "samples": Sort("Most samples", F("trace_count"), newest_first=False),
        "easiest": Sort("Most often solved", _share(-1.0), newest_first=False),
        "hardest": Sort("Least often solved", _share(2.0), descending=False, newest_first=False),
        # The key is counted as far as may be seen: list_problems.
        BY_ACCEPTED: Sort("Most accepted", F("accepted_count"), newest_first=False),
    },
    columns={
        "set": Column("Set"),
        "split": Column("Split"),
        "samples": Column("Samples", ("samples",), is_number=True),
        "solved": Column("Solved", ("easiest", "hardest"), is_wide=False),
        "accepted": Column("Accepted", (BY_ACCEPTED,), is_number=True),
    },
)
SORTS = PROBLEMS.sorts
"""The orders by the word in the address; ties go by id, problems that were never sampled come last."""


def in_state(problems: QuerySet[Problem], state: str, sight: Sight) -> QuerySet[Problem]:
    """The problems in a state by its word in SOLVED_STATES. What may not be seen counts as not accepted."""
    problems = problems.filter(SOLVED_STATES[state][1])
    if state != UNCURATED:
        return problems
    return problems.filter(~Exists(accepted_by_problem(sight)) if sight.is_blind else Q(accepted_count=0))


def _accepted_count(sight: Sight) -> Combinable:
    """How many samples of a problem are accepted, as far as may be seen."""
    if not sight.is_blind:
        return F("accepted_count")
    counted = accepted_by_problem(sight).order_by().values("problem").annotate(count=models.Count("pk")).values("count")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


@dataclass(frozen=True, slots=True)
class ProblemFilter:
    """Which problems a list shows; an empty field lets all through. `query` is part of a name."""

    set_name: str = ""
    split: str = ""
    state: str = ""
    query: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether the filter lets everything through."""
        return self == ProblemFilter()


def problems_in(scope: ProblemFilter, sight: Sight) -> QuerySet[Problem]:
    """The problems that a filter lets through, in no order. Unknown words match nothing."""
    problems = Problem.objects.all()
    if scope.set_name:
        problems = problems.filter(problem_set__name=scope.set_name)
    if scope.split:
        problems = problems.filter(split=scope.split)
    if scope.query:
        problems = problems.filter(name__icontains=scope.query)
    if scope.state:
        problems = in_state(problems, scope.state, sight) if scope.state in SOLVED_STATES else problems.none()
    return problems


def list_problems(
    scope: ProblemFilter,
    sight: Sight,
    *,
    sort: str = "",
    after: int | None = None,
    before: int | None = None,
    size: int = PAGE_SIZE,
) -> Page[Problem, int]:
    """The page that follows problem `after`, or ends just before problem `before`, or the first one.

    Each row has `first_pair` and `first_test` of its spec (None where the kind has none) and the start of its statement
    as `excerpt`; spec, reference and statement themselves, which can be large, are not read. `shown_accepted` counts
    accepted samples as far as may be seen. Paging is by the row's key, so that pages do not shift.
    """
    order = PROBLEMS.sort(sort)
    accepted = _accepted_count(sight)
    if sort == BY_ACCEPTED:
        order = replace(order, key=accepted)
    problems = problems_in(scope, sight).select_related("problem_set").defer("spec", "reference", "statement")
    problems = problems.annotate(
        first_pair=F("spec__train__0"),
        first_test=F("spec__test__0"),
        excerpt=Left("statement", EXCERPT),
        shown_accepted=accepted,
    )
    return PROBLEMS.page(problems, order, down=after, up=before, size=size)


def count_problems(scope: ProblemFilter, sight: Sight) -> Count:
    """How many problems a filter lets through."""
    return count_rows(problems_in(scope, sight), may_estimate=False)


def list_problem_sets() -> QuerySet[ProblemSet]:
    """All sets, in order of title."""
    return ProblemSet.objects.order_by("title", "pk")


def neighbours_in_set(problem: Problem) -> tuple[Problem | None, Problem | None]:
    """(previous, next) problem of the same set, with nothing but name and id."""
    same_set = Problem.objects.filter(problem_set=problem.problem_set_id).only("pk", "name")
    before = same_set.filter(pk__lt=problem.pk).order_by("-pk").first()
    return before, same_set.filter(pk__gt=problem.pk).order_by("pk").first()
