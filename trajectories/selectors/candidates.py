"""Reading candidates: generated problems with what speaks for and against them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import BooleanField, Case, Count, Exists, ExpressionWrapper, OuterRef, Q, QuerySet, Value, When

from trajectories.core.problems import problem_hash
from trajectories.core.problems.kinds import public_problem
from trajectories.core.records import JSON, ProblemKind, ProblemRecord, PublicProblem
from trajectories.models import CandidateReview, ProblemCandidate
from trajectories.selectors.blinding import sight_of
from trajectories.selectors.paging import Page, page_by_id
from trajectories.selectors.review_leases import held_by

PAGE = 50
KEEP: Any = object()


def candidate_record(candidate: ProblemCandidate, *, reference: JSON = KEEP) -> ProblemRecord:
    """The problem a candidate would be, with another reference answer where one is given."""
    return ProblemRecord(
        kind=ProblemKind(candidate.kind),
        name=candidate.name,
        statement=candidate.statement,
        spec=candidate.spec,
        reference=candidate.reference if reference is KEEP else reference,
        split=candidate.job.kept_plan.recipe.split,
        family=candidate.family,
        difficulty=candidate.difficulty,
    )


def candidate_public(candidate: ProblemCandidate) -> PublicProblem:
    """What a solver may see of a candidate: no answer, whoever states it."""
    record = candidate_record(candidate, reference=None)
    shown = public_problem(record.kind, record.name, record.statement, record.spec, "")
    return replace(shown, content_hash=problem_hash(replace(record, spec=shown.spec)))


@dataclass(frozen=True, slots=True)
class CandidateScope:
    """Which candidates: of a job, in a state, whose statement holds some words. Empty parts let everything through."""

    job: int | None = None
    state: str = ""
    query: str = ""

    def as_query(self) -> str:
        """The address's query that says the same."""
        given = {"job": self.job, "state": self.state, "q": self.query}
        return urlencode({name: value for name, value in given.items() if value not in (None, "")})


def candidates_in(scope: CandidateScope) -> QuerySet[ProblemCandidate]:
    """The candidates of a scope."""
    candidates = ProblemCandidate.objects.select_related("job")
    if scope.job is not None:
        candidates = candidates.filter(job=scope.job)
    if scope.state:
        candidates = candidates.filter(state=scope.state)
    for word in scope.query.split():
        candidates = candidates.filter(Q(statement__icontains=word) | Q(name__icontains=word))
    return candidates


def list_candidates(
    scope: CandidateScope, *, before: int | None = None, size: int = PAGE
) -> Page[ProblemCandidate, int]:
    """One page of a scope."""
    return page_by_id(candidates_in(scope).defer("minhash", "said"), before=before, size=size)


def count_states(scope: CandidateScope) -> Mapping[str, int]:
    """How many candidates of a scope are in each state, whatever state the scope names; all states are there."""
    counted = candidates_in(replace(scope, state="")).order_by().values_list("state").annotate(count=Count("pk"))
    return dict.fromkeys(ProblemCandidate.State.values, 0) | dict(counted)


def count_waiting() -> int:
    """How many candidates wait for a reviewer."""
    return ProblemCandidate.objects.filter(state=ProblemCandidate.State.WAITING).count()


def get_candidate(candidate_id: int) -> ProblemCandidate | None:
    """One candidate with everything its page shows."""
    related = ("job", "call", "call__source", "problem", "neighbour_problem", "neighbour_candidate")
    return ProblemCandidate.objects.select_related(*related).filter(pk=candidate_id).first()


def list_reviews(candidate: ProblemCandidate, person: User | AnonymousUser) -> QuerySet[CandidateReview]:
    """What was done to a candidate, newest first, as far as the person may see it.

    One decision settles a candidate, so that others' words bias nobody any more once it has one. Until then (somebody
    may have decided and taken it back) they stay hidden from who is blind, as reviews of traces do.
    """
    reviews = candidate.reviews.select_related("reviewer").order_by("-pk")
    decided = candidate.state in (ProblemCandidate.State.ACCEPTED, ProblemCandidate.State.REJECTED)
    return reviews if decided or not sight_of(person).is_blind else reviews.filter(reviewer=person.pk)


def last_decision(reviewer: User) -> CandidateReview | None:
    """The reviewer's newest decision that still stands: what undo takes back."""
    decisions = (CandidateReview.Decision.ACCEPT, CandidateReview.Decision.REJECT)
    taken_back = CandidateReview.objects.filter(supersedes=OuterRef("pk"))
    mine = CandidateReview.objects.filter(~Exists(taken_back), reviewer=reviewer, decision__in=decisions)
    return mine.select_related("candidate", "candidate__job").order_by("-pk").first()


def waiting_after(scope: CandidateScope, reviewer: User, after: int) -> QuerySet[ProblemCandidate]:
    """The waiting candidates of a scope, those after a place first, then from the start.

    One that they hold comes first in its part, unless it is the one they come from.
    """
    waiting = candidates_in(replace(scope, state=ProblemCandidate.State.WAITING))
    return waiting.annotate(
        turn=ExpressionWrapper(Q(pk__lte=after), BooleanField()),
        not_held=Case(When(held_by(ProblemCandidate, reviewer) & ~Q(pk=after), then=Value(0)), default=Value(1)),
    ).order_by("turn", "not_held", "pk")
