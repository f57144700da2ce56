import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.prompts.problems import FLIP, arc, instruction, question, rows
from tests.core.prompts.test_variation import variations
from trajectories.core.problems.grids import grid_to_lists, parse_grid
from trajectories.core.prompts import ParsedResponse, Variation, read_answer, read_response, render_messages
from trajectories.core.prompts.answer_formats import STYLES
from trajectories.core.prompts.variation import vary_grid
from trajectories.core.records import ProblemKind, StepKind

PROGRAM = "def transform(grid):\n    return [row[::-1] for row in grid]\n"
TWO_TESTS = arc({**FLIP, "test": FLIP["test"] * 2})
pieces = st.lists(
    st.one_of(
        st.text(max_size=20),
        st.sampled_from(
            [
                *(
                    "```",
                    "```python\n",
                    "~~~\n",
                    "\n",
                    "\n\n",
                    "# ",
                    "## Subtask 1: x\n",
                    "### Backtrack\n",
                    "<answer>",
                ),
                *("</answer>", "[[1,2],[3]]", "[[", "]]", "{", "}", '"python_program"', "1 2\n3 4\n", "**Answer**\n"),
                *("Answer:", "\\boxed{", "def transform(grid):\n", "\0", "\ud800", "Wait, ", "    "),
            ]
        ),
    ),
    max_size=12,
).map("".join)


@settings(max_examples=150)
@given(pieces, pieces, st.sampled_from(sorted(STYLES)), st.sampled_from(list(ProblemKind)), st.none() | variations)
def test_any_text_is_read(text, reasoning, style, kind, variation):
    problem = arc() if kind is ProblemKind.ARC else question(kind, choices=["a", "b"])
    parsed = read_response(instruction(style), problem, text, reasoning, variation)
    assert isinstance(parsed, ParsedResponse)
    json.dumps(parsed.answer, allow_nan=False)
    assert parsed.answer is None or kind is not ProblemKind.ARC or len(parsed.answer) == 1
    assert all(0 <= step.depth <= 8 for step in parsed.steps)
    assert parsed.span is None or 0 <= parsed.span.start < parsed.span.end <= len(parsed.reasoning)


def test_a_program_is_taken_from_the_last_block_that_has_one():
    first = "First try:\n```python\ndef transform(grid):\n    return grid\n```\n"
    text = f"{first}Better:\n```python\n{PROGRAM}```\nUse:\n```\nx=1\n```"
    parsed = read_response(instruction("program"), arc(), text)
    assert parsed.program == PROGRAM
    assert parsed.answer is None
    assert parsed.steps[-1].kind is StepKind.PROGRAM


@pytest.mark.parametrize(
    "text",
    [
        f"```python\n{PROGRAM}",
        f"- the code:\n\n    ```py\n    {PROGRAM.replace(chr(10), chr(10) + '    ')}\n    ```",
        f"~~~Python\n{PROGRAM}~~~",
        f"````python\n{PROGRAM}````\nand ``` more",
        PROGRAM,
    ],
    ids=["unterminated", "indented", "tildes", "long fence", "bare"],
)
def test_a_program_is_found_however_it_is_fenced(text):
    assert read_response(instruction("program"), arc(), text).program.strip() == PROGRAM.strip()


def test_a_program_without_the_function_is_kept_where_a_program_was_asked_for():
    text = "```python\ndef solve(grid):\n    return grid\n```"
    assert "solve" in read_response(instruction("program"), arc(), text).program
    assert read_response(instruction("direct"), arc(), text).program == ""


@pytest.mark.parametrize(
    "text",
    [
        "<answer>[[9, 8, 7]]</answer>",
        "So <answer>[[1]]</answer> no: <answer>\n[[9,8,7]]\n</answer>",
        "<answer>9 8 7</answer>",
        "<answer>\n```\n9 8 7\n```\n</answer>",
        "<answer>\n[[9, 8, 7],]",
        "Answer: [[9, 8, 7]]",
        "**Answer:**\n\n987",
        "The grid is\n\n```json\n[[9,8,7]]\n```",
        "The grid is [[9, 8, 7]].",
        "<answer>[[[9, 8, 7]]]</answer>",
    ],
)
def test_a_grid_is_read_however_it_is_written(text):
    assert read_response(instruction("direct"), arc(), text).answer == [[[9, 8, 7]]]


def test_each_test_input_has_a_grid_or_none():
    read = lambda text: read_response(instruction("direct"), TWO_TESTS, text).answer  # noqa: E731
    assert read("<answer>[[[1]], [[2, 3]]]</answer>") == [[[1]], [[2, 3]]]
    assert read("<answer>\nTest 1:\n1 1\n2 2\n\nTest 2:\n3\n</answer>") == [[[1, 1], [2, 2]], [[3]]]
    assert read("<answer>[[1]]</answer>") == [[[1]], None]
    assert read("I give up after 3 tries.") is None


def test_a_ragged_grid_is_kept_as_it_is():
    assert read_response(instruction("direct"), arc(), "<answer>[[1, 2], [3]]</answer>").answer == [[[1, 2], [3]]]


@given(variations, rows)
def test_an_answer_to_a_varied_task_is_given_for_the_task_itself(variation, grid):
    shown = grid_to_lists(vary_grid(variation, parse_grid(grid)))
    text = f"<answer>{json.dumps(shown)}</answer>"
    assert read_response(instruction("direct"), arc(), text, "", variation).answer == [grid]


def test_a_program_for_a_varied_task_is_given_for_the_task_itself():
    text = "```python\ndef transform(grid):\n    return grid[:1]\n```"
    names = {}
    exec(read_response(instruction("program"), arc(), text, "", Variation(symmetry=4)).program, names)
    assert names["transform"]([[1, 2], [3, 4]]) == [[1], [3]]


def test_nothing_is_looked_for_in_the_text_of_a_varied_task():
    assert read_response(instruction("direct"), TWO_TESTS, "none", "", Variation(symmetry=4)).answer == [None, None]


def test_an_expert_answers_in_fields():
    fields = {
        "reflection": "It mirrors.",
        "pixel_changes": ["1 moves", "2 moves"],
        "object_changes": {"all": "mirrored"},
        "helper_functions": "",
        "overall_pattern": "Mirror.",
        "program_instructions": [1, 2],
        "python_program": f"```python\n{PROGRAM}```",
    }
    for text in (
        json.dumps(fields),
        f"Here:\n```json\n{json.dumps(fields, indent=1)}\n```\nDone.",
        f"x {json.dumps(fields)} y",
    ):
        parsed = read_response(instruction("expert"), arc(), text)
        assert parsed.program == PROGRAM
        kinds = [(step.kind, step.title) for step in parsed.steps]
        assert kinds == [
            (StepKind.REFLECTION, "Reflection"),
            (StepKind.OBSERVATION, "Pixel changes"),
            (StepKind.OBSERVATION, "Object changes"),
            (StepKind.HYPOTHESIS, "Overall pattern"),
            (StepKind.SUBTASK, "Program instructions"),
            (StepKind.PROGRAM, "Program"),
        ]


def test_an_expert_may_break_lines_inside_strings_or_forget_the_json():
    broken = '{"reflection": "two\nlines", "python_program": "def transform(grid):\n    return grid"}'
    assert read_response(instruction("expert"), arc(), broken).program == "def transform(grid):\n    return grid\n"
    text = f"```python\n{PROGRAM}```"
    assert read_response(instruction("expert"), arc(), text).program == PROGRAM


@pytest.mark.parametrize(
    ("kind", "text", "answer"),
    [
        (ProblemKind.NUMERIC, "6 times 7 is \\boxed{42}.", "42"),
        (ProblemKind.NUMERIC, "It must be 42", "42"),
        (ProblemKind.CHOICE, "Answer: (b)", "B"),
        (ProblemKind.CHOICE, "**Answer:** blue", "B"),
        (ProblemKind.CHOICE, "Answer: green", "green"),
        (ProblemKind.CHOICE, "B", "B"),
        (ProblemKind.TEXT, "I say <answer> Paris </answer>", "Paris"),
        (ProblemKind.TEXT, "Paris", "Paris"),
        (ProblemKind.TEXT, "I do not\nknow", None),
        (ProblemKind.PROCEDURAL, "so\n<answer>1 + 2\n3</answer>", "1 + 2\n3"),
        (ProblemKind.TEXT, "", None),
    ],
)
def test_a_question_is_answered_by_the_rules_of_its_verifiers(kind, text, answer):
    assert read_response(instruction(), question(kind, choices=["red", "blue"]), text).answer == answer


def test_the_reasoning_is_what_was_thought_and_then_said():
    parsed = read_response(instruction(), question(ProblemKind.TEXT), "Answer: x", "Let me think.\n\nHmm, wait. No.")
    assert parsed.reasoning == "Let me think.\n\nHmm, wait. No.\n\nAnswer: x"
    assert [(step.title, step.depth) for step in parsed.steps[:3]] == [
        ("Thinking", 0),
        ("Let me think", 1),
        ("Hmm, wait", 1),
    ]


def test_an_answer_inside_the_thoughts_is_not_the_answer():
    assert read_response(instruction(), question(ProblemKind.TEXT), "", "maybe <answer>x</answer>").answer is None


@pytest.mark.parametrize(
    "piece", ["[[1,", "```\n", "# x\n", "{", "<answer>", "1 2 3\n", "a\n\n", "[[1],", "**b**\n", "0,", "  "]
)
def test_any_amount_of_anything_is_read(piece):
    """Quadratic work on so much would take minutes."""
    text = piece * (300_000 // len(piece))
    for style in STYLES:
        parsed = read_response(instruction(style), arc(), text)
        assert len(parsed.steps) <= 501


@pytest.mark.parametrize(
    ("kind", "text", "rule", "found"),
    [
        (ProblemKind.NUMERIC, r"so \boxed{42}.", "boxed", "42"),
        (ProblemKind.NUMERIC, "It is 42", "last number", "42"),
        (ProblemKind.CHOICE, "Hm.\nAnswer: **B**", "label", "B"),
        (ProblemKind.TEXT, "<answer> Paris\n</answer> it is", "tag", "Paris"),
        (ProblemKind.TEXT, "\n Paris \n", "whole text", "Paris"),
        (ProblemKind.ARC, "<answer>[[1, 2]]</answer>", "tag", "[[1, 2]]"),
        (ProblemKind.ARC, "It gives\n\n```json\n[[1, 2]]\n```\n", "block", "[[1, 2]]"),
        (ProblemKind.ARC, "- It gives:\n  ```\n  1 2\n  3 4\n  ```", "block", "  1 2\n  3 4"),
        (ProblemKind.ARC, "**Answer:**\n1 2\n3 4\nDone.", "label", "1 2\n3 4"),
        (ProblemKind.ARC, "first [[1]], then [[1, 2]]!", "last grid", "[[1, 2]]"),
    ],
)
@pytest.mark.parametrize("reasoning", ["", "Let me think: [[5]] or 7.\0"])
def test_the_place_of_an_answer_is_kept(kind, text, rule, found, reasoning):
    problem = arc() if kind is ProblemKind.ARC else question(kind, choices=["a", "b"])
    parsed = read_response(instruction("direct"), problem, text, reasoning)
    assert parsed.answer is not None
    assert parsed.span is not None
    assert parsed.span.rule == rule
    assert parsed.reasoning[parsed.span.start : parsed.span.end] == found


def test_grids_of_several_tests_have_one_place_from_first_to_last():
    parsed = read_response(instruction("direct"), TWO_TESTS, "So [[1]] and [[2, 3]].")
    assert parsed.answer == [[[1]], [[2, 3]]]
    assert parsed.span is not None
    assert parsed.reasoning[parsed.span.start : parsed.span.end] == "[[1]] and [[2, 3]]"


def test_a_problem_with_tests_is_answered_by_its_last_program():
    problem = question(ProblemKind.TEXT, asks_for="program", function="f")
    parsed = read_response(instruction("direct"), problem, "Answer: 4\n```python\ndef f(n):\n    return 2 * n\n```")
    assert (parsed.answer, parsed.program) == (None, "def f(n):\n    return 2 * n\n")
    assert parsed.steps[-1].kind is StepKind.PROGRAM
    asked = render_messages(instruction("direct"), problem)[-1]["content"]
    assert "a complete Python program that defines the function `f`" in asked


@pytest.mark.parametrize("part", ["live", "imported"])
@pytest.mark.parametrize(
    ("kind", "text", "answer"),
    [
        (ProblemKind.NUMERIC, "So \\boxed{3} and then 4.", "3"),
        (ProblemKind.NUMERIC, "<think>It is \\boxed{5}.</think>The total is 7.", "7"),
        (ProblemKind.NUMERIC, "<think>It is \\boxed{5}", None),
        (ProblemKind.CHOICE, "The answer is B.", "B"),
        (ProblemKind.CHOICE, "Answer: blue", "B"),
        (ProblemKind.TEXT, "<answer>Paris</answer>", "Paris"),
        (ProblemKind.TEXT, "Paris", "Paris"),
        (ProblemKind.PROCEDURAL, "1 2\n3 4", "1 2\n3 4"),
        (ProblemKind.TEXT, "word " * 100, None),
        (ProblemKind.TEXT, " ", None),
        (ProblemKind.ARC, "<think>[[1, 2]]</think>The grid is [[9, 8, 7]].", [[[9, 8, 7]]]),
        (ProblemKind.ARC, "The grid is\n\n```json\n[[9,8,7]]\n```", [[[9, 8, 7]]]),
        (ProblemKind.ARC, "**Answer:**\n\n987", [[[9, 8, 7]]]),
        (ProblemKind.ARC, "The grid:\n1 2\n3 4\n\nso\n8 7\n", [[[8, 7]]]),
        (ProblemKind.ARC, "I think [[1, 2]] but no: [[8, 7]]", [[[8, 7]]]),
    ],
)
def test_sampled_and_imported_texts_are_read_alike(part, kind, text, answer):
    problem = arc() if kind is ProblemKind.ARC else question(kind, choices=["red", "blue"])
    read = read_response(instruction("direct"), problem, text) if part == "live" else read_answer(problem, text)
    assert read.answer == answer
    assert (read.span is None) == (answer is None)
    if read.span is not None and kind not in (ProblemKind.ARC, ProblemKind.CHOICE):
        assert text[read.span.start : read.span.end] == answer


@pytest.mark.parametrize(
    "text",
    [
        f"First\n```python\nx = 1\n```\nthen\n```python\n{PROGRAM}```\n",
        f"```py\n{PROGRAM}```\nIt makes [[0, 5]] of [[5, 0]], say, and [[5, 0]] of [[0, 5]].",
        f"First I thought [[8, 7]].\n```py\n{PROGRAM}```",
        f"<think>\n```python\ndef transform(grid):\n    return grid\n```\n</think>\n```python\n{PROGRAM}```",
    ],
)
def test_the_program_of_an_imported_text_counts_before_its_grids(text):
    read = read_answer(arc(), text)
    assert (read.answer, read.program, read.span) == (None, PROGRAM, None)


def test_a_grid_stated_behind_a_program_is_the_answer_of_an_imported_text():
    text = f"```python\n{PROGRAM}```\nThat was wrong; the output is\n[[8, 7]]"
    read = read_answer(arc(), text)
    assert (read.answer, read.program) == ([[[8, 7]]], "")
    assert text[read.span.start : read.span.end] == "[[8, 7]]"


def test_a_program_in_thoughts_is_none():
    text = f"<think>\n```python\n{PROGRAM}```\n</think>\n\n[[9, 8, 7]]"
    read = read_response(instruction("direct"), arc(), text)
    assert (read.answer, read.program) == ([[[9, 8, 7]]], "")
    assert [step.title for step in read.steps][:2] == ["Thinking", "Code"]


@given(st.sampled_from(list(ProblemKind)), pieces)
def test_any_imported_text_is_read(kind, text):
    problem = arc() if kind is ProblemKind.ARC else question(kind, choices=["a", "b"])
    read = read_answer(problem, text)
    assert read.span is None or 0 <= read.span.start < read.span.end <= len(text)
