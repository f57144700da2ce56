"""Samples of lm-evaluation-harness as its versions and its ways of asking a model write them."""

import pytest

from tests.core.importers.test_shape_variants import told
from trajectories.core.importers.trace_files import read_traces
from trajectories.core.problems import ProblemError

SAMPLE = {
    "doc_id": 0,
    "doc": {"question": "2 + 2?", "answer": "4"},
    "target": "4",
    "arguments": {"gen_args_0": {"arg_0": "Q: 2 + 2?", "arg_1": {"until": []}}},
    "resps": [["4", "4", "5"]],
    "filtered_resps": ["4"],
    "filter": "none",
    "metrics": ["exact_match"],
    "exact_match": 1.0,
}


def test_repeats_of_lm_eval_are_traces_of_their_own_each_with_its_score():
    assert [facts["alternative"] for facts in told(SAMPLE, "facts")] == [0, 1, 2]
    several = {**SAMPLE, "exact_match": [1, 1, 0]}
    assert told(several, "scores") == [
        [("lm-eval no filter", "pass")],
        [("lm-eval no filter", "pass")],
        [("lm-eval no filter", "fail")],
    ]
    alone = {**SAMPLE, "resps": [["4"]], "metrics": ["a", "b", "c"], "a": 1, "b": 0, "c": None}
    assert told(alone, "facts", "scores") == [
        ({}, [("lm-eval no filter/a", "pass"), ("lm-eval no filter/b", "fail"), ("lm-eval no filter/c", "unscored")])
    ]


def test_a_prompt_of_lm_eval_that_went_through_a_chat_is_its_messages():
    chat = '[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "2 + 2?"}]'
    for prompt in (chat, [chat]):
        row = {**SAMPLE, "doc": {}, "arguments": {"gen_args_0": {"arg_0": prompt, "arg_1": {}}}, "resps": [["4"]]}
        assert told(row, "roles", "question", "reference") == [(["system", "user"], "2 + 2?", "4")]


@pytest.mark.parametrize(
    "change",
    [
        {"resps": [[["-3.5", "False"]], [["-1.2", "True"]]]},
        {"resps": [[[-3.5, False]], [[-1.2, True]]]},
        {"resps": [["-120.5"]], "arguments": {"gen_args_0": {"arg_0": "text"}}},
        {"arguments": {"gen_args_0": {"arg_0": "q", "arg_1": " a"}}},
        {"arguments": [["q", " a"], ["q", " b"]]},
    ],
)
def test_a_task_of_likelihoods_is_refused_by_its_name(change):
    with pytest.raises(ProblemError, match="resps: found how likely each choice is, expected texts of a model"):
        read_traces({**SAMPLE, **change})


def test_a_negative_number_is_an_answer():
    assert told({**SAMPLE, "resps": [["-4"]]}, "said") == ["-4"]
