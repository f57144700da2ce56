import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.adapters.chat_api.wire.faults import redact, retry_after_seconds
from trajectories.adapters.chat_api.wire.settings import ChatSettings
from trajectories.adapters.chat_api.wire.streams import merge_stream
from trajectories.core.completions.hidden_errors import HiddenError
from trajectories.core.completions.replies import read_reply
from trajectories.core.records import FinishReason
from trajectories.stand_ins.fake_endpoint import Answer, bodies

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=20,
)
NAMES = ("choices", "message", "content", "usage", "output", "object", "incomplete_details", "finish_reason", "delta")
shaped = st.dictionaries(st.sampled_from(NAMES), values | st.lists(st.dictionaries(st.sampled_from(NAMES), values)))


@given(shaped | values)
def test_whatever_comes_is_an_answer_or_a_plain_error(value):
    # Any other exception than ValueError fails the test.
    with suppress(ValueError):
        assert isinstance(read_reply(json.dumps(value)).text, str)


@given(st.lists(st.text(max_size=30)) | st.lists(shaped.map(lambda event: f"data: {json.dumps(event)}")))
def test_whatever_is_streamed_is_an_answer_or_a_plain_error(lines):
    with suppress(ValueError):
        json.loads(merge_stream(lines))


@pytest.mark.parametrize("failure", ["", "truncated", "filtered"])
@given(text=st.text(max_size=200), reasoning=st.text(max_size=100))
def test_a_streamed_answer_reads_as_the_whole_one(failure, text, reasoning):
    answer = Answer(text, reasoning)
    completion = bodies.completion("model", 2, [answer], failure)
    response = bodies.response("model", 2, answer, failure)
    for whole, stream in ((completion, bodies.stream_completion), (response, bodies.stream_response)):
        events = "".join(stream(whole)).split("\n")
        streamed, plain = read_reply(merge_stream(events)), read_reply(json.dumps(whole))
        assert (streamed.text, streamed.reasoning, streamed.finish_reason, streamed.usage) == (
            *(plain.text, plain.reasoning),
            *(plain.finish_reason, plain.usage),
        )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "Thu, 01 Jan 1970 00:02:00 GMT"}, 20.0),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({}, None),
    ],
)
def test_retry_after_comes_in_seconds_milliseconds_or_as_a_date(given, expected):
    assert retry_after_seconds(given, 100.0) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Bearer abcdef",
        "key sk-abc12345678",
        "hf_ABCDEFGHIJ used",
        "authorization: bearer x.y.z",
        "Authorization: Basic abcdef",
        '"x-api-key": "abcdef"',
    ],
)
def test_what_looks_like_a_key_is_hidden(text):
    hidden = redact(text, "")
    assert "[hidden]" in hidden
    assert not any(part in hidden for part in ("abcdef", "abc12345678", "ABCDEFGHIJ", "x.y.z"))


def test_settings_survive_their_json_form():
    settings = ChatSettings.from_parameters(
        {"base_url": "http://x/v1", "model": "m", "input_price": "0.15", "output_price": "0.6", "extra_body": {"a": 1}}
    )
    assert ChatSettings.from_parameters(json.loads(json.dumps(settings.as_parameters()))) == settings


@pytest.mark.parametrize(
    ("given", "words"), [({"model": "m"}, "no 'base_url'"), ({"base_url": "x", "model": "m", "key": "k"}, "'key'")]
)
def test_settings_that_are_none_say_why(given, words):
    with pytest.raises(ValueError, match=words):
        ChatSettings.from_parameters(given)


def body(**choice):
    return json.dumps({"choices": [{"index": 0, "message": {"role": "assistant", "content": "Half"}, **choice}]})


@pytest.mark.parametrize(
    "reason", ["internal_error", "timeout", "timed_out", "failed", "interrupted", "server_error", "client_disconnected"]
)
def test_half_a_text_is_no_answer_whatever_word_a_gateway_has_for_it(reason):
    with pytest.raises(HiddenError) as caught:
        read_reply(body(finish_reason=reason))
    assert caught.value.refusal.status == 502
    assert reason in caught.value.refusal.text


@pytest.mark.parametrize("reason", ["stop", "eos", "end_turn", "tool_calls", "length", "max_tokens", "repetition"])
def test_a_finished_or_a_cut_off_text_is_an_answer(reason):
    assert read_reply(body(finish_reason=reason)).text == "Half"


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        ({"detail": "The model is loading."}, 502, "The model is loading."),
        ({"object": "error", "message": "died", "type": "InternalServerError", "code": 503}, 503, "died"),
        ({"errors": [{"message": "slow down", "code": 429}]}, 429, "slow down"),
        ({"error_msg": "no quota"}, 502, "no quota"),
        ({"base_resp": {"status_code": 1002, "status_msg": "rate limit"}, "choices": None}, 429, "rate limit"),
        ({"object": "response", "status": "expired", "output": []}, 502, "expired"),
    ],
)
def test_errors_that_no_field_calls_so_are_errors_in_their_own_words(answer, status, words):
    with pytest.raises(HiddenError) as caught:
        read_reply(json.dumps(answer))
    assert caught.value.refusal.status == status
    assert words in caught.value.refusal.text


def test_null_is_no_reason_to_finish_of_an_answer_that_just_came() -> None:
    choice = {"index": 0, "message": {"role": "assistant", "content": "The answer is 4"}}
    half = json.dumps({"choices": [{**choice, "finish_reason": None}]})
    with pytest.raises(HiddenError, match="broken off"):
        read_reply(half, just_came=True)
    assert read_reply(half).finish_reason is FinishReason.STOP
    # Small servers say nothing of it at all.
    assert read_reply(json.dumps({"choices": [choice]}), just_came=True).finish_reason is FinishReason.STOP


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("max_length", FinishReason.LENGTH),
        ("TOKEN_LIMIT", FinishReason.LENGTH),
        ("pause_turn", FinishReason.LENGTH),
        ("incomplete", FinishReason.LENGTH),
        ("content-filter", FinishReason.FILTER),
        ("sensitive", FinishReason.FILTER),
        ("ERROR_TOXIC", FinishReason.FILTER),
        ("guardrail_intervened", FinishReason.FILTER),
        ("eos_token", FinishReason.STOP),
        ("COMPLETE", FinishReason.STOP),
    ],
)
def test_providers_words_for_an_ending(word: str, expected: FinishReason) -> None:
    assert read_reply(body(finish_reason=word), just_came=True).finish_reason is expected


@pytest.mark.parametrize(
    "value",
    [
        {"status": "failed", "choices": [{"message": {"content": "The answer is 4"}, "finish_reason": "stop"}]},
        {"choices": [{"message": {"content": "The answer is 4"}, "finish_reason": ""}]},
        [{"error": {"code": 503, "message": "Busy.", "status": "UNAVAILABLE"}}],
    ],
)
def test_more_errors_dressed_as_answers(value) -> None:
    with pytest.raises(HiddenError):
        read_reply(json.dumps(value), just_came=True)
