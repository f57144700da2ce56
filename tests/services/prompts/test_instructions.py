from dataclasses import replace

import pytest

from tests.factories import make_instruction, make_problem
from trajectories.core.prompts.shipped import SHIPPED
from trajectories.core.records import InstructionRecord
from trajectories.models import AuditEvent, Instruction
from trajectories.services.prompts.instructions import (
    Draft,
    InstructionError,
    add_instruction,
    ensure_shipped_instructions,
    ensure_symbolic_views,
    revise_instruction,
)

TEMPLATE = "{problem}\n\n{answer_format}"
OUTPUT = [[9, 8, 7], [6, 5, 4]]


def draft(*, title="Mine", kind="arc", **changes):
    return Draft(replace(InstructionRecord("mine", 1, "digits", "program", TEMPLATE), **changes), title, kind)


@pytest.mark.django_db
def test_shipped_instructions_are_made_once():
    assert ensure_shipped_instructions() == len(SHIPPED) == Instruction.objects.count()
    assert ensure_shipped_instructions() == 0
    assert set(Instruction.objects.values_list("suits", flat=True)) == {"chat"}
    assert Instruction.objects.filter(style="expert").count() >= 20


@pytest.mark.django_db
def test_a_shipped_instruction_that_has_changed_gets_a_new_version():
    ensure_shipped_instructions()
    Instruction.objects.filter(name="arc-program").update(template="{problem} as it was")
    assert ensure_shipped_instructions() == 1
    versions = Instruction.objects.filter(name="arc-program").order_by("version")
    assert [each.template == "{problem} as it was" for each in versions] == [True, False]


def test_what_a_person_made_of_a_shipped_instruction_stays_the_newest(lead):
    ensure_shipped_instructions()
    shipped = Instruction.objects.get(name="arc-program")
    theirs = revise_instruction(actor=lead, instruction=shipped, draft=draft())
    assert ensure_shipped_instructions() == 0
    assert (theirs.name, theirs.version) == ("arc-program", 2)


def test_a_new_instruction_is_for_language_models_and_audited(lead):
    instruction = add_instruction(actor=lead, draft=draft())
    assert (instruction.version, instruction.suits, instruction.created_by) == (1, "chat", lead)
    event = AuditEvent.objects.get(object_type="instruction")
    assert (event.actor, event.verb, event.object_id) == (lead, "added", instruction.pk)


def test_a_change_makes_a_version_and_none_makes_none(lead):
    first = add_instruction(actor=lead, draft=draft())
    assert revise_instruction(actor=lead, instruction=first, draft=draft()) == first
    second = revise_instruction(actor=lead, instruction=first, draft=draft(title="Better"))
    assert (second.version, second.title) == (2, "Better")
    first.refresh_from_db()
    assert first.title == "Mine"


def test_a_change_to_an_earlier_version_is_refused(lead):
    first = add_instruction(actor=lead, draft=draft())
    revise_instruction(actor=lead, instruction=first, draft=draft(title="Better"))
    with pytest.raises(InstructionError, match="Version 2 was made in the meantime"):
        revise_instruction(actor=lead, instruction=first, draft=draft(title="Other"))


def test_the_views_of_the_symbolic_search_cannot_be_changed(lead):
    with pytest.raises(InstructionError, match="cannot be changed"):
        revise_instruction(actor=lead, instruction=ensure_symbolic_views()[0], draft=draft())


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"template": "{problem} {reference}"}, "template", r"Found the slot \{reference\}"),
        ({"template": "Hello"}, "template", "Found no slot for the problem"),
        ({"view": "pixels"}, "view", "shows no grids"),
        ({"style": "verse"}, "style", "Found the style 'verse'"),
        ({"kind": "numeric"}, "problem_kind", "expected ARC"),
    ],
)
def test_an_instruction_that_cannot_be_sent_is_refused(lead, changes, field, said):
    with pytest.raises(InstructionError, match=said) as refused:
        add_instruction(actor=lead, draft=draft(**changes))
    assert refused.value.field == field
    assert not Instruction.objects.exists()


def test_a_name_that_is_taken_is_refused(lead):
    make_instruction(name="mine")
    with pytest.raises(InstructionError, match="There is an instruction named mine"):
        add_instruction(actor=lead, draft=draft())


@pytest.mark.parametrize("shown", ["9 8 7\n6 5 4", "[[9,8,7],[6,5,4]]"])
def test_a_template_that_holds_the_answer_to_any_task_is_refused(lead, shown):
    make_problem()
    make_problem(name="hidden", reference=[[[1]], OUTPUT])
    with pytest.raises(InstructionError, match="holds the answer to hidden, a test output"):
        add_instruction(actor=lead, draft=draft(template=f"{TEMPLATE}\nFor example:\n\n{shown}\n"))


def test_a_grid_with_the_same_rows_in_another_order_is_no_leak(lead):
    make_problem(reference=[OUTPUT])
    assert add_instruction(actor=lead, draft=draft(template=f"{TEMPLATE}\n\n6 5 4\n9 8 7\n")).version == 1


def test_a_template_that_holds_a_question_s_answer_is_refused(lead):
    make_problem(kind="text", name="poet", statement="Who?", spec={}, reference="Emily Dickinson")
    hint = draft(template="{problem} (Emily Dickinson)", kind="text", style="direct")
    with pytest.raises(InstructionError, match="The prompt for poet shows the reference answer"):
        add_instruction(actor=lead, draft=hint)
