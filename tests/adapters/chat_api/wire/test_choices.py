"""Several samples in one call."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.endpoint import access_to, flip_endpoint, request_for, settings_for
from tests.factories import FLIP_PROGRAM
from trajectories.adapters.chat_api import ChatSampler
from trajectories.adapters.chat_api.calls import limits
from trajectories.adapters.chat_api.calls.ports import NoPorts
from trajectories.adapters.chat_api.wire.choices import share_usage, split_choices
from trajectories.core.completions.replies import Reply, read_reply
from trajectories.core.records import AgentLimits, FinishReason, SampleFailure, Usage
from trajectories.stand_ins.fake_endpoint import Behaviour, Play

STREAMED = pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streamed"])


@pytest.fixture(autouse=True)
def _no_long_waits(monkeypatch):
    monkeypatch.setattr(limits, "FIRST_BACKOFF", 0.001)


class Memory(NoPorts):
    def __init__(self):
        self.kept = {}

    def recall(self, wanted):
        return {key: self.kept[key] for key in wanted if key in self.kept}

    def remember(self, replies):
        self.kept |= replies


def draw(endpoint, count, ports=None, first=0, **values):
    settings = settings_for(endpoint, **{"samples_per_call": 8, "concurrency": 1, **values})
    requests = [request_for(first + ordinal) for ordinal in range(count)]
    found = dict(ChatSampler(settings, access_to(), ports).sample(requests))
    return [found[place] for place in range(count)]


def totals(samples):
    return sum(sample.usage.input_tokens for sample in samples), sum(sample.usage.output_tokens for sample in samples)


@STREAMED
def test_one_call_brings_several_samples_that_are_paid_for_once(streaming):
    with flip_endpoint() as endpoint:
        samples = draw(endpoint, 8, streaming=streaming)
    assert [call.samples for call in endpoint.calls] == [8]
    assert len({sample.reasoning for sample in samples}) == 8
    assert all(sample.program.strip() == FLIP_PROGRAM.strip() for sample in samples)
    assert totals(samples) == (endpoint.spent["input"], endpoint.spent["output"])
    assert [sample.usage.input_tokens > 0 for sample in samples] == [True] + 7 * [False]
    assert all(len(json.loads(sample.raw)["choices"]) == 1 for sample in samples)
    assert {sample.facts["samples_in_call"] for sample in samples} == {8}


def test_what_is_kept_is_not_asked_for_again_and_more_asks_only_for_more():
    memory = Memory()
    with flip_endpoint() as endpoint:
        first = draw(endpoint, 3, memory)
        more = draw(endpoint, 8, memory)
    assert [call.samples for call in endpoint.calls] == [3, 5]
    assert [sample.reasoning for sample in more[:3]] == [sample.reasoning for sample in first]
    assert len({sample.reasoning for sample in more}) == 8
    assert all(sample.facts.get("recalled") for sample in more[:3])


@pytest.mark.parametrize(("way", "calls"), [("ignored", [8, *[1] * 7]), ("refused", [8, *[1] * 8])])
def test_an_endpoint_that_knows_no_n_is_asked_singly_from_then_on(way, calls):
    with flip_endpoint(Behaviour(n=way)) as endpoint:
        samples = draw(endpoint, 8)
    assert [call.samples for call in endpoint.calls] == calls
    assert len({sample.reasoning for sample in samples}) == 8
    assert totals(samples) == (endpoint.spent["input"], endpoint.spent["output"])
    assert samples[-1].facts["n"] == "ignored"


def test_fewer_samples_than_asked_for_are_kept_and_the_rest_is_asked_singly():
    with flip_endpoint(Behaviour(n="fewer")) as endpoint:
        samples = draw(endpoint, 8)
    assert [call.samples for call in endpoint.calls] == [8, 1, 1, 1, 1]
    assert len({sample.reasoning for sample in samples}) == 8


def test_more_samples_than_asked_for_are_paid_for_and_counted():
    with flip_endpoint(Behaviour(n="more")) as endpoint:
        samples = draw(endpoint, 4)
    assert len(endpoint.calls) == 1
    assert samples[0].facts["choices_too_many"] == 1
    assert totals(samples) == (endpoint.spent["input"], endpoint.spent["output"])


def test_a_call_for_several_that_fails_fails_each():
    with flip_endpoint(script=[Play("malformed")]) as endpoint:
        outcomes = draw(endpoint, 4)
    assert [outcome.kind for outcome in outcomes] == ["malformed"] * 4
    assert len(endpoint.calls) == 1


def test_a_wrong_key_is_not_taken_for_a_refused_n():
    with flip_endpoint(Behaviour(key="another")) as endpoint:
        outcomes = draw(endpoint, 8)
    assert all(isinstance(outcome, SampleFailure) and outcome.stops for outcome in outcomes)
    assert len(endpoint.calls) == 1


def test_samples_that_do_not_read_the_same_have_calls_of_their_own():
    with flip_endpoint() as endpoint:
        settings = settings_for(endpoint, samples_per_call=8)
        requests = [
            request_for(0),
            request_for(1, temperature=0.5),
            request_for(2, turns=({"role": "user", "content": "More."},)),
            request_for(3, hint="7"),
            request_for(4, agent=AgentLimits(1, 10_000)),
            request_for(5, agent=AgentLimits(1, 10_000)),
        ]
        groups = ChatSampler(settings, access_to()).groups_of(list(enumerate(requests)))
    assert [len(group) for group in groups] == [1] * 6


def test_the_responses_api_is_never_asked_for_several():
    with flip_endpoint() as endpoint:
        draw(endpoint, 2, api="responses")
    assert ["n" in call.body for call in endpoint.calls] == [False, False]


@STREAMED
def test_log_probabilities_are_asked_for_and_kept(streaming):
    with flip_endpoint() as endpoint:
        (with_them,) = draw(endpoint, 1, logprobs=True, streaming=streaming)
        (without,) = draw(endpoint, 1)
    assert [call.body.get("logprobs") for call in endpoint.calls] == [True, None]
    assert with_them.facts["mean_logprob"] < 0
    assert "logprob" in with_them.raw
    assert "mean_logprob" not in without.facts


def reply(text):
    return Reply(text, "", FinishReason.STOP, None, "m", "{}")


@given(st.lists(st.text(max_size=50), min_size=1, max_size=20), st.integers(0, 10**6), st.integers(0, 10**6))
def test_shares_add_up_to_the_whole(texts, incoming, outgoing):
    whole = Usage(incoming, incoming // 2, outgoing // 3, outgoing)
    shares = share_usage(whole, [reply(text) for text in texts])
    assert sum(shares, Usage()) == whole
    assert all(share.output_tokens >= 0 for share in shares)


def test_choices_come_in_the_order_of_their_indices():
    choices = [{"index": at, "message": {"content": str(at)}} for at in (2, 0, 1)]
    parts = split_choices(json.dumps({"choices": choices}))
    assert [read_reply(part).text for part in parts] == ["0", "1", "2"]


@pytest.mark.parametrize("raw", ["[]", "{}", '{"choices": 3}', '{"choices": [1]}'])
def test_what_holds_no_choices_stays_whole(raw):
    assert split_choices(raw) == [raw]
