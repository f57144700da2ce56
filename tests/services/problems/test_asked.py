"""Problems that somebody asks about: typed, from a file, or here already."""

import io
import json

import pytest

from tests.factories import FLIP_SPEC, make_problem
from trajectories.core.records import ProblemKind
from trajectories.models import AuditEvent, Problem
from trajectories.services.problems.asked import MAX_QUESTION, AskError, find_problem, keep_question, keep_task

pytestmark = pytest.mark.django_db

TASK = {
    "train": [{"input": [[1, 0]], "output": [[0, 1]]}, {"input": [[2, 0]], "output": [[0, 2]]}],
    "test": [{"input": [[3, 0]]}],
}


def task_file(value) -> io.BytesIO:
    return io.BytesIO(value if isinstance(value, bytes) else json.dumps(value).encode())


def test_a_question_is_kept_once_without_a_reference_and_out_of_training():
    kept = keep_question(actor=None, text="  What is 6 x 7?\nSay it. ", kind=ProblemKind.NUMERIC)
    assert (kept.kind, kept.statement, kept.reference) == ("numeric", "What is 6 x 7?\nSay it.", None)
    assert (kept.name, kept.split, kept.problem_set.name) == ("What is 6 x 7? Say it.", "eval", "asked")
    assert keep_question(actor=None, text="What is 6 x 7?\nSay it.", kind=ProblemKind.NUMERIC) == kept
    assert Problem.objects.count() == 1
    assert AuditEvent.objects.count() == 1


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("  ", ProblemKind.TEXT, "Found nothing, expected a question"),
        ("x" * (MAX_QUESTION + 1), ProblemKind.TEXT, "Found 20,001 characters, expected"),
        ("Why?", ProblemKind.ARC, "Found the kind"),
        ("nul \x00", ProblemKind.TEXT, "cannot be kept"),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused_in_a_sentence(text, kind, message):
    with pytest.raises(AskError, match=message) as refusal:
        keep_question(actor=None, text=text, kind=kind)
    assert refusal.value.field in ("question", "kind")
    assert not Problem.objects.exists()


def test_a_task_is_kept_once_and_known_ones_are_found():
    kept = keep_task(actor=None, name="mine.json", stream=task_file(TASK))
    assert (kept.kind, kept.name, kept.reference, kept.split) == ("arc", "mine", None, "eval")
    assert keep_task(actor=None, name="mine.json", stream=task_file(TASK)) == kept
    turned = {**TASK, "train": TASK["train"][::-1]}
    with pytest.raises(AskError, match="known already, with its pairs in another order"):
        keep_task(actor=None, name="other.json", stream=task_file(turned))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (b"{", "cannot be read"),
        ({"train": []}, "cannot be read"),
        ({"a": TASK, "b": {**TASK, "test": [{"input": [[9]]}]}}, "Found 2 tasks in the file, expected one"),
        ([{"question": "Why?", "answer": "So."}], "found questions"),
    ],
)
def test_a_file_without_exactly_one_task_is_refused(value, message):
    with pytest.raises(AskError, match=message):
        keep_task(actor=None, name="file.json", stream=task_file(value))
    assert not Problem.objects.exists()


def test_a_problem_is_found_by_number_or_name():
    first, other = make_problem(name="task-a"), make_problem(name="task-b")
    make_problem(name="task-b", spec=FLIP_SPEC)
    assert find_problem(str(first.pk)) == find_problem(" task-a ") == first
    with pytest.raises(AskError, match=f"Several problems are named 'task-b'; expected a number, such as {other.pk}"):
        find_problem("task-b")
    for nothing in ("", "nonesuch", "9" * 30):
        with pytest.raises(AskError, match="Found no problem"):
            find_problem(nothing)
