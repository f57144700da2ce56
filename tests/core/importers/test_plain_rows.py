"""Answers that stand in an object, prompts that are messages and grids that are text: read where they are."""

import pytest

from tests.core.importers.test_shape_variants import ASKED, QUESTION, told
from trajectories.core.importers.trace_files import read_traces

PROMPTFOO = {
    "prompt": {"raw": QUESTION, "label": "p"},
    "vars": {"answer": "4"},
    "provider": {"id": "openai:m"},
    "response": {"output": "It is 4.", "tokenUsage": {"prompt": 3, "completion": 5, "total": 8}},
    "success": True,
    "score": 1,
}


@pytest.mark.parametrize(
    ("row", "model", "tokens", "reference", "scores"),
    [
        (PROMPTFOO, "openai:m", (3, 5), "4", [("score", "pass"), ("passed", "pass")]),
        ({"question": QUESTION, "response": {"text": "It is 4."}, "model": "m"}, "m", (0, 0), None, []),
        ({"question": QUESTION, "response": {"output": "It is 4."}, "provider": "p:m"}, "p:m", (0, 0), None, []),
    ],
)
def test_an_answer_that_stands_in_an_object(row, model, tokens, reference, scores):
    found = told(row, "said", "question", "model", "tokens", "reference", "scores")
    assert found == [("It is 4.", QUESTION, model, tokens, reference, scores)]


def test_a_prompt_of_argilla_that_is_messages_is_read_as_them():
    row = {"fields": {"prompt": [{"role": "system", "content": "Be brief."}, ASKED], "response": "4"}, "responses": {}}
    assert told(row, "said", "question", "roles") == [("4", QUESTION, ["system", "user"])]
    assert read_traces(row)[0].question_row["question"] == QUESTION


def test_attempts_of_arc_that_are_text_or_lack_the_first_input_are_placed():
    told_as_text = {"problem_id": "k", "arc_attempts": [{"attempt_1": "[[1]]", "attempt_2": [[2]]}]}
    assert [trace.answer for trace in read_traces(told_as_text)] == [[[[1]]], [[[2]]]]
    second = {"answer": [[3]], "correct": True, "metadata": {"pair_index": 1}}
    (trace,) = read_traces({"problem_id": "k", "arc_attempts": [{"attempt_1": second}]})
    assert (trace.answer, trace.verdicts[0].score) == ([None, [[3]]], 0.5)
