"""Rollouts and samples that end otherwise than with an answer, and results of older versions of their tools."""

import json

import pytest

from tests.core.importers.shape_rows import CASES, NEMO_SKILLS
from tests.core.importers.test_lm_eval_variants import SAMPLE
from tests.core.importers.test_shape_variants import ASKED, INSPECTED, QUESTION, SAID, told
from trajectories.core.importers.left_out import left_out_of, unread_columns
from trajectories.core.importers.trace_files import read_traces
from trajectories.core.problems import ProblemError

OVER = {"role": "user", "content": "The game is over."}
SHOT = [ASKED, {"role": "assistant", "content": "An example."}]
UNANSWERED = {"messages behind the last answer of a model": 1}
NODES = [
    {"parent": None, "message": ASKED},
    {"parent": 0, "sampled": True, "message": SAID},
    {"parent": 1, "message": OVER},
]
TIMES = {"generation_ms": 120.5, "total_ms": 3}
OLDER = {"example_id": 3, "prompt": [ASKED], "completion": [SAID], "task": "math", "reward": 1.0, **TIMES,
         "answer": "4", "correct_answer": 1.0, "format": 0.5, "num_turns": 1}  # fmt: skip


@pytest.mark.parametrize(
    "row",
    [
        {"prompt": [ASKED], "completion": [SAID, OVER], "reward": 1},
        {**INSPECTED, "messages": [ASKED, SAID, OVER]},
        {**CASES["graph"].row, "nodes": NODES, "calls": []},
    ],
)
def test_what_anybody_else_said_last_is_left_out_and_counted(row):
    assert told(row, "said", "question") == [("It is 4.", row.get("input", QUESTION))]
    assert left_out_of(read_traces(row)).items() >= UNANSWERED.items()


@pytest.mark.parametrize(
    "row",
    [
        {"prompt": SHOT, "completion": [OVER], "reward": 1},
        {**INSPECTED, "messages": [*SHOT, OVER], "output": {"choices": []}},
        {**CASES["graph"].row, "nodes": [NODES[0], {**NODES[1], "sampled": False}, NODES[2]], "calls": []},
    ],
)
def test_an_example_that_was_given_is_no_answer(row):
    with pytest.raises(ProblemError, match="found nothing that the model said, expected its answer"):
        read_traces(row)


def test_every_number_of_an_older_result_of_verifiers_is_a_score():
    assert told(OLDER, "scores", "reference") == [
        ([("verifiers reward", "pass"), ("format", "fail"), ("num_turns", "unscored"), ("correct_answer", "pass")], "4")
    ]
    assert unread_columns("rollout", OLDER) == ["task", "generation_ms", "total_ms"]


def test_a_metric_that_is_called_like_a_reference_is_none_whatever_stands_in_its_column():
    row = {**OLDER, "metrics": {"format": 0.5}}
    assert told(row, "reference") == ["4"]


def test_messages_that_are_a_text_of_json_are_read_as_messages():
    shared = [{"from": "human", "value": QUESTION}, {"from": "gpt", "value": "It is 4."}]
    for row in (
        {"conversations": json.dumps(shared)},
        {"prompt": json.dumps([ASKED]), "completion": json.dumps([SAID])},
        {"messages": json.dumps([ASKED, SAID])},
    ):
        assert told(row, "said", "question") == [("It is 4.", QUESTION)]
    assert told({"prompt": QUESTION, "completion": "[1, 2]"}, "said") == ["[1, 2]"]


def test_a_score_that_is_nothing_decides_nothing_and_retries_are_counted():
    row = {**INSPECTED, "scores": {"match": None}, "error_retries": [{"message": "busy"}]}
    assert told(row, "scores") == [[("inspect match", "unscored")]]
    assert left_out_of(read_traces(row))["attempts at samples that failed before"] == 1


def test_tokens_of_a_prompt_count():
    assert told({**NEMO_SKILLS, "num_input_tokens": 30}, "tokens") == [(30, 9)]
    assert told({**NEMO_SKILLS, "num_generated_tokens": "17"}, "tokens") == [(0, 17)]
    assert told({**NEMO_SKILLS, "num_generated_tokens": "many"}, "tokens") == [(0, 0)]


def test_a_list_of_generations_of_nemo_skills_is_as_many_traces():
    row = {**NEMO_SKILLS, "generation": ["4", "5"], "num_generated_tokens": [3, 4], "symbolic_correct": [True, False],
           "judgement": None, "predicted_answer": ["4", "5"]}  # fmt: skip
    assert told(row, "said", "tokens", "scores") == [
        ("4", (0, 3), [("symbolic_correct", "pass")]),
        ("5", (0, 4), [("symbolic_correct", "fail")]),
    ]


def test_what_a_developer_says_stands_before_the_question():
    turns = [{"from": "developer", "value": "Be brief."}, {"from": "human", "value": QUESTION}]
    row = {"conversations": [*turns, {"from": "gpt", "value": "4"}]}
    assert told(row, "roles", "question") == [(["developer", "user"], QUESTION)]


def test_a_repeat_of_lm_eval_that_did_not_come_back_keeps_its_number():
    row = {**SAMPLE, "resps": [["4", None, "5"]], "exact_match": [1, 0, 0.5]}
    assert [(facts["alternative"], scores[0][1]) for facts, scores in told(row, "facts", "scores")] == [
        (0, "pass"),
        (2, "fail"),
    ]
    with pytest.raises(ProblemError, match="resps: found null, expected a list of lists of texts"):
        read_traces({**SAMPLE, "resps": [[None]]})


def test_a_message_that_succeeded_and_is_not_there_is_told_so():
    with pytest.raises(ProblemError, match="it says: succeeded, without a message"):
        read_traces({"custom_id": "p-1", "result": {"type": "succeeded"}})


@pytest.mark.parametrize(
    ("row", "reference"),
    [
        ({**SAMPLE, "doc": {"question": "q", "answer": None, "answer_number": 4}, "target": "4"}, "4"),
        ({**SAMPLE, "doc": {"question": "q", "answers": {"text": ["4"]}}, "target": " 4\n"}, "4"),
        ({**SAMPLE, "doc": {"question": "q"}, "target": 4}, 4),
        ({**SAMPLE, "doc": {"prompt": "def f():"}, "target": "assert f()\nassert g()"}, None),
        ({**SAMPLE, "doc": {"question": "q", "answer": "4"}, "target": "5"}, "4"),
        ({**OLDER, "answer": "", "info": {"answer": "4"}, "correct_answer": None}, "4"),
        ({**OLDER, "answer": None, "info": json.dumps({"answer": "4"}), "correct_answer": None}, "4"),
        ({"problem": "q", "answer": "proof", "generations": ["a"]}, None),
    ],
)
def test_a_reference_is_found_where_its_usual_place_is_empty(row, reference):
    assert told(row, "reference")[:1] == [reference]
