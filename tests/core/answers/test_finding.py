"""Which of several marks counts, whatever is passed over on the way."""

import re
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trajectories.core.answers import finding
from trajectories.core.answers.finding import find_choice, find_numeric, find_text

PIECES = st.sampled_from(
    [
        *(
            "\\boxed{14}",
            "\\boxed{-3}",
            "\\boxed{x + 1}",
            "\\boxed 7",
            "\\boxed{B}",
            "{",
            "}",
            "$",
            " ",
            "\n",
            "7",
            "B",
        ),
        *("The answer is ", "Answer:", "**Answer**", "answer", "result", "=", "->", "=>", " - ", "...", ".", "：", "→"),
        *("#### 3", " is the answer", "Wait, ", "not ", '{"answer": "', '"}', "答案", "为", "कि", "उत्तर", "'", "—"),
    ]
)


@settings(max_examples=400)
@given(st.lists(PIECES, max_size=9).map("".join))
def test_a_box_at_the_end_counts_as_if_every_label_had_been_looked_for(text):
    found = [find_numeric(text), find_text(text), find_choice(text, ["a", "b", "c"])]
    with patch.object(finding, "_NO_LABEL", re.compile("(?!)")):
        assert found == [find_numeric(text), find_text(text), find_choice(text, ["a", "b", "c"])]


@pytest.mark.parametrize("behind", ["", ".", "$.", " \n", "}", ")]", "\n\n"])
def test_behind_a_last_box_no_label_is_looked_for(behind):
    with patch.object(finding, "find_labels") as looked:
        found = find_numeric(f"The answer is 7. No, \\boxed{{14}}{behind}")
    assert found is not None
    assert (found.value, looked.called) == ("14", False)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("The lines meet at (1,2).", "(1,2)"),
        ("They intersect at the point (-3, 0.5).", "(-3, 0.5)"),
        ("Therefore, the vertex is the point (1, 2).", "(1, 2)"),
        ("The answer is the point (1, 2).", "(1, 2)"),
        ("The solution is the interval [0, 5).", "[0, 5)"),
        ("The length is sqrt(2).", "sqrt(2)"),
        ("The slope is ln 2.", "ln 2"),
        ("The ratio is 2:3.", "2:3"),
        ("الإجابة هي 42", "42"),
        ("คำตอบคือ 42", "42"),
    ],
)
def test_values_of_several_signs_are_read_whole(text: str, value: str) -> None:
    assert find_numeric(text).value == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r"So \boxed{1} and \boxed{2}.", "1, 2"),
        (r"$\boxed{1}$, $\boxed{2}$ and $\boxed{3}$", "1, 2, 3"),
        (r"\boxed{x=1} or \boxed{x=2}", "1, 2"),
        (r"\boxed{42} and \boxed{42}", "42"),
        (r"\boxed{0.5}, \boxed{\frac{1}{2}}", r"\frac{1}{2}"),
        (r"\boxed{41}. No: \boxed{42}", "42"),
        (r"First \boxed{41}, then \boxed{42}", "42"),
    ],
)
def test_boxes_that_are_joined_are_one_answer(text: str, value: str) -> None:
    assert find_numeric(text).value == value
