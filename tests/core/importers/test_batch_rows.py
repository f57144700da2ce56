"""Lines of providers' batches: which answer is inside, which request it answers, and what a failed call says."""

import pytest

from trajectories.core.importers.batch_rows import names_in_id, open_row
from trajectories.core.importers.trace_files import read_traces
from trajectories.core.problems import ProblemError
from trajectories.core.records import FinishReason

MESSAGE = {
    "type": "message",
    "role": "assistant",
    "model": "c-1",
    "content": [
        {"type": "thinking", "thinking": "Two twos.", "signature": "s"},
        {"type": "redacted_thinking", "data": "x"},
        {"type": "text", "text": "Answer: 4"},
    ],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 9, "cache_read_input_tokens": 3, "output_tokens": 4},
}
CONTENTS = [{"role": "user", "parts": [{"text": "Two plus two?"}]}]
CANDIDATE = {
    "content": {"role": "model", "parts": [{"text": "Two twos.", "thought": True}, {"text": "Answer: 4"}]},
    "finishReason": "STOP",
}
GEMINI = {
    "candidates": [CANDIDATE],
    "modelVersion": "g-1",
    "usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 4, "thoughtsTokenCount": 3, "totalTokenCount": 16},
}
RESPONSE = {
    "object": "response",
    "status": "completed",
    "model": "m-1",
    "output": [
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Two twos."}]},
        {"type": "message", "content": [{"type": "output_text", "text": "Answer: 4"}]},
    ],
    "usage": {"input_tokens": 9, "output_tokens": 7, "output_tokens_details": {"reasoning_tokens": 3}},
}
CHAT = {
    "model": "m-1",
    "choices": [
        {"message": {"content": "Answer: 4", "reasoning_content": "Two twos."}, "finish_reason": "stop", "index": 0}
    ],
    "usage": {"prompt_tokens": 9, "completion_tokens": 7},
}
ASKED = {"messages": [{"role": "user", "content": "Two plus two?"}], "temperature": 0.7}


def snake(value):
    names = {"finishReason": "finish_reason", "modelVersion": "model_version", "usageMetadata": "usage_metadata"}
    names |= {"promptTokenCount": "prompt_token_count", "candidatesTokenCount": "candidates_token_count"}
    names |= {"thoughtsTokenCount": "thoughts_token_count", "totalTokenCount": "total_token_count"}
    if isinstance(value, dict):
        return {names.get(key, key): snake(inner) for key, inner in value.items()}
    return [snake(inner) for inner in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("row", "usage"),
    [
        ({"custom_id": "p", "result": {"type": "succeeded", "message": MESSAGE}}, (12, 3, 4, 0)),
        ({"custom_id": "p", "response": MESSAGE, "status": ""}, (12, 3, 4, 0)),
        ({"recordId": "p", "modelInput": ASKED, "modelOutput": MESSAGE}, (12, 3, 4, 0)),
        ({"problem_id": "p", **MESSAGE}, (12, 3, 4, 0)),
        ({"key": "p", "response": GEMINI}, (9, 0, 7, 3)),
        ({"key": "p", "response": snake(GEMINI)}, (9, 0, 7, 3)),
        ({"metadata": {"key": "p"}, "response": GEMINI}, (9, 0, 7, 3)),
        ({"problem_id": "p", **GEMINI}, (9, 0, 7, 3)),
        ({"status": "", "processed_time": "", "request": {"contents": CONTENTS}, "response": GEMINI}, (9, 0, 7, 3)),
        ({"custom_id": "p", "response": {"status_code": 200, "body": RESPONSE}, "error": None}, (9, 0, 7, 3)),
        ({"problem_id": "p", "object": "realtime", **RESPONSE}, (9, 0, 7, 3)),
        ({"custom_id": "p", "response": CHAT}, (9, 0, 7, 0)),
        (
            {"custom_id": "r-1", "request": {"custom_id": "r-1", "body": ASKED}, "response": {"body": CHAT}},
            (9, 0, 7, 0),
        ),
    ],
)
def test_every_known_line_gives_thoughts_answer_and_tokens(row, usage):
    (trace,) = read_traces(row)
    assert (trace.thinking, trace.response, trace.finish_reason) == ("Two twos.", "Answer: 4", FinishReason.STOP)
    took = trace.usage
    assert (took.input_tokens, took.cached_tokens, took.output_tokens, took.reasoning_tokens) == usage
    assert trace.model in ("c-1", "g-1", "m-1")
    assert "Two twos." in trace.raw
    assert str(trace.problem) in ("p", "r-1", "Two plus two?")


def test_requests_say_what_was_asked():
    (gemini,) = read_traces(
        {
            "status": "",
            "request": {
                "systemInstruction": {"parts": [{"text": "Be brief."}]},
                "contents": CONTENTS,
                "generationConfig": {"temperature": 0.5},
            },
            "response": GEMINI,
        }
    )
    assert [message["role"] for message in gemini.messages] == ["system", "user"]
    assert (gemini.problem.question, gemini.temperature) == ("Two plus two?", 0.5)
    (bedrock,) = read_traces({"recordId": "r", "modelInput": {"system": "Be brief.", **ASKED}, "modelOutput": MESSAGE})
    assert (bedrock.problem.custom_id, bedrock.problem.question, bedrock.temperature) == ("r", "Two plus two?", 0.7)
    asked = {"instructions": "Be brief.", "input": "Two plus two?"}
    (response,) = read_traces({"custom_id": "r", "request": asked, "response": {"body": RESPONSE}})
    assert response.messages[-1] == {"role": "user", "content": "Two plus two?"}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (
            {"custom_id": "p", "response": {"status_code": 400, "body": {"error": {"message": "No.", "code": "bad"}}}},
            "response.body: found a failed call, expected an answer; it says: No. [bad]",
        ),
        ({"custom_id": "p", "response": {"status_code": 200, "body": {"error": "Down."}}}, "it says: Down."),
        ({"custom_id": "p", "response": None, "error": {"code": "batch_expired", "message": "Late."}}, "Late. [batch"),
        ({"custom_id": "p", "response": None, "error": None}, "expected an answer; it does not say why"),
        ({"custom_id": "p", "response": {"body": None}, "error": {"object": "error", "message": "Full."}}, "Full."),
        (
            {
                "custom_id": "p",
                "result": {
                    "type": "errored",
                    "error": {"type": "error", "error": {"type": "overloaded_error", "message": "Busy."}},
                },
            },
            "it says: Busy. [overloaded_error]",
        ),
        ({"custom_id": "p", "result": {"type": "canceled"}}, "it says: canceled"),
        ({"custom_id": "p", "result": {"type": "expired"}}, "it says: expired"),
        (
            {"key": "p", "error": {"code": 8, "message": "Quota.", "status": "RESOURCE_EXHAUSTED"}},
            "it says: Quota. [RESOURCE_EXHAUSTED]",
        ),
        ({"request": {"contents": CONTENTS}, "response": {}, "status": "Bad Request: no role"}, "Bad Request: no role"),
        (
            {"recordId": "p", "modelInput": {}, "error": {"errorCode": 400, "errorMessage": "bad request"}},
            "it says: bad request [400]",
        ),
        (
            {"key": "p", "response": {"promptFeedback": {"blockReason": "SAFETY"}}},
            "it says: The prompt was blocked (SAFETY).",
        ),
        (
            {"key": "p", "response": {"candidates": [{"finishReason": "MALFORMED_FUNCTION_CALL"}]}},
            "it says: The answer was broken off (finishReason MALFORMED_FUNCTION_CALL).",
        ),
        (
            {"problem_id": "p", **RESPONSE, "status": "failed", "error": {"code": "server_error", "message": "Oh."}},
            "Oh.",
        ),
        ({"problem_id": "p", **RESPONSE, "status": "cancelled"}, "it says: The response ended as cancelled."),
        (
            {"custom_id": "p", "response": {"body": {"choices": [{**CHAT["choices"][0], "finish_reason": "error"}]}}},
            "it says: The answer was broken off (finish_reason error).",
        ),
        ({"custom_id": "p", "response": {"body": {"data": []}}}, "an object with 1 keys is none of the shapes"),
        ({"key": "p", "response": {"candidates": []}}, "response.candidates: found an empty list, expected a list"),
        ({"problem_id": "p", "response": "So", "finish_reason": "abort"}, "a text broken off; expected a finished one"),
    ],
)
def test_a_failed_call_is_told_apart_in_its_own_words(row, said):
    with pytest.raises(ProblemError) as caught:
        read_traces(row)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({**MESSAGE, "stop_reason": "max_tokens"}, FinishReason.LENGTH),
        ({**MESSAGE, "stop_reason": "model_context_window_exceeded"}, FinishReason.LENGTH),
        ({**MESSAGE, "stop_reason": "refusal"}, FinishReason.REFUSAL),
        ({**MESSAGE, "content": []}, FinishReason.EMPTY),
        ({"candidates": [{**CANDIDATE, "finishReason": "MAX_TOKENS"}]}, FinishReason.LENGTH),
        ({"candidates": [{"finishReason": "MAX_TOKENS"}]}, FinishReason.LENGTH),
        ({"candidates": [{"finishReason": "SAFETY"}]}, FinishReason.FILTER),
        ({"candidates": [{**CANDIDATE, "finishReason": "FinishReason.RECITATION"}]}, FinishReason.FILTER),
        (
            {**RESPONSE, "status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}},
            FinishReason.LENGTH,
        ),
        ({**RESPONSE, "status": "incomplete", "incomplete_details": None}, FinishReason.LENGTH),
        ({**RESPONSE, "max_output_tokens": 7}, FinishReason.LENGTH),
        ({**CHAT, "choices": [{"message": {"refusal": "No."}}]}, FinishReason.REFUSAL),
    ],
)
def test_why_a_text_ended_is_kept(body, reason):
    (trace,) = read_traces({"custom_id": "p", "response": {"body": body}})
    assert trace.finish_reason is reason


def test_alternatives_of_gemini_are_traces_of_their_own():
    body = {**GEMINI, "candidates": [CANDIDATE, {"content": {"parts": [{"text": "5"}]}, "finishReason": "STOP"}]}
    first, second = read_traces({"key": "p", "response": body})
    assert (first.response, second.response, second.thinking) == ("Answer: 4", "5", "")
    assert (first.usage.input_tokens, first.usage.output_tokens) == (9, 3)


@pytest.mark.parametrize(
    ("custom_id", "names"),
    [
        ("b18-1", ("b18-1", "b18")),
        ("b18-1#3", ("b18-1#3", "b18-1")),
        ("b18-1:3", ("b18-1:3", "b18-1")),
        ("b18-1/3", ("b18-1/3", "b18-1")),
        ("b18-1__3", ("b18-1__3", "b18-1")),
        ("b18-1-sample-3", ("b18-1-sample-3", "b18-1")),
        ("b18-1_attempt2", ("b18-1_attempt2", "b18-1")),
        ("b18-1#sample=3", ("b18-1#sample=3", "b18-1")),
        ("b18-1[3]", ("b18-1[3]", "b18-1")),
        ("b18-1-3", ("b18-1-3", "b18-1")),
        ("b18-1_s3", ("b18-1_s3", "b18-1")),
        ("set/b18-1#3", ("set/b18-1#3", "set/b18-1", "b18-1")),
        ("3", ("3",)),
        ("", ()),
    ],
)
def test_what_the_id_of_a_request_may_name(custom_id, names):
    found = names_in_id(custom_id)
    assert found[: len(names)] == names


@pytest.mark.parametrize(
    "row",
    [
        {"problem_id": "p", "response": "4", "output": ["x"]},
        {"problem_id": "p", "response": "4", "candidates": []},
        {"messages": [], "content": [], "stop_reason": ""},
        {"problem_id": "p", "response": None},
        {"problem_id": "p", "response": "4", "error": {"message": "of somebody else"}, "custom_id": "c"},
    ],
)
def test_other_rows_are_left_to_their_readers(row):
    assert open_row(row) is None
