"""The real client against a real server that misbehaves in every way it knows."""

import logging
from dataclasses import replace
from decimal import Decimal

import pytest

from tests.endpoint import KEY, access_to, flip_endpoint, request_for, settings_for
from tests.factories import FLIP_PROGRAM
from trajectories.adapters.chat_api import ChatSampler
from trajectories.adapters.chat_api.calls import limits
from trajectories.adapters.chat_api.calls.ports import NoPorts
from trajectories.core.records import FinishReason, SampleFailure, SampleResult, Usage
from trajectories.stand_ins.fake_endpoint import FAILURES, Answer, Behaviour, FakeEndpoint, Play, bodies

ANSWERED = {
    "truncated": FinishReason.LENGTH,
    "empty": FinishReason.EMPTY,
    "refused": FinishReason.REFUSAL,
    "filtered": FinishReason.FILTER,
    "not_utf8": FinishReason.STOP,
    "no_usage": FinishReason.STOP,
}
FAILED = {
    "429": ("rate_limited", True, False),
    "500": ("server", True, False),
    "503": ("server", True, False),
    "reset": ("connection", True, False),
    "cut": ("connection", True, False),
    "hang": ("timeout", True, False),
    "drip": ("timeout", True, False),
    "context": ("context", False, False),
    "400": ("bad_request", False, True),
    "401": ("unauthorised", False, True),
    "403": ("forbidden", False, True),
    "404": ("not_found", False, True),
    "no_tools": ("bad_request", False, True),
    "quota": ("quota", False, True),
    "huge": ("too_large", False, False),
    "malformed": ("malformed", False, False),
    "html": ("malformed", False, False),
    "nested": ("malformed", False, False),
    "no_choices": ("malformed", False, False),
    "error_200": ("server", True, False),
    "half": ("server", True, False),
    "died": ("server", True, False),
    "failed": ("server", True, False),
}
"""(kind, retryable, stops) by the word of the failure."""

STREAMED = pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streamed"])
APIS = pytest.mark.parametrize("api", ["chat_completions", "responses"])


@pytest.fixture(autouse=True)
def _no_long_waits(monkeypatch):
    monkeypatch.setattr(limits, "FIRST_BACKOFF", 0.001)


def draw(endpoint, count=1, environment=None, **values):
    """Outcomes in the order of their requests."""
    sampler = ChatSampler(settings_for(endpoint, **values), access_to(endpoint.url, environment=environment))
    found = dict(sampler.sample([request_for(ordinal) for ordinal in range(count)]))
    return [found[position] for position in range(count)]


def test_every_way_to_fail_has_an_expectation_here():
    assert {*ANSWERED, *FAILED, "unfinished"} == set(FAILURES)


@APIS
@STREAMED
def test_an_answer_is_a_sample_with_its_program_usage_and_raw_text(api, streaming):
    with flip_endpoint() as endpoint:
        (sample,) = draw(endpoint, api=api, streaming=streaming)
    assert isinstance(sample, SampleResult)
    assert sample.program.strip() == FLIP_PROGRAM.strip()
    assert sample.finish_reason is FinishReason.STOP
    assert sample.usage.input_tokens > 10
    assert sample.usage.output_tokens > 10
    assert "transform" in sample.raw
    assert sample.messages[0]["role"] == "user"
    assert endpoint.calls[0].path == ("/v1/responses" if api == "responses" else "/v1/chat/completions")


@APIS
def test_what_is_sent_is_what_the_settings_say(api):
    with flip_endpoint() as endpoint:
        draw(endpoint, api=api, extra_body={"top_p": 0.5, "min_p": 0.05}, environment={"K": KEY}, key_variable="K")
    call = endpoint.calls[0]
    assert call.headers["authorization"] == f"Bearer {KEY}"
    assert (call.body["model"], call.body["temperature"], call.body["top_p"], call.body["min_p"]) == (
        *("fake", 1.0),
        *(0.5, 0.05),
    )
    assert call.body["max_output_tokens" if api == "responses" else "max_tokens"] == 200
    assert ("seed" in call.body) == (api == "chat_completions"), "the Responses API has no seed"


@STREAMED
@pytest.mark.parametrize(("word", "reason"), ANSWERED.items())
def test_an_odd_answer_is_kept_for_what_it_is(word, reason, streaming):
    with flip_endpoint(script=[Play(word)]) as endpoint:
        (sample,) = draw(endpoint, streaming=streaming)
    assert isinstance(sample, SampleResult)
    assert sample.finish_reason is reason
    assert (sample.program != "") == (reason is FinishReason.STOP)
    assert ("replaced_characters" in sample.facts) == (word == "not_utf8")
    assert (sample.facts.get("usage") == "estimated") == (word == "no_usage")
    assert sample.usage.input_tokens > 0


@STREAMED
@pytest.mark.parametrize(("word", "expected"), FAILED.items())
def test_a_failure_is_named_and_says_what_to_do(word, expected, streaming):
    timeout = 1.0 if word in ("hang", "drip") else 20.0
    with flip_endpoint(script=[Play(word)]) as endpoint:
        (failure,) = draw(endpoint, tries=1, timeout_seconds=timeout, streaming=streaming)
    assert isinstance(failure, SampleFailure)
    assert (failure.kind, failure.retryable, failure.stops) == expected
    assert failure.message.endswith((".", "]", "'", ")"))
    assert len(failure.message) < 700


@pytest.mark.parametrize(
    ("api", "streaming", "kind"),
    [
        ("chat_completions", True, "connection"),
        ("chat_completions", False, "server"),
        ("responses", True, "connection"),
        ("responses", False, "server"),
    ],
)
def test_half_a_text_is_never_a_finished_sample(api, streaming, kind):
    """Neither `[DONE]` nor a body that is whole makes one of it."""
    with flip_endpoint(script=[Play("unfinished")]) as endpoint:
        (failure,) = draw(endpoint, tries=1, api=api, streaming=streaming)
    assert isinstance(failure, SampleFailure)
    assert (failure.kind, failure.retryable, failure.stops) == (kind, True, False)


@APIS
@STREAMED
@pytest.mark.parametrize("word", bodies.SPOILT)
def test_an_error_dressed_as_an_answer_is_asked_again_as_its_status_would_be(word, api, streaming):
    with flip_endpoint(script=[Play(word)]) as endpoint:
        (sample,) = draw(endpoint, tries=2, api=api, streaming=streaming)
    assert isinstance(sample, SampleResult)
    assert sample.program.strip() == FLIP_PROGRAM.strip()
    assert len(endpoint.calls) == 2
    assert sum(sample.facts["faults"].values()) == 1


@pytest.mark.parametrize("word", ["error_200", "half", "died", "failed"])
def test_the_endpoints_own_words_are_kept_for_admins(word):
    noted = []

    class Notes(NoPorts):
        def note(self, kind, detail):
            noted.append((kind, detail))

    with flip_endpoint(script=[Play(word)]) as endpoint:
        sampler = ChatSampler(settings_for(endpoint, tries=1, streaming=True), access_to(), Notes())
        ((_, failure),) = sampler.sample([request_for(0)])
    ((kind, detail),) = noted
    assert kind == failure.kind
    assert "The upstream model went away." in detail
    assert "went away" not in failure.message


def test_faults_of_one_kind_are_noted_once_in_a_while():
    noted = []

    class Notes(NoPorts):
        def note(self, kind, detail):
            noted.append(kind)

    with flip_endpoint(script=[*[Play("500")] * 3, Play("429", "0"), Play("500")]) as endpoint:
        sampler = ChatSampler(settings_for(endpoint, tries=9, concurrency=1), access_to(), Notes())
        ((_, sample),) = sampler.sample([request_for(0)])
    assert isinstance(sample, SampleResult)
    assert noted == ["server", "rate_limited"]


def test_a_call_that_fails_in_passing_is_made_again():
    with flip_endpoint(script=[Play("500"), Play("reset")]) as endpoint:
        (sample,) = draw(endpoint, tries=3)
    assert isinstance(sample, SampleResult)
    assert len(endpoint.calls) == 3


def test_a_call_that_goes_on_failing_is_given_up_and_may_be_made_later():
    with flip_endpoint(Behaviour(failures={"503": 1.0}, retry_after="0")) as endpoint:
        (failure,) = draw(endpoint, tries=3)
    assert (failure.kind, failure.retryable, failure.stops) == ("server", True, False)
    assert len(endpoint.calls) == 3


def test_a_bad_sample_is_not_drawn_again():
    with flip_endpoint(script=[Play("empty")]) as endpoint:
        (sample,) = draw(endpoint)
    assert sample.finish_reason is FinishReason.EMPTY
    assert len(endpoint.calls) == 1


def test_call_after_call_failing_opens_the_circuit():
    with flip_endpoint(Behaviour(failures={"500": 1.0})) as endpoint:
        outcomes = draw(endpoint, count=40, tries=1, concurrency=1)
    assert len(endpoint.calls) == limits.BREAKER_CALLS
    assert sum(outcome.stops for outcome in outcomes) == 40 - limits.BREAKER_CALLS + 1
    assert "Call after call fails" in outcomes[-1].message
    assert "The endpoint failed (500)" in outcomes[-1].message


def test_one_success_closes_the_circuit_again():
    script = [*[Play("500")] * (limits.BREAKER_CALLS - 1), Play(), *[Play("500")] * (limits.BREAKER_CALLS - 1)]
    with flip_endpoint(script=script) as endpoint:
        outcomes = draw(endpoint, count=len(script), tries=1, concurrency=1)
    assert not any(isinstance(outcome, SampleFailure) and outcome.stops for outcome in outcomes)


def test_a_wrong_key_stops_everything_at_once():
    with flip_endpoint(Behaviour(key=KEY)) as endpoint:
        outcomes = draw(endpoint, count=20, concurrency=2, environment={"K": "sk-other-key-987654"}, key_variable="K")
    assert all(outcome.stops for outcome in outcomes)
    assert len(endpoint.calls) <= 2
    assert "does not accept the key" in outcomes[0].message


def test_a_long_retry_after_holds_the_sampler_and_freezes_nothing():
    with flip_endpoint(script=[Play("429", "3600")]) as endpoint:
        (failure,) = draw(endpoint)
    assert (failure.kind, failure.retryable, failure.stops) == ("held", True, True)
    assert "It asks to be left alone for 3,600 s." in failure.message


def test_no_more_calls_run_at_once_than_allowed():
    with flip_endpoint(Behaviour(latency=0.05)) as endpoint:
        outcomes = draw(endpoint, count=40, concurrency=5)
    assert len(outcomes) == 40
    assert 2 <= endpoint.most_in_flight <= 5


def test_too_many_calls_at_once_shrink_until_all_get_through():
    with flip_endpoint(Behaviour(latency=0.02, in_flight=4, retry_after="0")) as endpoint:
        outcomes = draw(endpoint, count=40, concurrency=16, tries=20)
    assert all(isinstance(outcome, SampleResult) for outcome in outcomes)


def test_reasoning_and_its_tokens_are_kept_apart_from_the_answer():
    thinker = FakeEndpoint(answerer=lambda *_: Answer("The answer.", reasoning="First I think. " * 10))
    with thinker as endpoint:
        (sample,) = draw(endpoint)
    assert "First I think." in sample.reasoning
    assert "The answer." in sample.reasoning
    assert 0 < sample.usage.reasoning_tokens < sample.usage.output_tokens


@STREAMED
def test_tool_calls_come_through(streaming):
    call = {"id": "call-1", "type": "function", "function": {"name": "python", "arguments": '{"code": "1"}'}}
    with FakeEndpoint(answerer=lambda *_: Answer("", tool_calls=[call])) as endpoint:
        (sample,) = draw(endpoint, streaming=streaming)
    assert sample.facts["tool_calls"] == [call]
    assert sample.finish_reason is FinishReason.STOP


def test_a_sample_costs_what_its_tokens_cost():
    prices = {"input_price": Decimal(2), "cached_price": Decimal("0.5"), "output_price": Decimal(10)}
    with flip_endpoint() as endpoint:
        settings = settings_for(endpoint, **prices)
        (sample,) = draw(endpoint, **prices)
    assert sample.cost == (2 * sample.usage.input_tokens + 10 * sample.usage.output_tokens) / Decimal(1_000_000)
    usage = Usage(input_tokens=1_000_000, cached_tokens=400_000, output_tokens=100_000)
    assert settings.cost_of(usage) == Decimal("2.4")
    assert settings_for(endpoint).cost_of(usage) is None


def test_a_cost_that_the_endpoint_states_is_what_a_sample_costs():
    with flip_endpoint() as endpoint:
        endpoint.behaviour = replace(endpoint.behaviour, stated_cost=0.0123)
        (sample,) = draw(endpoint, input_price=Decimal(1000), output_price=Decimal(1000))
        shared = draw(endpoint, count=3, samples_per_call=3, concurrency=1)
    assert sample.cost == Decimal("0.0123")
    assert sum(each.cost for each in shared) == Decimal("0.0123")


def test_a_text_that_ends_at_the_very_limit_was_cut_off_whatever_the_server_says():
    with flip_endpoint() as endpoint:
        (whole,) = draw(endpoint)
        (cut,) = draw(endpoint, max_output_tokens=whole.usage.output_tokens)
    assert (whole.finish_reason, cut.finish_reason) == (FinishReason.STOP, FinishReason.LENGTH)


def test_a_missing_key_stops_before_anything_is_sent():
    with flip_endpoint() as endpoint:
        (failure,) = draw(endpoint, key_variable="K")
    assert (failure.kind, failure.stops) == ("no_key", True)
    assert "with this sampler's key is not set" in failure.message
    assert endpoint.calls == []


@pytest.mark.parametrize("word", [word for word in FAILED if word not in ("hang", "drip")])
def test_the_key_is_in_no_message_and_in_no_log(word, caplog):
    caplog.set_level(logging.DEBUG)
    with flip_endpoint(script=[Play(word)]) as endpoint:
        (failure,) = draw(endpoint, tries=1, environment={"K": KEY}, key_variable="K")
    assert KEY in endpoint.calls[0].headers["authorization"]
    assert KEY not in failure.message
    assert KEY not in caplog.text


def test_an_answer_that_repeats_the_key_loses_it():
    with FakeEndpoint(answerer=lambda *_: Answer(f"Your key is {KEY}.")) as endpoint:
        (sample,) = draw(endpoint, environment={"K": KEY}, key_variable="K")
    assert KEY not in repr(sample)
    assert "Your key is [hidden]." in sample.reasoning


def test_a_prompt_longer_than_the_context_is_not_sent():
    with flip_endpoint() as endpoint:
        (failure,) = draw(endpoint, context_limit=20)
    assert (failure.kind, failure.stops) == ("context", False)
    assert endpoint.calls == []
