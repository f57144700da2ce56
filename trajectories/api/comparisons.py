"""Comparisons: two traces of a problem, blind, which of them is better, and the rankings that this comes to."""

import uuid
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Schema
from ninja.responses import Status
from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from trajectories.api.auth import asking
from trajectories.api.doors import door
from trajectories.api.faults import ApiProblem
from trajectories.api.problems import ProblemAsked, show_asked
from trajectories.api.queues import Lease, LeasesReleased, Released
from trajectories.api.runs import fault_of
from trajectories.api.shapes import Body, IdempotencyKey, OneOf, RowId, once
from trajectories.core.curation.pairing import PairVerdict
from trajectories.core.records import JSON
from trajectories.forms.comparisons import CHOICES, LONGEST_LOOK, ComparisonForm
from trajectories.models import ApiToken, ComparisonLease
from trajectories.selectors.blinding import SEE_REVIEWS
from trajectories.selectors.comparisons import (
    MOST_OVERLAP,
    ComparisonScope,
    Ranking,
    comparison_progress,
    leased_to,
    rankings,
)
from trajectories.selectors.segmentations import step_text
from trajectories.selectors.traces import get_trace
from trajectories.services.curation.comparisons import (
    ComparisonError,
    compare,
    lease_pair,
    release_comparisons,
    undo_comparison,
)

COMPARES = ("trajectories.add_comparison", "trajectories.view_trace")
WORDS = (*(value for value, _, _ in CHOICES), PairVerdict.SKIP.value)
Overlap = Annotated[int, Field(ge=1, le=MOST_OVERLAP, description="People who compare each pair.")]


class PairSide(Schema):
    """One of the two traces: its steps, its answer and its program, and nothing of where it is from."""

    steps: list[str]
    answer: Any
    program: str | None


class PairShown(Schema):
    """Two traces that are yours to compare for as long as the `lease` holds; asking again renews it."""

    lease: str
    problem: ProblemAsked
    left: PairSide
    right: PairSide


class NextPair(Schema):
    """Your pair, null where nothing is left for you; how many comparisons are made, about how many rankings need, and
    how many are yours."""

    pair: PairShown | None
    done: int
    needed: int
    mine: int


class PairWanted(Body):
    """Which traces are compared: of one problem, of the problems of a set, or of all."""

    problem: RowId | None = None
    problem_set: Annotated[RowId | None, Field(description="Id of a set.")] = None
    overlap: Overlap = 1


class Compare(Body):
    """Which of the two is better: left, right, tie, both_bad; or skip."""

    lease: Lease
    verdict: Annotated[str, OneOf(WORDS)]
    seconds: Annotated[float, Field(ge=0, le=LONGEST_LOOK, description="How long you looked; 0 for not known.")] = 0


class Compared(Schema):
    """A comparison of yours that is stored."""

    id: int
    problem: int
    verdict: str
    created_at: str


class Ranked(Schema):
    """One thing of a ranking. Strengths are logarithms of odds, 0 in the mean of the group, with their bounds."""

    id: int
    name: str
    strength: float
    low: float | None
    high: float | None
    comparisons: int
    points: float


class RankingsShown(Schema):
    """What comparisons come to. Each ranking is a list of groups that comparisons connect, the strongest first;
    `traces` is there for one problem only."""

    comparisons: int
    people: int
    samplers: list[list[Ranked]]
    instructions: list[list[Ranked]]
    traces: list[list[Ranked]] | None


@door("POST", "/comparisons/next", *COMPARES, scope=ApiToken.Scope.REVIEW, answers=NextPair)
def lease_next_pair(request: HttpRequest, given: PairWanted) -> Any:
    """Be handed two traces of a problem to compare; the same two until you have said which is better."""
    scope = ComparisonScope(given.problem, given.problem_set, given.overlap)
    return _next(asking(request), scope, lease_pair(reviewer=asking(request), scope=scope))


def _next(person: Any, scope: ComparisonScope, lease: ComparisonLease | None) -> dict[str, JSON]:
    progress = comparison_progress(scope, person)
    told: dict[str, JSON] = {name: getattr(progress, name) for name in ("done", "needed", "mine")}
    return {"pair": None if lease is None else _pair(lease), **told}


def _pair(lease: ComparisonLease) -> dict[str, JSON]:
    ids = (lease.first_id, lease.second_id)
    left, right = reversed(ids) if lease.swapped else ids
    return {
        "lease": str(lease.token),
        "problem": show_asked(lease.problem),
        "left": _side(left),
        "right": _side(right),
    }


def _side(trace_id: int) -> dict[str, JSON]:
    trace = get_trace(trace_id)
    program = trace.program.body if trace.program else None
    return {"steps": [step_text(step) for step in trace.steps], "answer": trace.given, "program": program}


@door("POST", "/comparisons", *COMPARES, scope=ApiToken.Scope.REVIEW, answers=Compared, status=201)
def compare_pair(request: HttpRequest, given: Compare, idempotency_key: IdempotencyKey = None) -> Status[Any]:
    """Say which of your two traces is better. 409 where the pair is not yours any more."""
    return once(request, idempotency_key, given, lambda: _compare(asking(request), given))


def _compare(person: Any, given: Compare) -> dict[str, JSON]:
    form = ComparisonForm({**given.model_dump(), "seconds": given.seconds or None, "key": uuid.uuid4()})
    if not form.is_valid():
        raise fault_of(form)
    held, data = leased_to(person), form.cleaned_data
    try:
        stored = compare(
            reviewer=person,
            token=data["lease"],
            verdict=form.said(swapped=held is not None and held.swapped),
            key=data["key"],
            seconds=data["seconds"],
        )
    except ComparisonError as fault:
        raise ApiProblem(409, str(fault)) from fault
    same = {"id": stored.pk, "problem": stored.problem_id, "created_at": stored.created_at.isoformat()}
    return {**same, "verdict": given.verdict}


@door("POST", "/comparisons/undo", *COMPARES, scope=ApiToken.Scope.REVIEW, answers=NextPair)
def undo_last_comparison(request: HttpRequest) -> Any:
    """Take your last comparison back and be handed its two traces again. 409 where there is none."""
    person = asking(request)
    if undo_comparison(reviewer=person, key=uuid.uuid4()) is None:
        raise ApiProblem(409, "There is no comparison of yours to undo.")
    return _next(person, ComparisonScope(), leased_to(person))


@door("POST", "/comparisons/release", *COMPARES, scope=ApiToken.Scope.REVIEW, answers=Released)
def release_pair(request: HttpRequest, given: LeasesReleased) -> Any:
    """Let go of a pair that you hold, so that others may be handed it at once."""
    release_comparisons(reviewer=asking(request), tokens=[uuid.UUID(token) for token in given.leases])
    return {"asked": len(given.leases)}


@door("GET", "/comparisons/ranking", "trajectories.view_comparison", SEE_REVIEWS, answers=RankingsShown)
def get_rankings(
    request: HttpRequest,  # noqa: ARG001
    problem: Annotated[RowId | SkipJsonSchema[None], Query(description="Id of a problem.")] = None,
    problem_set: Annotated[RowId | SkipJsonSchema[None], Query(description="Id of a set.")] = None,
) -> Any:
    """How samplers, instructions and, for one problem, traces rank by all comparisons."""
    found = rankings(ComparisonScope(problem, problem_set))
    return {
        "comparisons": found.comparisons,
        "people": found.people,
        "samplers": _groups(found.samplers),
        "instructions": _groups(found.instructions),
        "traces": None if found.traces is None else _groups(found.traces),
    }


def _groups(ranking: Ranking) -> list[list[dict[str, JSON]]]:
    return [
        [
            {
                "id": place.key,
                "name": place.name,
                **{name: getattr(place.ranked, name) for name in ("strength", "low", "high", "points")},
                "comparisons": place.ranked.duels,
            }
            for place in group
        ]
        for group in ranking.groups
    ]
