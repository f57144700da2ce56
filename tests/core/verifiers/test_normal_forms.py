"""Answers that mean the same are grouped; what a response states is found by kind."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.verifiers.doubles import flip_problem
from trajectories.core.records import ProblemKind, ProblemRecord
from trajectories.core.verifiers.normal_forms import normal_answer, read_answer

CHOICES = {"choices": ["Red", "Blue"]}


@pytest.mark.parametrize(
    ("kind", "spec", "same"),
    [
        ("numeric", {}, ["1,000", "1000.0", 1000, "1000.", " 1e3 "]),
        ("numeric", {}, ["1/2", "0.5", 0.5]),
        ("choice", CHOICES, ["B", "b", "(B)", "blue", 1]),
        ("text", {}, ["Paris", " paris. ", "PARIS"]),
        ("procedural", {}, ["a  b", "A b"]),
    ],
)
def test_the_same_answer_has_one_form(kind, spec, same):
    assert len({normal_answer(kind, spec, answer) for answer in same}) == 1


@pytest.mark.parametrize(
    ("kind", "spec", "left", "right"),
    [
        ("numeric", {}, "45%", "45"),
        ("numeric", {}, "3 km", "3 m"),
        ("choice", CHOICES, "A", "B"),
        ("text", {}, "Paris", "Rome"),
        ("text", {}, None, "None"),
    ],
)
def test_different_answers_stay_different(kind, spec, left, right):
    assert normal_answer(kind, spec, left) != normal_answer(kind, spec, right)


def test_grids_stay_as_they_are():
    assert normal_answer("arc", {}, [[[1, 2]]]) == [[[1, 2]]]


@given(st.sampled_from(list(ProblemKind)), st.none() | st.text() | st.integers() | st.lists(st.integers()))
def test_any_answer_has_a_form_and_forms_are_stable(kind, answer):
    form = normal_answer(kind, CHOICES, answer)
    assert normal_answer(kind, CHOICES, form) == form


def ask(kind: ProblemKind, text: str):
    read = read_answer(ProblemRecord(kind, "q", "?", CHOICES, None, "train"), text)
    assert read.place is None or text[read.place.start : read.place.end].strip()
    return read.answer, read.program


@pytest.mark.parametrize(
    ("kind", "text", "answer"),
    [
        (ProblemKind.NUMERIC, "So 3 and then 4.", "4"),
        (ProblemKind.NUMERIC, "So \\boxed{3} and then 4.", "3"),
        (ProblemKind.CHOICE, "The answer is B.", "B"),
        (ProblemKind.TEXT, "<answer>Paris</answer>", "Paris"),
        (ProblemKind.TEXT, "Paris", "Paris"),
        (ProblemKind.PROCEDURAL, "1 2\n3 4", "1 2\n3 4"),
        (ProblemKind.TEXT, "word " * 100, None),
        (ProblemKind.TEXT, " ", None),
    ],
)
def test_answers_are_taken_from_the_text(kind, text, answer):
    assert ask(kind, text) == (answer, "")


PROGRAM = "def transform(grid):\n    return grid\n"


@pytest.mark.parametrize(
    ("text", "answer", "program"),
    [
        (f"First\n```python\nx = 1\n```\nthen\n```python\n{PROGRAM}```\n", None, PROGRAM),
        (f"```python\ndef transform(g): ...\n```\n```py\n{PROGRAM}```\nIt gives [[8, 7]].", None, PROGRAM),
        ("I think [[1, 2]] but no: [[8, 7]]", [[[8, 7]]], ""),
        ("The grid:\n1 2\n3 4\n\nso\n8 7\n", [[[8, 7]]], ""),
        ("The grid:\n87\n", [[[8, 7]]], ""),
        ("[[1, 2], [3]]", None, ""),
        ("nothing", None, ""),
    ],
)
def test_arc_gives_a_program_or_grids(text, answer, program):
    read = read_answer(flip_problem(), text)
    assert (read.answer, read.program) == (answer, program)
    assert (read.place is None) == (answer is None)


@given(st.sampled_from(list(ProblemKind)), st.text())
def test_any_text_is_read(kind, text):
    answer, program = ask(kind, text)
    assert isinstance(program, str)
    assert answer is None or isinstance(answer, str | list)
