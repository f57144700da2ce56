"""Briefs: what models that write problems are told; reading one, writing one, and its next version."""

from typing import Annotated, Any

from django.http import Http404, HttpRequest
from ninja.responses import Status
from pydantic import Field

from trajectories.api.auth import asking
from trajectories.api.doors import door
from trajectories.api.form_filling import checked, filled_in
from trajectories.api.generation import BriefRow
from trajectories.api.shapes import Free, IdempotencyKey, Key, OneOf, Text, Word, once
from trajectories.core.generation import WRITERS
from trajectories.core.generation.briefs import TARGETS
from trajectories.core.prompts.templates import MAX_TEMPLATE
from trajectories.core.records import JSON
from trajectories.forms.briefs import BriefForm, first_brief_values
from trajectories.models import ApiToken, Brief
from trajectories.services.prompts.briefs import MAX_ITEM, MAX_ITEMS, add_brief, draft_of, revise_brief

ADD = "trajectories.add_brief"
Lines = Annotated[list[Annotated[Text, Field(max_length=MAX_ITEM)]] | None, Field(max_length=MAX_ITEMS)]


class BriefShown(BriefRow):
    """One version of a brief: its template, and the words and features that are drawn from."""

    template: str
    words: list[str]
    features: list[str]


class BriefRevision(Free):
    """What the next version of a brief says; what is left out stays as it is."""

    title: Word | None = None
    generator: Annotated[str, OneOf(WRITERS)] | None = None
    kind: Annotated[str, OneOf(["", *(kind.value for kind in TARGETS)])] | None = None
    template: Annotated[Text | None, Field(max_length=MAX_TEMPLATE, description="With slots.")] = None
    words: Lines = None
    features: Lines = None


class NewBrief(BriefRevision):
    """A brief as on its form."""

    title: Annotated[Word, Field(min_length=1)]
    generator: Annotated[str, OneOf(WRITERS)]
    template: Annotated[Text, Field(min_length=1, max_length=MAX_TEMPLATE, description="With slots.")]
    name: Annotated[Word, Field(description="The same in all versions; empty to make it from the title.")] = ""


@door("GET", "/briefs/{brief_id}", "trajectories.view_brief", answers=BriefShown, tag="generation")
def get_brief(request: HttpRequest, brief_id: Key) -> Any:  # noqa: ARG001
    """One version of a brief."""
    return _shown(_find(brief_id))


def _find(brief_id: int) -> Brief:
    found = Brief.objects.filter(pk=brief_id).first()
    if found is None:
        raise Http404(f"There is no brief {brief_id}.")
    return found


def _shown(brief: Brief) -> dict[str, JSON]:
    return {name: getattr(brief, name) for name in BriefShown.model_fields}


@door("POST", "/briefs", ADD, scope=ApiToken.Scope.WRITE, answers=BriefShown, status=201, tag="generation")
def create_brief(request: HttpRequest, given: NewBrief, idempotency_key: IdempotencyKey = None) -> Status[Any]:
    """Write a brief."""

    def make() -> dict[str, JSON]:
        form = checked(BriefForm(filled_in(BriefForm(), _values(given))))
        return _shown(add_brief(actor=asking(request), draft=form.draft))

    return once(request, idempotency_key, given, make)


@door(
    "POST",
    "/briefs/{brief_id}/versions",
    ADD,
    scope=ApiToken.Scope.WRITE,
    answers=BriefShown,
    status=201,
    tag="generation",
)
def revise_one_brief(
    request: HttpRequest, brief_id: Key, given: BriefRevision, idempotency_key: IdempotencyKey = None
) -> Status[Any]:
    """Write the next version of a brief; the newest one where nothing has changed. Earlier generations keep theirs."""

    def make() -> dict[str, JSON]:
        found = _find(brief_id)
        unbound = BriefForm(brief=found, initial=first_brief_values(draft_of(found)))
        form = checked(BriefForm(filled_in(unbound, _values(given)), brief=found))
        return _shown(revise_brief(actor=asking(request), brief=found, draft=form.draft))

    return once(request, idempotency_key, given, make)


def _values(given: BriefRevision) -> dict[str, Any]:
    """What is given as the form has it: a word or feature to a line."""
    values = given.model_dump()
    return {name: "\n".join(value) if isinstance(value, list) else value for name, value in values.items()}
