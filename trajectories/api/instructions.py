"""Instructions: reading one, writing one, and its next version."""

from collections.abc import Mapping
from typing import Annotated, Any

from django.http import Http404, HttpRequest
from ninja.responses import Status
from pydantic import Field

from trajectories.api.auth import asking
from trajectories.api.choices import InstructionRow, show_choice
from trajectories.api.doors import door
from trajectories.api.runs import fault_of
from trajectories.api.shapes import Free, IdempotencyKey, Key, OneOf, Text, Word, once
from trajectories.core.prompts.answer_formats import STYLES
from trajectories.core.prompts.templates import MAX_TEMPLATE
from trajectories.core.prompts.views import ENCODINGS, SEGMENTATIONS
from trajectories.forms.instructions import KIND_TITLES, InstructionForm, first_values
from trajectories.models import ApiToken, Instruction
from trajectories.services.prompts.instructions import add_instruction, revise_instruction

ADD = ("trajectories.add_instruction",)


class InstructionShown(InstructionRow):
    """One version of an instruction with its template and how its answer is asked for and read (`style`)."""

    style: str
    template: str


class Revision(Free):
    """What the next version of an instruction says; what is left out stays as it is, "" too."""

    title: Word | None = None
    problem_kind: Annotated[str, OneOf(["", *KIND_TITLES])] | None = None
    style: Annotated[str, OneOf(STYLES)] | None = None
    encoding: Annotated[str, OneOf(["", *ENCODINGS])] | None = None
    segmentation: Annotated[str, OneOf(["", *SEGMENTATIONS])] | None = None
    sizes: bool | None = None
    pixels: bool | None = None
    template: Annotated[Text, Field(max_length=MAX_TEMPLATE, description="With slots such as {problem}.")] | None = None


class NewInstruction(Revision):
    """An instruction as on its form; what is left out is as the empty form has it."""

    title: Annotated[Word, Field(min_length=1)]
    name: Annotated[Word, Field(description="The same in all versions; empty to make it from the title.")] = ""


@door("GET", "/instructions/{instruction_id}", "trajectories.view_instruction", answers=InstructionShown)
def get_instruction(request: HttpRequest, instruction_id: Key) -> Any:  # noqa: ARG001
    """One version of an instruction."""
    return _shown(_find(instruction_id))


def _find(instruction_id: int) -> Instruction:
    found = Instruction.objects.filter(pk=instruction_id).first()
    if found is None:
        raise Http404(f"There is no instruction {instruction_id}.")
    return found


def _shown(instruction: Instruction) -> dict[str, Any]:
    return show_choice(instruction, InstructionShown)


@door("POST", "/instructions", *ADD, scope=ApiToken.Scope.WRITE, answers=InstructionShown, status=201)
def create_instruction(
    request: HttpRequest, given: NewInstruction, idempotency_key: IdempotencyKey = None
) -> Status[Any]:
    """Write an instruction for language models."""

    def make() -> dict[str, Any]:
        form = InstructionForm(_as_form(first_values(None), given))
        return _shown(add_instruction(actor=asking(request), draft=_checked(form).draft))

    return once(request, idempotency_key, given, make)


@door(
    "POST",
    "/instructions/{instruction_id}/versions",
    *ADD,
    scope=ApiToken.Scope.WRITE,
    answers=InstructionShown,
    status=201,
)
def write_next_version(
    request: HttpRequest, instruction_id: Key, given: Revision, idempotency_key: IdempotencyKey = None
) -> Status[Any]:
    """Write the next version of an instruction; the newest one where nothing has changed. Earlier runs keep theirs."""

    def make() -> dict[str, Any]:
        found = _find(instruction_id)
        form = InstructionForm(_as_form(first_values(found), given), instruction=found)
        draft = _checked(form).draft
        return _shown(revise_instruction(actor=asking(request), instruction=found, draft=draft))

    return once(request, idempotency_key, given, make)


def _as_form(first: Mapping[str, Any], given: Revision) -> dict[str, Any]:
    """What is said as the form of the page has it: a box that is not ticked is not there."""
    said = {**first, **{name: value for name, value in given.model_dump().items() if value is not None}}
    return {name: value for name, value in said.items() if value is not False}


def _checked(form: InstructionForm) -> InstructionForm:
    if not form.is_valid():
        raise fault_of(form)
    return form
