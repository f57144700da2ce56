"""Every shape of row a trace may come in, and what is said about those that are none."""

import io
import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.core.importers.foreign_traces import ProblemKey
from trajectories.core.importers.limits import ImportLimits
from trajectories.core.importers.trace_files import read_traces
from trajectories.core.importers.trace_rows import read_lines
from trajectories.core.problems import ProblemError
from trajectories.core.records import FinishReason, StepKind

CHOICE = {"message": {"role": "assistant", "content": "4", "reasoning_content": "Two twos."}, "finish_reason": "length"}
COMPLETION = {
    "object": "chat.completion",
    "model": "m-1",
    "choices": [CHOICE, {"message": {"content": [{"type": "text", "text": "5"}]}}],
    "usage": {
        "prompt_tokens": 7,
        "completion_tokens": 10,
        "prompt_tokens_details": {"cached_tokens": 3},
        "completion_tokens_details": {"reasoning_tokens": 4},
    },
}
FULL = {
    "problem": {"name": "task-1", "kind": "arc", "spec": {}, "reference": None},
    "trace": {
        "prompt": [{"role": "user", "content": "Find the rule."}],
        "reasoning": "Each row is mirrored.",
        "program": "def transform(grid): ...",
        "answer": [[[1]]],
        "steps": [{"kind": "subtask", "title": "Mirror", "body": "Rows", "depth": 1, "data": {"pair": 0}}],
    },
    "meta": {"problem_hash": "a" * 64, "sampler": "symbolic 1"},
}


def test_plain_rows():
    row = {"problem_id": "p-1", "response": "It is 4.", "model": "m", "temperature": 1, "reasoning": "Hm."}
    (found,) = read_traces(row)
    assert (found.problem, found.response, found.thinking) == (ProblemKey(name="p-1"), "It is 4.", "Hm.")
    assert (found.model, found.temperature, found.messages) == ("m", 1.0, ())
    (asked,) = read_traces({"question": " What is 2 + 2? ", "response": "4"})
    assert asked.problem == ProblemKey(question="What is 2 + 2?")
    assert asked.messages == ({"role": "user", "content": " What is 2 + 2? "},)


def test_conversations_name_their_problem_by_meta_or_by_what_was_asked():
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "What is 2 + 2?"},
        {"role": "assistant", "content": "4", "reasoning_content": "Easy."},
    ]
    (found,) = read_traces({"messages": messages})
    assert found.problem == ProblemKey(question="What is 2 + 2?")
    assert (found.response, found.thinking, len(found.messages)) == ("4", "Easy.", 2)
    (named,) = read_traces({"messages": messages, "meta": {"problem_id": "p-1", "sampler": "s 2"}})
    assert (named.problem.name, named.model) == ("p-1", "s 2")


def test_full_rows_keep_steps_answer_and_program():
    (found,) = read_traces(FULL)
    assert found.problem == ProblemKey(hash="a" * 64, name="task-1")
    assert (found.answer, found.program, found.model) == ([[[1]]], "def transform(grid): ...", "symbolic 1")
    assert (found.steps[0].kind, found.steps[0].depth, found.steps[0].data) == (StepKind.SUBTASK, 1, {"pair": 0})


@pytest.mark.parametrize(
    "row",
    [
        {**COMPLETION, "problem_id": "p-1"},
        {**COMPLETION, "metadata": {"problem_id": "p-1"}},
        {"custom_id": "p-1", "response": {"status_code": 200, "body": COMPLETION}},
    ],
)
def test_completions_give_a_trace_for_each_choice(row):
    first, second = read_traces(row)
    assert first.problem == second.problem
    assert str(first.problem) == "p-1"
    assert (first.response, first.thinking, first.finish_reason) == ("4", "Two twos.", FinishReason.LENGTH)
    assert (second.response, second.finish_reason, second.model) == ("5", FinishReason.STOP, "m-1")
    usage = first.usage
    assert (usage.input_tokens, usage.cached_tokens, usage.output_tokens, usage.reasoning_tokens) == (7, 3, 5, 2)


def test_a_completion_with_its_request_names_its_problem_by_what_was_asked():
    request = {"messages": [{"role": "user", "content": "What is 2 + 2?"}], "temperature": 0.5}
    first, _ = read_traces({**COMPLETION, "request": request})
    assert (first.problem.question, first.temperature) == ("What is 2 + 2?", 0.5)
    assert first.messages == ({"role": "user", "content": "What is 2 + 2?"},)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({}, 'found an empty object, expected one of "response", "messages", "choices", "generations"'),
        ({"response": "4"}, 'found no "problem_id", "problem_hash" or "question", expected one of them'),
        ({"problem_id": "p", "response": None}, "response: found null, expected text"),
        ({"problem_id": ["p"], "response": "4"}, "problem_id: found a list of 1, expected text"),
        ({"problem_id": "p", "response": "a\0"}, "response: found a NUL character, expected text"),
        (
            {"problem_id": "p", "response": "4", "temperature": "hot"},
            "temperature: found the text 'hot', expected a number from 0 to 100",
        ),
        ({"messages": []}, "messages: found no closing message of the assistant, expected one"),
        ({"messages": [{"role": "user", "content": "?"}]}, "messages: found no closing message of the assistant"),
        ({"messages": ["x"]}, "messages[0]: found the text 'x', expected an object"),
        ({"messages": [{"role": "user", "content": 3}]}, "messages[0].content: found 3, expected text"),
        ({"choices": [], "problem_id": "p"}, "choices: found an empty list, expected a list of at least one choice"),
        ({"choices": [3], "problem_id": "p"}, "choices[0].message: found null, expected an object"),
        (
            {"custom_id": "p", "response": {"status_code": 500, "body": {"error": {}}}},
            "response.body: found a failed call, expected an answer; it says: status 500",
        ),
        ({"trace": 3, "problem": {}}, 'trace: found no objects "problem" and "trace", expected both'),
        (
            {**FULL, "trace": {**FULL["trace"], "steps": [{"kind": "dance"}]}},
            "trace.steps[0]: found an object with 1 keys, expected a step of a known kind",
        ),
        (
            {**FULL, "trace": {**FULL["trace"], "steps": [{"kind": "text", "depth": -1}]}},
            "trace.steps[0]: found an odd depth or data",
        ),
    ],
)
def test_what_is_no_trace_says_why(row, message):
    with pytest.raises(ProblemError) as caught:
        read_traces(row)
    assert str(caught.value).startswith(message)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
keys = st.sampled_from(
    [
        "problem_id",
        "question",
        "response",
        "messages",
        "choices",
        "trace",
        "problem",
        "meta",
        "usage",
        "request",
        "model",
        "candidates",
        "content",
        "stop_reason",
        "output",
        "result",
        "error",
        "status",
        "custom_id",
        "modelOutput",
    ]
)


@given(st.dictionaries(keys, json_values | st.just([{"role": "user", "content": "?"}]) | st.just([CHOICE])))
def test_any_row_is_read_or_refused(row):
    try:
        found = read_traces(row)
    except ProblemError as fault:
        assert fault.detail  # noqa: PT017
    else:
        assert all(str(trace.problem) for trace in found)


def test_lines_are_read_one_by_one():
    data = b'\xef\xbb\xbf{"a": 1}\r\n\n[1]\n{"a": NaN}\n{"b\n\xff\n' + b" " * 2_000 + b"\n" + b'{"last": 1}'
    rows = list(read_lines(io.BytesIO(data), ImportLimits(row_bytes=1_000)))
    assert [number for number, _ in rows] == [1, 3, 4, 5, 6, 7, 8]
    assert rows[0][1] == {"a": 1}
    assert rows[-1][1] == {"last": 1}
    assert [str(row) for _, row in rows[1:-1]] == [
        "found a list of 1, expected an object",
        "column 7: found NaN, expected a finite number",
        "column 2: found the text '\"b', expected JSON (Unterminated string starting at)",
        "byte 0: found the byte 0xff, expected UTF-8 text",
        "found more than 1,000 bytes in one line, expected less",
    ]


@given(st.lists(st.dictionaries(st.text(max_size=5), json_values, max_size=3), max_size=5))
def test_what_is_written_is_read(rows):
    data = "".join(json.dumps(row) + "\n" for row in rows).encode()
    read = [row for _, row in read_lines(io.BytesIO(data))]
    assert all(isinstance(row, ProblemError) or row in rows for row in read)
    assert len(read) == len(rows)


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"prompt_tokens": 20, "completion_tokens": 5, "total_tokens": 525}, (20, 0, 505, None)),
        ({"prompt_tokens": 20, "completion_tokens": 5, "prompt_cache_hit_tokens": 16}, (20, 16, 5, None)),
        ({"prompt_tokens": 20, "completion_tokens": 5, "cost": 0.0123}, (20, 0, 5, Decimal("0.0123"))),
    ],
)
def test_an_imported_completion_took_what_a_sampled_one_would_have(usage, expected):
    message = {"role": "assistant", "content": "Answer: 42"}
    row = {"problem_id": "p", "choices": [{"message": message, "finish_reason": "stop"}], "usage": usage}
    (trace,) = read_traces(row)
    took = trace.usage
    assert (took.input_tokens, took.cached_tokens, took.output_tokens, trace.cost) == expected
