"""Calls that failed are faults in their own words, pairs of preferences are no traces, and the rest comes in."""

import pytest

from tests.core.importers.test_shape_variants import ASKED, INSPECTED, QUESTION, SAID, told
from trajectories.core.importers.trace_files import read_traces
from trajectories.core.problems import ProblemError

FAILED = "found a failed call, expected an answer; it"


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ({"question": "q", "response": "", "error": "timeout"}, f"error: {FAILED} says: timeout"),
        ({"question": "q", "response": None, "error": {"message": "Too\nlong."}}, f"error: {FAILED} says: Too long."),
        ({"question": "q", "output": None, "error": "timeout"}, f"error: {FAILED} says: timeout"),
        ({"problem": "q", "generation": "", "error": "context_window_exceeded"},
         f"error: {FAILED} says: context_window_exceeded"),
        ({"problem": "q", "generations": [""], "error_message": "busy"}, f"error_message: {FAILED} says: busy"),
        ({"question": "q", "response": " ", "error": True}, f"error: {FAILED} does not say why"),
        ({"messages": [ASKED, {"role": "assistant", "content": ""}], "error": "busy"}, f"error: {FAILED} says: busy"),
        ({**INSPECTED, "invalidation": {"author": "a@b.org", "reason": "wrong\ntask"}},
         "invalidation: found a sample that was declared invalid; it says: wrong task, expected a valid one"),
    ],
)  # fmt: skip
def test_an_error_in_place_of_an_answer_is_the_fault(row, fault):
    with pytest.raises(ProblemError) as raised:
        read_traces(row)
    assert str(raised.value) == fault


@pytest.mark.parametrize("error", [None, "", "None", "null", False, {}, []])
def test_an_empty_answer_without_an_error_is_an_answer(error):
    assert told({"question": "q", "response": "", "error": error}, "said", "end") == [("", "empty")]


def test_an_answer_beside_an_error_is_an_answer():
    assert told({"question": "q", "response": "4", "error": "retried once"}, "said") == ["4"]


@pytest.mark.parametrize(
    "row",
    [
        {"prompt": "q", "chosen": [ASKED, SAID], "rejected": [ASKED, SAID], "messages": [ASKED, SAID]},
        {"messages": [ASKED, SAID], "rejected_response": "No."},
        {"conversations": [{"from": "human", "value": "q"}], "chosen": {"from": "gpt", "value": "a"},
         "rejected": {"from": "gpt", "value": "b"}},
        {"question": "q", "response": "a", "rejected": "b"},
        {"prompt": "q", "completion": "a", "rejected_response": "b"},
        {"question": "q", "response_a": "a", "response_b": "b", "messages": [ASKED, SAID]},
    ],
)  # fmt: skip
def test_a_pair_of_preferences_is_refused_whatever_else_it_has(row):
    with pytest.raises(ProblemError, match="found a pair of preferences, expected traces; two answers to one prompt"):
        read_traces(row)


def test_two_generations_of_a_pair_and_a_label_rejected_come_in():
    row = {"prompt": "q", "generations": ["a", "b"], "chosen": "a", "rejected": "b", "score_rejected": 0}
    assert told(row, "said", "scores") == [("a", []), ("b", [])]
    assert told({"question": "q", "response": "a", "rejected": True, "score_rejected": 1}, "said", "scores") == [
        ("a", [])
    ]


def test_the_temperature_of_a_plan_counts_where_the_model_has_none():
    log = {"model": "m", "model_generate_config": {}, "plan_config": {"temperature": 0.6}}
    assert told({**INSPECTED, "inspect_eval": log}, "temperature") == [0.6]
    own = {**log, "model_generate_config": {"temperature": 0.2}}
    assert told({**INSPECTED, "inspect_eval": own}, "temperature") == [0.2]


def test_nemo_skills_with_tools_keeps_the_whole_conversation():
    call = {"id": "c", "type": "function", "function": {"name": "python", "arguments": '{"code": "2+2"}'}}
    turns = [
        {"role": "system", "content": "Use tools."},
        ASKED,
        {"role": "assistant", "content": "Let me see.", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "content": "4"},
        {"role": "assistant", "content": "It is 4."},
    ]
    row = {"problem": QUESTION, "expected_answer": "4", "generation": "It is 4.", "num_generated_tokens": 9,
           "symbolic_correct": True, "num_tool_calls": 1}  # fmt: skip
    for conversation in (turns, turns[:-1]):
        (trace,) = read_traces({**row, "conversation": conversation})
        kinds = [piece.kind.value for piece in trace.pieces]
        assert kinds == ["content", "tool_call", "tool_result", "content"]
        assert [message["role"] for message in trace.messages] == ["system", "user"]
        assert (trace.problem.question, trace.question_row["answer"], trace.usage.output_tokens) == (QUESTION, "4", 9)
        assert [verdict.verifier for verdict in trace.verdicts] == ["symbolic_correct"]
