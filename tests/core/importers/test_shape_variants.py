"""The same shapes as their producers really write them: older and newer versions, other names, columns left out."""

import json
from typing import Any

import pytest

from trajectories.core.completions.parts import said_in, thoughts_in
from trajectories.core.importers.arc_attempts import is_results, results_row
from trajectories.core.importers.trace_files import read_traces, shape_of
from trajectories.core.problems import ProblemError

ASKED = {"role": "user", "content": "What is 2 + 2?"}
SAID = {"role": "assistant", "content": "It is 4."}
QUESTION = "What is 2 + 2?"


def told(row: dict[str, Any], *fields: str) -> list[Any]:
    """Of each trace of a row the fields that are named; one alone is no tuple."""
    found = []
    for trace in read_traces(row):
        all_of_it = {
            "said": said_in(trace.completion.parts),
            "thoughts": thoughts_in(trace.completion.parts),
            "question": trace.problem.question,
            "name": trace.problem.name or trace.problem.custom_id,
            "model": trace.model,
            "end": trace.finish_reason.value,
            "tokens": (trace.usage.input_tokens, trace.usage.output_tokens),
            "temperature": trace.temperature,
            "roles": [message["role"] for message in trace.messages],
            "scores": [(verdict.verifier, verdict.outcome.value) for verdict in trace.verdicts],
            "reference": trace.question_row.get("answer"),
            "choices": trace.question_row.get("choices", trace.question_row.get("options")),
            "split": trace.question_row.get("split"),
            "facts": dict(trace.facts),
            "steps": [step.body for step in trace.steps],
            "labels": [dict(review.step_labels) for review in trace.reviews],
            "reviews": [(one.pseudonym, one.decision.value, one.score, one.comment) for one in trace.reviews],
        }
        kept = tuple(all_of_it[field] for field in fields)
        found.append(kept[0] if len(kept) == 1 else kept)
    return found


@pytest.mark.parametrize(
    "row",
    [
        {"prompt": QUESTION, "response": "It is 4."},
        {"query": QUESTION, "response": "It is 4."},
        {"problem": QUESTION, "response": "It is 4."},
        {"input": QUESTION, "output": "It is 4."},
        {"prompt": QUESTION, "generated_text": "It is 4."},
        {"prompt": [ASKED], "output": "It is 4."},
        {"problem": QUESTION, "generated_solution": "It is 4."},
        {"question": QUESTION, "completion": "It is 4."},
        {"prompt": QUESTION, "completion": "It is 4."},
        {"instruction": QUESTION, "input": None, "output": "It is 4."},
        {"instruction": QUESTION, "context": "", "response": "It is 4.", "category": "qa"},
        {"conversation": [ASKED, SAID]},
        {"messages": json.dumps([ASKED, SAID])},
        {"conversations": [ASKED, SAID]},
        {"messages": [{"role": "human", "content": QUESTION}, {"role": "model", "content": "It is 4."}]},
        {"messages": [{"from": "human", "value": QUESTION}, {"from": "gpt", "value": "It is 4."}]},
        {"conversations": [{"author": "user", "text": QUESTION}, {"author": "assistant", "text": "It is 4."}]},
        {"prompt": QUESTION, "outputs": [{"text": "It is 4.", "finish_reason": "stop"}]},
        {"question": QUESTION, "choices": ["3", "4"], "output": "It is 4."},
    ],
)
def test_a_question_and_its_answer_by_any_of_their_names(row):
    assert told(row, "said", "question", "roles") == [("It is 4.", QUESTION, ["user"])]


def test_a_system_text_and_earlier_turns_stand_before_the_question():
    row = {"instruction": "2 + 2?", "input": "", "output": "4", "system": "Be brief.", "history": [["1 + 1?", "2"]]}
    assert told(row, "roles", "question") == [(["system", "user", "assistant", "user"], "2 + 2?")]
    assert told({"system_prompt": "Be brief.", "question": "2 + 2?", "response": "4"}, "roles") == [["system", "user"]]


def test_an_instruction_is_asked_with_what_it_is_about():
    row = {"instruction": "Add them.", "context": "2 and 2", "response": "4"}
    assert told(row, "question") == ["Add them.\n\n2 and 2"]


@pytest.mark.parametrize(
    ("row", "field", "value"),
    [
        ({"temperature": "0.7"}, "temperature", 0.7),
        ({"temperature": None}, "temperature", 0.0),
        ({"model_name": "m"}, "model", "m"),
        ({"generation_model": "m"}, "model", "m"),
        ({"metadata": '{"model": "m"}'}, "model", "m"),
        ({"usage": {"prompt_tokens": 3, "completion_tokens": "5"}}, "tokens", (3, 5)),
        ({"num_generated_tokens": 10**30}, "tokens", (0, 2**31 - 1)),
        ({"stop_reason": "max_tokens"}, "end", "length"),
        ({"finish_reason": None}, "end", "stop"),
        ({"reasoning": "on"}, "thoughts", ""),
        ({"reasoning_content": ["one", "two"]}, "thoughts", "onetwo"),
        ({"score": 1}, "scores", [("score", "pass")]),
        ({"is_correct": "False"}, "scores", [("is_correct", "fail")]),
        ({"correct": None}, "scores", []),
        ({"rating": 7}, "scores", [("rating", "unscored")]),
        ({"correct_answer": "1", "pass_rate": 1.0, "score_type": "yes"}, "scores", []),
        ({"gts": "4", "answer": "5"}, "reference", "4"),
        ({"answer": True}, "reference", True),
        ({"reward_model": {"ground_truth": "4"}, "extra_info": {"split": "test"}}, "reference", "4"),
        ({"reward_model": {"ground_truth": "4"}, "extra_info": {"split": "test"}}, "split", "test"),
        ({"options": {"A": "3", "B": "4"}, "answerKey": "B"}, "choices", {"A": "3", "B": "4"}),
        ({"options": {"A": "3", "B": "4"}, "answerKey": "B"}, "reference", "B"),
        ({"split": "cot"}, "split", None),
        ({"split": "validation"}, "split", "validation"),
        ({"pass_rate_72b_tir": "0.65"}, "scores", []),
    ],
)
def test_what_stands_beside_an_answer(row, field, value):
    assert told({"question": "2 + 2?", "response": "4", **row}, field) == [value]


def test_a_row_that_names_its_task_is_found_by_it():
    assert told({"task_id": "t-1", "response": "4"}, "name") == ["t-1"]
    assert told({"id": "t-1", "response": "4"}, "name") == ["t-1"]
    with pytest.raises(ProblemError, match='found no "problem_id"'):
        read_traces({"id": "chatcmpl-1", "object": "chat.completion", "choices": [{"message": SAID}]})


def test_a_conversation_asks_the_problem_beside_it_and_no_user_within_a_rollout_does():
    told_how = {"role": "user", "content": "Put it in a box. What is 2 + 2?"}
    row = {"problem": QUESTION, "ground_truth_solution": "4", "messages": [told_how, SAID]}
    assert told(row, "question") == [QUESTION]
    assert read_traces(row)[0].question_row == {"question": QUESTION, "answer": None, "solution": "4"}
    assert told({**row, "problem": "Another?"}, "question") == [told_how["content"]]
    turns = [SAID, {"role": "user", "content": "Sure?"}, {"role": "assistant", "content": "Yes."}]
    rollout = {"prompt": [ASKED], "completion": turns, "reward": 1}
    assert told(rollout, "question", "said") == [(QUESTION, "Yes.")]
    nodes = [{"parent": at - 1 if at else None, "message": turn} for at, turn in enumerate([ASKED, *turns])]
    assert told({**TRACE, "nodes": nodes}, "question", "said") == [(QUESTION, "Yes.")]


def test_a_call_of_a_tool_written_as_text_is_a_call():
    turns = [
        {"from": "human", "value": "2 + 2?"},
        {"from": "function_call", "value": '{"name": "add", "arguments": {"x": 2}}'},
        {"from": "observation", "value": "4"},
        {"from": "gpt", "value": "4"},
    ]
    (trace,) = read_traces({"conversations": turns})
    assert [message["role"] for message in trace.messages] == ["user", "assistant", "tool"]
    assert trace.messages[1]["tool_calls"] == [{"type": "function", "function": {"name": "add", "arguments": {"x": 2}}}]
    call = '{"id": "c", "type": "function", "function": {"name": "add", "arguments": "{}"}}'
    completion = [{"role": "assistant", "content": "", "tool_calls": [call]}, {"role": "tool", "content": "4"}, SAID]
    (rollout,) = read_traces({"prompt": [ASKED], "completion": completion, "reward": 1.0})
    (called,) = [piece.data["call"] for piece in rollout.pieces if "call" in piece.data]
    assert called["function"] == {"name": "add", "arguments": "{}"}


def test_a_list_that_happens_to_be_as_long_as_the_generations_stays_the_problems():
    row = {"question": "2 + 2?", "generations": ["a", "b"], "options": ["3", "4"], "answer": "B", "scores": [0, 1]}
    assert told(row, "choices", "scores") == [
        (["3", "4"], [("scores", "fail")]),
        (["3", "4"], [("scores", "pass")]),
    ]


def test_generations_that_are_objects_or_messages():
    rated = [{"model": "a", "response": "4", "overall_score": 1}, {"model": "b", "response": "5", "overall_score": 0}]
    assert told({"instruction": "2 + 2?", "completions": rated}, "said", "model", "scores") == [
        ("4", "a", [("overall_score", "pass")]),
        ("5", "b", [("overall_score", "fail")]),
    ]
    listed = [[{"role": "assistant", "content": "4", "reasoning_content": "Twos."}]]
    assert told({"prompt": [ASKED], "generations": listed}, "said", "thoughts") == [("4", "Twos.")]
    sampled = {"prompt": [ASKED], "responses": ["4", "4"], "reward_model": {"ground_truth": "4"}}
    assert told(sampled, "question", "reference", "facts") == [
        (QUESTION, "4", {"alternative": 0}),
        (QUESTION, "4", {"alternative": 1}),
    ]


def test_the_whole_generation_of_nemo_skills_has_the_thoughts():
    row = {"problem": "2 + 2?", "generation": "4", "_full_generation": "<think>Twos.</think>4"}
    assert told(row, "said", "thoughts", "end") == [("4", "Twos.", "stop")]
    cut = {"problem": "2 + 2?", "generation": "", "_full_generation": "<think>Twos", "finish_reason": "length"}
    assert told(cut, "said", "thoughts", "end") == [("", "Twos", "length")]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"thinking_trajectories": ["Twos."], "attempt": "4", "solution": "4"}, [("4", "Twos.", "", [])]),
        ({"deepseek_reasoning": "Twos.", "deepseek_solution": "4"}, [("4", "Twos.", "deepseek", [])]),
        ({"reasoning_content": "Twos.", "content": "4", "score": 9}, [("4", "Twos.", "", [("score", "unscored")])]),
        ({"Complex_CoT": "Twos.", "Response": "4"}, [("4", "Twos.", "", [])]),
        (
            {
                "deepseek_thinking_trajectory": "Twos.",
                "deepseek_attempt": "4",
                "deepseek_grade": "Yes",
                "gemini_thinking_trajectory": "Hm.",
                "gemini_attempt": "5",
                "gemini_grade": "No",
            },
            [
                ("4", "Twos.", "deepseek", [("deepseek_grade", "pass")]),
                ("5", "Hm.", "gemini", [("gemini_grade", "fail")]),
            ],
        ),
    ],
)
def test_thoughts_and_answers_in_columns(row, expected):
    row = {"question": "2 + 2?", **row}
    assert shape_of(row).name == "distilled"
    assert told(row, "said", "thoughts", "model", "scores") == expected


def test_steps_with_labels_are_one_trace():
    row = {"prompt": "2 + 2?", "completions": ["Two twos.", "So 5."], "labels": [True, False]}
    assert told(row, "steps", "labels", "reference") == [(["Two twos.", "So 5."], [{"0": "good", "1": "bad"}], None)]
    bench = {"id": "x", "generator": "m", "problem": "2 + 2?", "steps": ["Two twos.", "So 5.", "Done."], "label": 1}
    assert told({**bench, "final_answer_correct": False}, "labels", "model", "scores") == [
        ([{"0": "good", "1": "bad"}], "m", [("final_answer_correct", "fail")])
    ]
    assert told({**bench, "label": -1}, "labels") == [[{"0": "good", "1": "good", "2": "good"}]]


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (
            {"prompt": "q", "completions": ["a"], "labels": []},
            "labels: found 0 labels of 1 steps, expected one for each",
        ),
        (
            {"prompt": "q", "completions": ["a"], "labels": ["x"]},
            "labels[0]: found the text 'x', expected true or false",
        ),
        ({"prompt": "q", "completions": [3], "labels": [True]}, "completions[0]: found 3, expected the text of a step"),
        ({"prompt": "q", "completions": [], "labels": []}, "completions: found no step, expected one"),
        ({"problem": "q", "steps": ["a"], "label": 1}, "label: found 1, expected -1 or the place of one of 1 steps"),
    ],
)
def test_labels_that_fit_no_steps_are_a_fault(row, fault):
    with pytest.raises(ProblemError) as raised:
        read_traces(row)
    assert str(raised.value) == fault


def test_the_label_of_a_completion_is_a_score_and_no_reference():
    row = {"prompt": [ASKED], "completion": [SAID], "label": True}
    assert told(row, "scores", "reference") == [([("label", "pass")], None)]
    trained = {"prompt": [ASKED], "completion": [SAID], "accuracy_reward": 1.0, "advantage": 0.3}
    assert told(trained, "scores") == [[("accuracy_reward", "pass")]]


COMPLETION = {"object": "text_completion", "model": "base", "usage": {"prompt_tokens": 9, "completion_tokens": 2}}


def test_completions_without_messages():
    choices = [
        {"index": 0, "text": " 4", "finish_reason": "stop"},
        {"index": 1, "text": " 5", "finish_reason": "length"},
    ]
    body = {**COMPLETION, "choices": choices}
    row = {"custom_id": "p-1", "response": {"status_code": 200, "body": body}, "error": None}
    assert told(row, "said", "name", "model", "end") == [("4", "p-1", "base", "stop"), ("5", "p-1", "base", "length")]


def test_lines_of_a_batch_with_less_around_their_answer_or_with_its_text():
    bare = {
        "custom_id": "p-1",
        "result": {"type": "succeeded", "message": {"content": [{"type": "text", "text": "4"}]}},
    }
    assert told(bare, "said", "name", "end") == [("4", "p-1", "stop")]
    body = '{"choices": [{"message": {"role": "assistant", "content": "4"}, "finish_reason": "length"}]}'
    packed = {"custom_id": "p-1", "response": {"status_code": 200, "body": body}, "error": None}
    assert told(packed, "said", "name", "end") == [("4", "p-1", "length")]


INSPECTED = {
    "id": "s-1",
    "epoch": 1,
    "input": "2 + 2?",
    "target": "4",
    "messages": [{"role": "user", "content": "2 + 2?"}, {"role": "assistant", "content": "tc://abc"}],
    "output": {"model": "m", "choices": [{"message": SAID, "stop_reason": "stop"}] * 2},
    "scores": {"match": {"value": "N"}},
    "model_usage": {"other/name": {"input_tokens": 3, "output_tokens": 5}},
    "attachments": {"abc": "It is 4."},
    "inspect_eval": {"model": "none/none"},
}


def test_samples_of_older_logs_of_inspect_and_of_agents():
    assert told(INSPECTED, "said", "model", "tokens", "scores") == [
        ("It is 4.", "m", (3, 5), [("inspect match", "fail")])
    ]
    assert told(INSPECTED, "facts")[0]["alternatives_left_out"] == 1
    assert told({**INSPECTED, "scores": {"match": "C"}}, "scores") == [[("inspect match", "pass")]]
    with pytest.raises(ProblemError, match=r"output.error: found a failed call, expected an answer; it says: No\."):
        read_traces({**INSPECTED, "output": {"choices": [], "error": "No."}})


TRACE = {
    "version": 1,
    "id": "t1",
    "task": {"type": "T", "data": {"idx": 0, "prompt": QUESTION, "answer": "4"}},
    "agent": {"config": {"model": "m"}},
    "nodes": [
        {"parent": None, "message": ASKED},
        {"parent": 0, "message": {"role": "assistant", "content": "A dead end."}},
        {"parent": 0, "message": {"role": "assistant", "content": "4", "reasoning_content": "Twos."}},
    ],
    "calls": [
        {"node": 1, "usage": {"prompt_tokens": 9, "completion_tokens": 4}, "sampling": {"temperature": 0.5}},
        {"node": 2, "usage": {"prompt_tokens": 9, "completion_tokens": 5}, "finish_reason": "stop"},
    ],
    "rewards": {"exact": {"score": 1.0, "weight": 0.5}, "late": None},
    "metrics": {"turns": 2.0},
    "ok": True,
    "stop_condition": "done",
    "errors": [{"type": "E", "message": "retried"}],
}


def test_traces_of_verifiers_1():
    fields = ("said", "thoughts", "model", "tokens", "temperature", "reference", "scores", "end")
    whole = (
        "4",
        "Twos.",
        "m",
        (18, 9),
        0.5,
        "4",
        [("verifiers reward", "fail"), ("verifiers exact", "pass"), ("verifiers turns", "unscored")],
        "stop",
    )
    assert told(TRACE, *fields) == [whole]
    assert told({"id": "e", "env": {"id": "x"}, "traces": [TRACE, {**TRACE, "id": "t2"}]}, *fields) == [whole, whole]
    assert told({**TRACE, "stop_condition": "max_turns"}, "end") == ["length"]
    with pytest.raises(ProblemError, match="errors: found a failed call, expected an answer; it says: E: retried"):
        read_traces({**TRACE, "ok": False})
    assert told(TRACE, "facts") == [{"custom_id": "t1", "branches": 2}]
    for parent in (7, 0, "x"):
        with pytest.raises(ProblemError, match=r"^nodes.*: found .*, expected (a node that|at least one)"):
            read_traces({**TRACE, "nodes": [{"parent": parent, "message": SAID}]})


def test_more_than_two_attempts_at_an_arc_task():
    tried = {f"attempt_{n}": {"answer": [[n]], "metadata": {"model": "m", "pair_index": 0}} for n in (1, 2, 3)}
    assert [facts["attempt"] for facts in told({"problem_id": "k", "arc_attempts": [tried]}, "facts")] == [1, 2, 3]
    bare = {"attempt_1": [[1]], "attempt_2": [[2]]}
    assert is_results([bare])
    assert [trace.answer for trace in read_traces(results_row([bare], "k.json"))] == [[[[1]]], [[[2]]]]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"input": {"messages": [ASKED]}, "preferred_output": [SAID], "non_preferred_output": []}, "a pair of pref"),
        ({"chosen": [ASKED, SAID], "rejected": [ASKED, SAID]}, "a pair of preferences"),
        ({"conversation_a": [], "conversation_b": [], "winner": "a"}, "a pair of preferences"),
        ({"version": 2, "status": "started", "eval": {}}, "a log of inspect without samples"),
        ({"env_id": "x", "model": "m", "num_examples": 5}, "the metadata beside results of verifiers"),
        ({"score": 0.5, "task_results": {}}, "scores of arc-agi-benchmarking"),
        ({"prompt": [ASKED], "answer": "4"}, "a question"),
        ({"custom_id": "p-1", "method": "POST", "url": "/v1/x", "body": {"messages": [ASKED]}}, "a request of a batch"),
        ({"custom_id": "p-1", "params": {"messages": [ASKED]}}, "a request of a batch"),
        ({"question": "q", "choices": ["a", "b"], "answer": 1}, "a question"),
    ],
)  # fmt: skip
def test_what_holds_no_trace_is_refused_by_its_name(row, said):
    with pytest.raises(ProblemError, match=f"^found {said}"):
        read_traces(row)
