"""Rubrics: reading one, writing one, and its next version."""

from typing import Annotated, Any

from django.http import Http404, HttpRequest
from ninja.responses import Status
from pydantic import Field

from trajectories.api.auth import asking
from trajectories.api.choices import RubricRow, show_choice
from trajectories.api.doors import door
from trajectories.api.form_filling import checked, filled_in
from trajectories.api.shapes import Free, IdempotencyKey, Key, Text, Word, once
from trajectories.core.verifiers.model_judge import LONGEST_RUBRIC_NAME
from trajectories.forms.rubrics import HIGHEST, LOWEST, RubricForm, first_rubric_values
from trajectories.models import ApiToken, Rubric
from trajectories.services.prompts.rubrics import add_rubric, revise_rubric

VIEW = ("trajectories.view_rubric", "trajectories.view_trace")
ADD = ("trajectories.add_rubric", "trajectories.view_trace")
Score = Annotated[int | None, Field(ge=LOWEST, le=HIGHEST)]


class RubricShown(RubricRow):
    """One version of a rubric with its text."""

    text: str


class RubricRevision(Free):
    """What the next version of a rubric says; what is left out stays as it is."""

    title: Word | None = None
    least: Score = None
    most: Score = None
    pass_from: Score = None
    text: Annotated[Text | None, Field(max_length=200_000, description="What a judge goes by.")] = None


class NewRubric(RubricRevision):
    """A rubric as on its form."""

    name: Annotated[Word, Field(max_length=LONGEST_RUBRIC_NAME, description="Names its verdicts, in all versions.")]
    title: Annotated[Word, Field(min_length=1)]
    text: Annotated[Text, Field(min_length=1, max_length=200_000, description="What a judge goes by.")]


@door("GET", "/rubrics/{rubric_id}", *VIEW, answers=RubricShown)
def get_rubric(request: HttpRequest, rubric_id: Key) -> Any:  # noqa: ARG001
    """One version of a rubric."""
    return _shown(_find(rubric_id))


def _find(rubric_id: int) -> Rubric:
    found = Rubric.objects.filter(pk=rubric_id).first()
    if found is None:
        raise Http404(f"There is no rubric {rubric_id}.")
    return found


def _shown(rubric: Rubric) -> dict[str, Any]:
    return show_choice(rubric, RubricShown)


@door("POST", "/rubrics", *ADD, scope=ApiToken.Scope.WRITE, answers=RubricShown, status=201)
def create_rubric(request: HttpRequest, given: NewRubric, idempotency_key: IdempotencyKey = None) -> Status[Any]:
    """Write a rubric that model judges go by."""

    def make() -> dict[str, Any]:
        form = checked(RubricForm(filled_in(RubricForm(), given.model_dump())))
        return _shown(add_rubric(actor=asking(request), draft=form.draft))

    return once(request, idempotency_key, given, make)


@door(
    "POST",
    "/rubrics/{rubric_id}/versions",
    *ADD,
    scope=ApiToken.Scope.WRITE,
    answers=RubricShown,
    status=201,
)
def revise_one_rubric(
    request: HttpRequest, rubric_id: Key, given: RubricRevision, idempotency_key: IdempotencyKey = None
) -> Status[Any]:
    """Write the next version of a rubric; the newest one where nothing has changed. Earlier verdicts keep theirs."""

    def make() -> dict[str, Any]:
        found = _find(rubric_id)
        unbound = RubricForm(initial=first_rubric_values(found), rubric=found)
        form = checked(RubricForm(filled_in(unbound, given.model_dump()), rubric=found))
        return _shown(revise_rubric(actor=asking(request), rubric=found, draft=form.draft))

    return once(request, idempotency_key, given, make)
