"""What a model takes: what is sent by the settings, and refusals that name the setting to change, over HTTP."""

import json
from dataclasses import replace

import pytest

from tests.endpoint import access_to, flip_endpoint, request_for, settings_for
from trajectories.adapters.chat_api import ChatCall, ChatSampler, ChatSettings
from trajectories.adapters.chat_api.calls.records import call_hash
from trajectories.adapters.chat_api.wire.client import request_body
from trajectories.adapters.chat_api.wire.faults import status_fault
from trajectories.adapters.chat_api.wire.options import REMEDIES, apply_remedies, ignored_temperature
from trajectories.adapters.chat_api.wire.streams import merge_stream
from trajectories.core.completions.hidden_errors import Refusal
from trajectories.core.programs.snippets import run_snippet
from trajectories.core.records import AgentLimits, SampleFailure, SampleResult
from trajectories.stand_ins.fake_endpoint import TAKES, Answer, Behaviour, FakeEndpoint, tool_call
from trajectories.stand_ins.fake_endpoint.refusals import CHECKS

PLAIN = ChatSettings(base_url="http://localhost:8000/v1", model="m")
SYSTEM = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Six times seven?"}]
USER = SYSTEM[1:]
APIS = pytest.mark.parametrize("api", ["chat_completions", "responses"])
STREAMED = pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streamed"])


def body_of(settings, messages=SYSTEM):
    return request_body(settings, messages, 0.7, 5)


def test_settings_stored_before_there_were_options_send_what_they_sent():
    """The whole bodies and the hash as they were at commit edb3297."""
    old = {
        name: value
        for name, value in PLAIN.as_parameters().items()
        if name
        not in (
            "sends_temperature",
            "reasoning_effort",
            "system_role",
            "thoughts_back",
            "continues",
            "sees_pictures",
            "picture_tokens",
        )
    }
    settings = ChatSettings.from_parameters(old)
    assert body_of(settings) == {
        "model": "m",
        "temperature": 0.7,
        "stream": False,
        "messages": SYSTEM,
        "max_tokens": 4096,
        "seed": 5,
    }
    assert body_of(replace(settings, api="responses")) == {
        "model": "m",
        "temperature": 0.7,
        "stream": False,
        "input": SYSTEM,
        "max_output_tokens": 4096,
        "store": False,
    }
    assert call_hash(settings, ChatCall(SYSTEM, 0.7, 5)) == HASH


HASH = "e907931aa4a50676da19cda69ffddd9a1937bc6d80e3bdb1d0f16b3e0c5aad02"


def test_each_option_changes_what_is_sent():
    assert "temperature" not in body_of(replace(PLAIN, sends_temperature=False))
    assert body_of(replace(PLAIN, reasoning_effort="minimal"))["reasoning_effort"] == "minimal"
    responses = body_of(replace(PLAIN, reasoning_effort="none", api="responses"))
    assert responses["reasoning"] == {"effort": "none"}
    assert "reasoning_effort" not in responses
    assert [said["role"] for said in body_of(replace(PLAIN, system_role="developer"))["messages"]] == [
        "developer",
        "user",
    ]
    wanted = body_of(replace(PLAIN, thoughts_back="same", api="responses"))
    assert wanted["include"] == ["reasoning.encrypted_content"]
    assert body_of(replace(PLAIN, thoughts_back="same")) == body_of(PLAIN)


def test_an_extra_parameter_of_null_takes_the_field_out():
    settings = replace(PLAIN, streaming=True, extra_body={"stream_options": None, "seed": None, "top": {"k": None}})
    sent = body_of(settings)
    assert {"stream_options", "seed"} & set(sent) == set()
    assert sent["top"] == {"k": None}


@pytest.mark.parametrize(
    ("changes", "messages", "other"),
    [
        ({"sends_temperature": False}, SYSTEM, True),
        ({"reasoning_effort": "low"}, SYSTEM, True),
        ({"system_role": "developer"}, SYSTEM, True),
        ({"system_role": "developer"}, USER, False),
        ({"thoughts_back": "same", "api": "responses"}, SYSTEM, True),
        ({"thoughts_back": "same"}, SYSTEM, False),
        ({"sends_seed": False, "output_limit_field": "max_completion_tokens"}, SYSTEM, False),
    ],
)
def test_answers_are_found_again_unless_the_request_is_another(changes, messages, other):
    base = replace(PLAIN, api=changes.get("api", PLAIN.api))
    call = ChatCall(messages, 0.7, 5)
    assert (call_hash(replace(base, **changes), call) != call_hash(base, call)) == other


def test_temperatures_that_are_not_sent_are_said():
    assert ignored_temperature(PLAIN) == ""
    assert "switch for them is off" in ignored_temperature(replace(PLAIN, sends_temperature=False))
    assert "temperature 0.5 of" in ignored_temperature(replace(PLAIN, extra_body={"temperature": 0.5}))
    assert "remove them" in ignored_temperature(replace(PLAIN, extra_body={"temperature": None}))


def test_every_remedy_is_a_change_of_settings():
    for word in REMEDIES:
        changed = ChatSettings.from_parameters(apply_remedies(PLAIN.as_parameters(), [word]))
        assert isinstance(changed, ChatSettings)


def draw(endpoint, **values):
    sampler = ChatSampler(settings_for(endpoint, **values), access_to())
    ((_, outcome),) = sampler.sample([request_for(0, temperature=0.7)])
    return outcome


REFUSED = {
    "temperature_1": ({}, 'Switch off "Send a temperature"', "no_temperature"),
    "no_temperature": ({}, 'Switch off "Send a temperature"', "no_temperature"),
    "long_limit": ({}, 'Choose max_completion_tokens for "Limit sent as"', "max_completion_tokens"),
    "short_limit": (
        {"output_limit_field": "max_completion_tokens"},
        'Choose max_tokens for "Limit sent as"',
        "max_tokens",
    ),
    "no_effort": ({"reasoning_effort": "high"}, 'Choose another "Reasoning effort" or none', "no_effort"),
    "no_seed": ({}, 'Switch off "Send a seed"', "no_seed"),
    "no_logprobs": ({"logprobs": True}, 'Switch off "Ask for log-probabilities"', "no_logprobs"),
}


@pytest.mark.parametrize("word", REFUSED)
def test_a_refused_option_stops_the_run_and_names_the_setting_which_mends_it(word):
    values, advice, remedy = REFUSED[word]
    with flip_endpoint(Behaviour(takes=(word,))) as endpoint:
        refused = draw(endpoint, **values)
        mended = draw(endpoint, **{**values, **REMEDIES[remedy].change})
    assert isinstance(refused, SampleFailure)
    assert (refused.kind, refused.stops) == ("option", True)
    assert advice in refused.message
    assert "then begin again with the new version" in refused.message
    assert isinstance(mended, SampleResult)
    assert len(endpoint.calls) == 2


@pytest.mark.parametrize(("role", "other"), [("system", "developer"), ("developer", "system")])
@APIS
def test_a_refused_role_names_the_setting(role, other, api):
    settings = replace(PLAIN, system_role=role, api=api)
    fault = status_fault(Refusal(400, {}, CHECKS[other](body_of(settings))), settings, "", body_of(settings))
    assert (fault.kind, fault.remedy) == ("option", other)
    assert f'Choose {other} for "Role of instructions"' in fault.message
    assert CHECKS[other](body_of(replace(settings, system_role=other))) == ""


def test_every_refusal_has_an_expectation_here():
    tried = {*REFUSED, "system", "developer", "thoughts_back", "no_thoughts_back"}
    assert tried == set(CHECKS)
    ignoring = {"ignores_seed", "ignores_temperature", "ignores_logprobs"}
    going_on = {"continues", "stop_reason", "strips"}  # whether and how an unfinished message is gone on with
    assert set(CHECKS) | ignoring | going_on | {"pictures", "blind"} == set(TAKES)


@pytest.mark.parametrize(
    ("said", "values", "words", "remedy"),
    [
        ("Unrecognized request argument supplied: top_k", {"extra_body": {"top_k": 5}}, "extra parameter 'top_k'", ""),
        ("max_tokens is too large: 4096. This model gives at most 100.", {}, 'Lower "Output"', ""),
        ("temperature: Extra inputs are not permitted", {"extra_body": {"temperature": 2}}, "extra parameter 'tem", ""),
        ("temperature: Extra inputs are not permitted", {}, "Send a temperature", "no_temperature"),
        ("'temperature' is not supported", {"extra_body": {"temperature": 2}}, "extra parameter 'temperature'", ""),
        ("`max_tokens` must be greater than `thinking.budget_tokens`", {}, "does not accept the request", ""),
        ("Provider returned error", {"extra_body": {"provider": {"only": ["x"]}}}, "does not accept the request", ""),
        ("System role not supported", {}, "Role of instructions", "developer"),
        ("Something else.", {}, "The endpoint does not accept the request (400).", ""),
    ],
)
def test_a_refusal_is_read_no_further_than_its_words_go(said, values, words, remedy):
    settings = replace(PLAIN, **values)
    fault = status_fault(Refusal(400, {}, said), settings, "", body_of(settings))
    assert words in fault.message
    assert fault.remedy == remedy
    assert fault.stops


class Thinker:
    """As case b04: thoughts and one call of the tool, then the answer."""

    def converse(self, messages, tools, asked_before):
        ran = any(message.get("role") == "tool" or "output" in message for message in messages)
        if ran:
            return Answer("The answer is 42.", reasoning="It printed 42.")
        return Answer("", reasoning="I compute it.", tool_calls=[tool_call("print(6 * 7)")])


@pytest.fixture
def converse(monty):
    def run(endpoint, **values):
        settings = settings_for(endpoint, **{"max_output_tokens": 400, **values})
        sampler = ChatSampler(settings, access_to(), run=lambda code: run_snippet(monty, code))
        ((_, outcome),) = sampler.sample([request_for(0, agent=AgentLimits(turns=4, tokens=20_000))])
        return outcome

    return run


@APIS
@STREAMED
def test_a_model_that_wants_its_thoughts_back_gets_them_where_the_setting_says_so(converse, api, streaming):
    with FakeEndpoint(Behaviour(takes=("thoughts_back",)), answerer=Thinker()) as endpoint:
        refused = converse(endpoint, api=api, streaming=streaming)
        sample = converse(endpoint, api=api, streaming=streaming, thoughts_back="same")
    assert (refused.kind, refused.stops) == ("option", True)
    assert "wants a model's thoughts back in the turns of an agent (400)" in refused.message
    assert 'Choose "as they came" for "Thoughts in agent turns"' in refused.message
    assert isinstance(sample, SampleResult)
    assert sample.messages[-1]["content"] == "The answer is 42."
    assert sample.messages[1]["reasoning_content"] == "I compute it."


@APIS
def test_a_model_that_refuses_its_thoughts_names_the_same_setting(converse, api):
    with FakeEndpoint(Behaviour(takes=("no_thoughts_back",)), answerer=Thinker()) as endpoint:
        refused = converse(endpoint, api=api, thoughts_back="same")
        sample = converse(endpoint, api=api)
    assert 'Choose "never", or another field, for "Thoughts in agent turns"' in refused.message
    assert isinstance(sample, SampleResult)


@pytest.mark.parametrize(
    ("how", "field", "value"),
    [
        ("same", "reasoning_content", "I compute it."),
        ("reasoning", "reasoning", "I compute it."),
        ("reasoning_details", "reasoning_details", [{"type": "reasoning.text", "text": "I compute it."}]),
    ],
)
def test_thoughts_go_back_in_the_field_that_is_chosen(converse, how, field, value):
    with FakeEndpoint(answerer=Thinker()) as endpoint:
        converse(endpoint, thoughts_back=how)
    turn = endpoint.calls[1].messages[1]
    assert turn[field] == value
    assert {"reasoning_content", "reasoning", "reasoning_details"} & set(turn) == {field}
    assert json.loads(turn["tool_calls"][0]["function"]["arguments"]) == {"code": "print(6 * 7)"}


def test_details_of_thoughts_that_come_in_pieces_go_back_whole():
    """As OpenRouter streams them: text in pieces by index, the signature last."""
    pieces = [
        [{"type": "reasoning.text", "index": 0, "text": "I com", "format": "x"}],
        [{"type": "reasoning.text", "index": 0, "text": "pute it."}],
        [{"type": "reasoning.text", "index": 0, "signature": "abc"}],
        [{"type": "reasoning.encrypted", "index": 1, "data": "zzz"}],
        ["nonsense", {"type": "reasoning.text"}, {"index": []}],
    ]
    events = [{"choices": [{"index": 0, "delta": {"reasoning_details": piece}}]} for piece in pieces]
    events.append({"choices": [{"index": 0, "delta": {"content": "Yes."}, "finish_reason": "stop"}]})
    merged = json.loads(merge_stream([f"data: {json.dumps(event)}" for event in events]))
    assert merged["choices"][0]["message"]["reasoning_details"] == [
        {"type": "reasoning.text", "index": 0, "text": "I compute it.", "format": "x", "signature": "abc"},
        {"type": "reasoning.encrypted", "index": 1, "data": "zzz"},
    ]
