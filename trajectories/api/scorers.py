"""Scorers: training one, how good it is, scoring traces by it, and model judges measured the same way."""

from dataclasses import asdict
from typing import Annotated, Any

from django.http import Http404, HttpRequest
from ninja import Path, Schema
from ninja.responses import Status
from pydantic import Field

from trajectories.api.auth import asking
from trajectories.api.choices import ScorerRow, show_choice
from trajectories.api.doors import door
from trajectories.api.faults import ApiProblem
from trajectories.api.form_filling import checked, filled_in
from trajectories.api.queue_making import selection_of
from trajectories.api.shapes import Body, Free, IdempotencyKey, Key, OneOf, Word, once
from trajectories.core.records import JSON
from trajectories.core.scorers.metrics import Quality
from trajectories.forms.scorers import GREATEST_SEED, ScorerForm
from trajectories.models import ApiToken, Scorer
from trajectories.selectors.blinding import SEE_REVIEWS
from trajectories.selectors.scorers import get_scorer, list_judges, quality_of, scored_count
from trajectories.services.scorers.planning import (
    MOST_EACH,
    ScorerError,
    set_following,
    start_scorer,
    start_scoring,
)

VIEW = ("trajectories.view_scorer", SEE_REVIEWS)
ADD = ("trajectories.add_scorer", SEE_REVIEWS)
ADD_SCORING = ("trajectories.add_scoring", SEE_REVIEWS)
Chosen = Annotated[dict[str, Any], Field(max_length=100, description="By the filters of GET /traces; empty for all.")]


class ScorerShown(ScorerRow):
    """A scorer and the job that trains it: `done` of `total` in `unit`. `counts` says what it learnt from, `quality`
    how good it is (null until it is trained), `learnt` which numbers tell most. With `follows` it scores every new
    trace; `scored` counts the traces that it has scored."""

    reason: str
    labels: str
    done: int
    total: int
    unit: str
    uses_votes: bool
    follows: bool
    seed: int
    scored: int
    counts: dict[str, Any]
    quality: dict[str, Any] | None
    learnt: dict[str, Any]
    finished_at: str | None


class NewScorer(Free):
    """A scorer as on its form. A name that is there gets its next version."""

    name: Annotated[Word, Field(min_length=1)]
    selection: Chosen = {}
    kind: Annotated[str, OneOf(Scorer.Kind.values)] = Scorer.Kind.OUTCOME.value
    labels: Annotated[str, OneOf(Scorer.Labels.values), Field(description="Whose word says what is right.")] = (
        Scorer.Labels.VERDICTS.value
    )
    most_each: Annotated[int, Field(ge=1, le=MOST_EACH, description="Traces of one problem.")] = 64
    uses_votes: Annotated[bool, Field(description="Look at the votes of the problem's samples.")] = False
    follows: Annotated[bool, Field(description="Score all traces afterwards, and new ones.")] = True
    seed: Annotated[int, Field(ge=0, le=GREATEST_SEED)] = 0


class Follow(Body):
    """Whether a scorer scores every trace, those there are and those to come."""

    follows: bool


class ScoreTraces(Free):
    """Which traces a scorer scores."""

    selection: Chosen = {}


class ScoringShown(Schema):
    """A job that scores traces; it is steered as a job of the kind `scoring`."""

    id: int
    scorer: int
    state: str
    done: int
    total: int


class JudgeNames(Schema):
    """The model judges that have graded a trace, by the names of their verdicts."""

    items: list[str]


class JudgeQuality(Schema):
    """How good the grades of a model judge are, by whose word says what is right; null where nothing does."""

    verifier: str
    quality: dict[str, dict[str, Any] | None]


@door("GET", "/scorers/{scorer_id}", *VIEW, answers=ScorerShown)
def get_one_scorer(request: HttpRequest, scorer_id: Key) -> Any:  # noqa: ARG001
    """One version of a scorer: how far its training is, and how good it is."""
    return _shown(_find(scorer_id))


def _find(scorer_id: int) -> Scorer:
    try:
        return get_scorer(scorer_id)
    except Scorer.DoesNotExist as fault:
        raise Http404(f"There is no scorer {scorer_id}.") from fault


def _shown(scorer: Scorer) -> dict[str, Any]:
    return show_choice(
        scorer,
        ScorerShown,
        done=scorer.done_count,
        total=scorer.total_count,
        scored=scored_count(scorer),
        finished_at=scorer.finished_at.isoformat() if scorer.finished_at else None,
    )


@door("POST", "/scorers", *ADD, scope=ApiToken.Scope.LAUNCH, answers=ScorerShown, status=201)
def train_scorer(request: HttpRequest, given: NewScorer, idempotency_key: IdempotencyKey = None) -> Status[Any]:
    """Have a scorer trained on the traces of a selection, which a worker does. It is steered as a job of the kind
    `scorer`."""
    return once(request, idempotency_key, given, lambda: _train(request, given))


def _train(request: HttpRequest, given: NewScorer) -> dict[str, Any]:
    form = checked(ScorerForm(filled_in(ScorerForm(), given.model_dump(exclude={"selection"}))))
    data = {**form.cleaned_data, "seed": form.cleaned_data["seed"] or 0}
    scorer = start_scorer(by=asking(request), scope=selection_of(given.selection), **data)
    return _shown(_find(scorer.pk))


@door("POST", "/scorers/{scorer_id}/follow", *ADD_SCORING, scope=ApiToken.Scope.LAUNCH, answers=ScorerShown)
def follow_traces(request: HttpRequest, scorer_id: Key, given: Follow) -> Any:
    """Have a scorer score every trace, or no more. 409 where it is not trained."""
    _find(scorer_id)
    try:
        set_following(by=asking(request), scorer_id=scorer_id, follows=given.follows)
    except ScorerError as fault:
        raise ApiProblem(409, str(fault)) from fault
    return _shown(_find(scorer_id))


@door(
    "POST",
    "/scorers/{scorer_id}/scorings",
    *ADD_SCORING,
    scope=ApiToken.Scope.LAUNCH,
    answers=ScoringShown,
    status=201,
)
def score_traces(
    request: HttpRequest, scorer_id: Key, given: ScoreTraces, idempotency_key: IdempotencyKey = None
) -> Status[Any]:
    """Have the traces of a selection scored by a scorer, which a worker does."""
    return once(request, idempotency_key, given, lambda: _score(request, scorer_id, given))


def _score(request: HttpRequest, scorer_id: int, given: ScoreTraces) -> dict[str, JSON]:
    job = start_scoring(by=asking(request), scorer=_find(scorer_id), scope=selection_of(given.selection))
    return {
        "id": job.pk,
        "scorer": scorer_id,
        "state": job.state,
        "done": job.done_count,
        "total": job.total_count,
    }


@door("GET", "/judges", *VIEW, answers=JudgeNames, tag="scorers")
def list_model_judges(request: HttpRequest) -> Any:  # noqa: ARG001
    """The model judges that can be measured as scorers are."""
    return {"items": list_judges()}


@door("GET", "/judges/{verifier}", *VIEW, answers=JudgeQuality, tag="scorers")
def get_judge_quality(
    request: HttpRequest,  # noqa: ARG001
    verifier: Annotated[str, Path(pattern=r"^[\w:.-]{1,200}$", description="The name of its verdicts.")],
) -> Any:
    """How good the grades of a model judge are."""
    if verifier not in list_judges():
        raise Http404("There is no such model judge, or it has graded nothing.")
    measured = {labels: quality_of(verifier, labels) for labels in Scorer.Labels.values}
    return {"verifier": verifier, "quality": {name: _quality(found) for name, found in measured.items()}}


def _quality(found: Quality | None) -> dict[str, Any] | None:
    return None if found is None else asdict(found)
