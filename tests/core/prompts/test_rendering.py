import pytest

from tests.core.prompts.problems import FLIP, arc, instruction, question
from trajectories.core.prompts import Example, PromptError, Variation, render_messages
from trajectories.core.prompts.grid_answers import find_grids
from trajectories.core.prompts.shipped import SHIPPED
from trajectories.core.prompts.templates import check_template
from trajectories.core.records import ProblemKind

NUMBER = question(ProblemKind.NUMERIC)
KINDS = [kind for kind in ProblemKind if kind is not ProblemKind.ARC]


def only(messages):
    assert [message["role"] for message in messages] == ["user"]
    return messages[0]["content"]


@pytest.mark.parametrize("shipped", SHIPPED, ids=lambda each: each.record.name)
def test_every_shipped_instruction_is_sound_and_shows_each_kind_it_is_for(shipped):
    check_template(shipped.record.template)
    assert len(shipped.record.view) <= 40
    assert len(shipped.record.style) <= 40
    kinds = [shipped.problem_kind] if shipped.problem_kind else list(ProblemKind)
    for kind in kinds:
        text = only(render_messages(shipped.record, arc() if kind is ProblemKind.ARC else question(kind)))
        assert ("9" in text) if kind is ProblemKind.ARC else ("What is 6 times 7?" in text)


def test_shipped_names_are_unique():
    assert len({each.record.name for each in SHIPPED}) == len(SHIPPED) > 30
    assert len({each.title for each in SHIPPED}) == len(SHIPPED)


@pytest.mark.parametrize("shipped", SHIPPED, ids=lambda each: each.record.name)
def test_no_grid_in_a_prompt_is_a_test_output(shipped):
    if shipped.problem_kind in (None, ProblemKind.ARC):
        text = only(render_messages(shipped.record, arc()))
        shown = [pair[key] for pair in FLIP["train"] for key in pair] + [FLIP["test"][0]["input"]]
        assert all(grid in shown for grid in find_grids(text, 100))
        assert [[9, 8, 7]] not in find_grids(text, 100)


@pytest.mark.parametrize(
    ("kind", "asked"),
    [
        (ProblemKind.NUMERIC, "\\boxed{}"),
        (ProblemKind.CHOICE, '"Answer: "'),
        (ProblemKind.TEXT, "<answer>"),
        (ProblemKind.PROCEDURAL, "<answer>"),
    ],
)
def test_the_answer_is_asked_for_as_it_will_be_looked_for(kind, asked):
    assert asked in only(render_messages(instruction(), question(kind, choices=["a", "b"])))


def test_choices_are_lettered():
    text = only(render_messages(instruction(), question(ProblemKind.CHOICE, choices=["red", "blue"])))
    assert "What is 6 times 7?\n\nA. red\nB. blue\n" in text


@pytest.mark.parametrize(
    ("style", "asked"),
    [
        ("program", "```python block"),
        ("subtasks-program", "### Backtrack"),
        ("expert", '"python_program"'),
        ("direct", "</answer>"),
        ("chain-of-thought", "step by step"),
        ("some style of one's own", "</answer>"),
    ],
)
def test_a_style_without_a_template_says_what_its_answer_is(style, asked):
    assert asked in only(render_messages(instruction(style), arc()))


def test_as_many_grids_are_asked_for_as_there_are_test_inputs():
    two = arc({**FLIP, "test": FLIP["test"] * 2})
    assert "a list of 2 grids" in only(render_messages(instruction(), two))


def test_examples_are_earlier_turns():
    example = Example(question(ProblemKind.NUMERIC, "What is 1 plus 1?"), "It is \\boxed{2}")
    messages = render_messages(instruction(), NUMBER, [example])
    assert [message["role"] for message in messages] == ["user", "assistant", "user"]
    assert "What is 1 plus 1?" in messages[0]["content"]
    assert messages[1]["content"] == "It is \\boxed{2}"
    assert "1 plus 1" not in messages[2]["content"]


def test_examples_stand_in_the_text_where_there_is_a_slot_for_them():
    example = Example(arc(), "```python\ndef transform(grid):\n    return grid\n```")
    record = instruction("program", template="{examples}\n\nNow this one:\n\n{problem}\n\n{answer_format}")
    text = only(render_messages(record, arc(), [example]))
    assert text.index("Solved problem 1") < text.index("Solution:") < text.index("Now this one:")
    assert "Solved problem" not in only(render_messages(record, arc()))


def test_a_varied_task_is_shown_varied_and_the_examples_as_they_are():
    variation = Variation(symmetry=1, order=(1, 0))
    messages = render_messages(instruction(), arc(), [Example(arc(), "answer")], variation)
    assert "Example 1 input:\n1 2\n3 4" in messages[0]["content"]
    assert "Example 1 input:\n0 5" in messages[2]["content"]
    assert "9 8 7" in messages[2]["content"]


def test_slots_in_a_problem_are_text():
    text = only(render_messages(instruction(), question(ProblemKind.TEXT, "What does {answer_format} {x} mean?")))
    assert "What does {answer_format} {x} mean?" in text


@pytest.mark.parametrize("change", [{"template": "{problem} {solution}"}, {"view": "digits-shapes"}])
def test_what_cannot_be_rendered_says_so(change):
    with pytest.raises(PromptError, match="expected one of"):
        render_messages(instruction(**change), arc())
