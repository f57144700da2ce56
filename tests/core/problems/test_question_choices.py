"""The choices of a question, and which of them a reference means: never another one without a word."""

import pytest
from hypothesis import given

from tests.core.problems.strategies import json_values
from trajectories.core.problems import ProblemError
from trajectories.core.problems.question_choices import read_choices_of


def letters(choices, answer):
    return read_choices_of(choices, "choices").letters(answer, "answer")


LABELLED = {"label": ["1", "2", "3", "4"], "text": ["2", "3", "4", "1"]}
ENTRIES = [{"label": "A", "text": "x"}, {"label": "B", "text": "y"}]


@pytest.mark.parametrize(
    ("choices", "answer", "letter"),
    [
        (["x", "y"], "b", "B"),
        (["x", "y"], "(B)", "B"),
        (["x", "y"], "B.", "B"),
        (["x", "y"], r"\boxed{B}", "B"),
        (["x", "y"], 1, "B"),
        (["x", "y"], 1.0, "B"),
        (["x", "y"], 0, "A"),
        (["4", "3", "2", "1"], 1, "B"),
        (["4", "3", "2", "1"], "1", "D"),
        ([10, 20], 10, "A"),
        ([0.5, 1.5], 1.5, "B"),
        (LABELLED, "1", "A"),
        (LABELLED, 2, "B"),
        (ENTRIES, "B", "B"),
        ([{"A": "x"}, {"B": "y"}], "B", "B"),
        ([{"B": "x"}, {"A": "y"}], "A", "B"),
        ([{"key": "A", "value": "x"}, {"key": "B", "value": "y"}], "A", "A"),
        ([{"text": "x"}, {"text": "y"}], "y", "B"),
        ({"A": "x", "B": "y"}, "B", "B"),
        ({"B": "x", "A": "y"}, "A", "B"),
        ({"A": "x", "B": "y", "C": None}, "y", "B"),
        ({"A": "x", "B": "y"}, 0, "A"),
        ("x | y", "y", "B"),
        ('[{"label": "A", "text": "x"}, {"label": "B", "text": "y"}]', "B", "B"),
        (["same", "same", "other"], "C", "C"),
        (["same", "same", "other"], "other", "C"),
        (["Yes", "No"], True, "A"),
        (["false", "true"], True, "B"),
        (["no", "yes"], False, "A"),
    ],
)
def test_one_right_choice(choices, answer, letter):
    assert letters(choices, answer) == letter


@pytest.mark.parametrize(
    ("choices", "answer", "said"),
    [
        (["B", "A"], "A", "it may mean A or B"),
        ([1, 2], 1, "it may mean A or B"),
        ({"A": "B", "B": "A"}, "A", "it may mean A or B"),
        ({"A": 1, "B": 0}, 1, "it may mean A or B"),
        (["x", "y"], "1", "expected one letter from A to B or a choice's text"),
        (["x", "y"], 2, "expected one letter from A to B"),
        (["x", "y"], -1, "expected one letter from A to B"),
        (["x", "y"], 0.5, "expected one letter from A to B"),
        (["x", "y"], True, "found true, expected one letter"),
        (["yes", "no", "maybe"], True, "found true, expected one letter"),
        (LABELLED, "5", "expected one letter from 1 to 4"),
        (["same", "same", "other"], "A", "found the right choice 'same' among the wrong ones too"),
        (["same", "same", "other"], "same", "found the right choice 'same' among the wrong ones too"),
        (["same", "same", "other"], ["A", "C"], "among the wrong ones too"),
        (["x", "y"], [], "expected the letters of the right choices"),
    ],
)
def test_what_may_mean_two_or_none_is_a_fault(choices, answer, said):
    with pytest.raises(ProblemError) as fault:
        letters(choices, answer)
    assert said in str(fault.value)


def test_all_of_equal_choices_may_be_right():
    assert letters(["same", "same", "other"], ["A", "B"]) == ["A", "B"]


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        (["x"], "found a list of 1, expected 2 to 26 choices"),
        (["x"] * 27, "found a list of 27, expected 2 to 26 choices"),
        ({"label": ["A"], "text": ["x", "y"]}, "found 1 labels and 2 texts, expected as many of both"),
        ({"label": ["A", "A"], "text": ["x", "y"]}, "found a label twice"),
        ({"label": ["A", ""], "text": ["x", "y"]}, "found an empty label"),
        (["x", " "], "found an empty choice"),
        (7, "found 7, expected 2 to 26 choices"),
        (["x", ["y"]], "choices[1]: found a list of 1, expected text or a number"),
    ],
)
def test_choices_that_are_none(choices, said):
    with pytest.raises(ProblemError) as fault:
        read_choices_of(choices, "choices")
    assert said in str(fault.value)


@pytest.mark.parametrize("nothing", [None, "", "  "])
def test_no_choices(nothing):
    assert read_choices_of(nothing, "choices") is None


@given(json_values, json_values)
def test_reading_choices_is_total(choices, answer):
    try:
        found = read_choices_of(choices, "choices")
        letter = None if found is None else found.letters(answer, "answer")
    except ProblemError:
        return
    assert letter is None or set("".join(letter)) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
