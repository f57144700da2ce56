import pytest

from tests.core.prompts.problems import arc, question
from trajectories.core.prompts.leaks import find_leak
from trajectories.core.records import ProblemKind

TASK = arc({"train": [{"input": [[1, 2]], "output": [[2, 1]]}], "test": [{"input": [[1, 2, 3, 4]]}]})
OUTPUT = [[4, 3], [2, 1]]


def said(text, role="user"):
    return ({"role": role, "content": text},)


@pytest.mark.parametrize("shown", ["4 3\n2 1", "[[4,3],[2,1]]", "43\n21", "| 4 | 3 |\n| 2 | 1 |"])
def test_a_test_output_is_found_however_it_is_written(shown):
    assert find_leak(TASK, [OUTPUT], said(f"The answer is\n{shown}\n")) == "the output of test 1"


def test_what_the_task_itself_shows_is_no_leak():
    assert find_leak(TASK, [[[1, 2, 3, 4]]], said("[[1,2,3,4]]")) == ""
    assert find_leak(TASK, [OUTPUT], said("4 3\n2 2")) == ""
    assert find_leak(TASK, [None], said("4 3\n2 1")) == ""
    assert find_leak(TASK, None, said("4 3\n2 1")) == ""


def test_examples_by_the_assistant_are_other_problems():
    assert find_leak(TASK, [OUTPUT], said("4 3\n2 1", "assistant")) == ""


def test_a_long_text_answer_is_found_and_a_short_one_may_be_chance():
    problem = question(ProblemKind.TEXT, "Who wrote it?")
    assert find_leak(problem, ["Emily Dickinson"], said("Hint: Emily Dickinson")) == "the reference answer"
    assert find_leak(problem, "42", said("42")) == ""
    about = question(ProblemKind.TEXT, "Is it by Emily Dickinson?")
    assert find_leak(about, "Emily Dickinson", said("Is it by Emily Dickinson?")) == ""
