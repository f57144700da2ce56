"""Agents over HTTP: a model that calls the Python tool, and one that misuses it in every way."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from tests.endpoint import access_to, flip_endpoint, request_for, settings_for
from tests.factories import FLIP_PROGRAM
from trajectories.adapters.chat_api import ChatSampler, PaidReply
from trajectories.adapters.chat_api.calls import limits
from trajectories.adapters.chat_api.calls.ports import NoPorts
from trajectories.core.programs.snippets import run_snippet
from trajectories.core.records import AgentLimits, FinishReason, SampleFailure, StepKind
from trajectories.stand_ins.fake_endpoint import Answer, FakeEndpoint, LoopingAgent, Play, SymbolicAgent, tool_call

APIS = pytest.mark.parametrize("api", ["chat_completions", "responses"])
STREAMED = pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streamed"])
PRICES = {"input_price": Decimal(1), "output_price": Decimal(10)}
LIMITS = AgentLimits(turns=6, tokens=50_000)


@pytest.fixture(autouse=True)
def _no_long_waits(monkeypatch):
    monkeypatch.setattr(limits, "FIRST_BACKOFF", 0.001)


class Memory(NoPorts):
    """Ports that remember."""

    def __init__(self):
        self.kept = {}

    def recall(self, wanted) -> dict[str, PaidReply]:
        return {key: self.kept[key] for key in wanted if key in self.kept}

    def remember(self, replies):
        self.kept |= replies


class Script:
    """One answer before there is a result of a tool, another one after."""

    def __init__(self, first, then):
        self.first, self.then = first, then

    def converse(self, messages, tools, asked_before):
        ran = any(message.get("role") == "tool" or "output" in message for message in messages)
        return self.then if ran else self.first


@pytest.fixture
def draw(monty):
    def run(endpoint, limits=LIMITS, ports=None, hint="", **values):
        request = request_for(0, agent=limits, payer="attempt 1", hint=hint)
        settings = settings_for(endpoint, **{"max_output_tokens": 400, **values})
        sampler = ChatSampler(settings, access_to(), ports, run=lambda code: run_snippet(monty, code))
        ((_, outcome),) = sampler.sample([request])
        return outcome

    return run


@APIS
@STREAMED
def test_an_agent_tries_its_program_and_answers_with_it(draw, api, streaming):
    with FakeEndpoint(answerer=SymbolicAgent(work=100_000)) as endpoint:
        sample = draw(endpoint, api=api, streaming=streaming, **PRICES)
    kinds = [step.kind for step in sample.steps]
    assert kinds.count(StepKind.TOOL_CALL) == kinds.count(StepKind.TOOL_RESULT) == 2
    assert "def transform" in sample.program
    assert (sample.finish_reason, sample.facts["turns"], sample.facts["tool_runs"]) == (FinishReason.STOP, 3, 2)
    tried = [step for step in sample.steps if step.kind is StepKind.TOOL_RESULT][1]
    assert "pair 1 right" in tried.body
    assert tried.data["status"] == "returned"
    roles = [message["role"] for message in sample.messages]
    assert roles == ["user", "assistant", "tool", "assistant", "tool", "assistant"]
    assert sample.messages[1]["tool_calls"][0]["id"] == sample.messages[2]["tool_call_id"]
    assert len(json.loads(sample.raw)) == 3
    assert sample.usage.input_tokens > 3 * 50
    assert sample.cost == (sample.usage.input_tokens + 10 * sample.usage.output_tokens) / Decimal(1_000_000)


@APIS
def test_an_agent_that_never_ends_is_ended_by_its_turns(draw, api):
    with FakeEndpoint(answerer=LoopingAgent()) as endpoint:
        sample = draw(endpoint, replace(LIMITS, turns=3), api=api)
    assert len(endpoint.calls) == 3
    assert (sample.finish_reason, sample.facts["ended_by"], sample.facts["turns"]) == (FinishReason.LENGTH, "turns", 3)
    assert sample.reasoning.startswith("Once more")
    assert sample.messages[-1]["role"] == "tool"


def test_no_call_is_made_that_may_take_more_tokens_than_allowed(draw):
    with FakeEndpoint(answerer=LoopingAgent("print('x' * 1500)")) as endpoint:
        sample = draw(endpoint, AgentLimits(turns=50, tokens=4_000))
    assert 1 < len(endpoint.calls) < 10
    assert (sample.finish_reason, sample.facts["ended_by"]) == (FinishReason.LENGTH, "tokens")
    assert sample.usage.input_tokens + sample.usage.output_tokens <= 4_000


def test_an_agent_that_may_take_less_than_one_call_is_not_begun(draw):
    with FakeEndpoint(answerer=LoopingAgent()) as endpoint:
        failure = draw(endpoint, AgentLimits(turns=5, tokens=100))
    assert (failure.kind, failure.stops, failure.retryable) == ("agent", False, False)
    assert "may take 100 tokens here; its first call alone" in failure.message
    assert endpoint.calls == []


def test_a_program_that_was_only_run_counts_where_the_answer_has_none(draw):
    script = Script(Answer("", tool_calls=[tool_call(FLIP_PROGRAM)]), Answer("It works, that is my answer."))
    with FakeEndpoint(answerer=script) as endpoint:
        sample = draw(endpoint)
    assert sample.program.strip() == FLIP_PROGRAM.strip()
    assert sample.steps[-1].kind is StepKind.PROGRAM


def misuse(*calls, then="Done."):
    return Script(Answer("", tool_calls=list(calls)), Answer(then))


def named(name, arguments, number=1):
    return {"id": f"call-{number}", "type": "function", "function": {"name": name, "arguments": arguments}}


@APIS
@pytest.mark.parametrize(
    ("call", "words"),
    [
        (named("browse", "{}"), "There is no tool 'browse'; expected 'python'."),
        (named("python", "print(1)"), "The arguments are not JSON"),
        (named("python", '{"source": "1"}'), 'The arguments hold no text "code"'),
        (named("python", '{"code": 7}'), 'The arguments hold no text "code"'),
        (named("no such name!", "{}"), "There is no tool 'no such name!'"),
    ],
)
def test_a_call_that_cannot_be_run_is_answered_and_shown(draw, api, call, words):
    with FakeEndpoint(answerer=misuse(call)) as endpoint:
        sample = draw(endpoint, api=api)
    shown = next(step for step in sample.steps if step.kind is StepKind.TOOL_RESULT)
    assert (shown.title, shown.data["status"]) == ("Error", "refused")
    assert words in shown.body
    assert (sample.facts["tool_runs"], sample.facts["tool_faults"]) == (0, 1)
    sent = endpoint.calls[1].body
    asked = [item for item in sent.get("input", ()) if item.get("type") == "function_call"]
    asked += [inner["function"] for message in sent.get("messages", ()) for inner in message.get("tool_calls") or ()]
    assert isinstance(json.loads(asked[0]["arguments"]), dict), "an endpoint could not read what its model wrote"


def test_parallel_calls_each_have_their_result_up_to_a_limit(draw):
    calls = [tool_call(f"print({number})", number % 2) for number in range(10)]
    with FakeEndpoint(answerer=misuse(*calls)) as endpoint:
        sample = draw(endpoint)
    results = [message for message in sample.messages if message["role"] == "tool"]
    assert [message["content"] for message in results[:8]] == [str(number) for number in range(8)]
    assert all("expected at most 8 calls" in message["content"] for message in results[8:])
    assert len({message["tool_call_id"] for message in results}) == 10


def test_a_tool_call_in_plain_text_is_shown_for_what_it_is(draw):
    text = 'I check.\n<tool_call>{"name": "python", "arguments": {"code": "1"}}</tool_call>'
    with FakeEndpoint(answerer=lambda *_: Answer(text)) as endpoint:
        sample = draw(endpoint)
    assert sample.facts["tool_call_as_text"] is True
    assert sample.facts["tool_runs"] == 0
    assert sample.steps[-1].title == "Written as text, not run"


def test_an_endpoint_without_tools_stops_the_run_and_says_so(draw):
    with flip_endpoint(script=[Play("no_tools")]) as endpoint:
        failure = draw(endpoint)
    assert (failure.kind, failure.stops) == ("no_tools", True)
    assert failure.message.startswith("The endpoint does not take tools for this model (400), and an agent needs one.")


def test_a_call_that_fails_later_says_what_the_earlier_ones_cost(draw):
    with FakeEndpoint(answerer=LoopingAgent(), script=[Play(), Play(), Play("malformed")]) as endpoint:
        failure = draw(endpoint, **PRICES)
    assert isinstance(failure, SampleFailure)
    assert (failure.kind, failure.retryable) == ("malformed", False)
    assert failure.usage.input_tokens > 0
    assert failure.cost == (failure.usage.input_tokens + 10 * failure.usage.output_tokens) / Decimal(1_000_000)


def test_an_answer_cut_off_within_a_call_is_the_end(draw):
    cut = FakeEndpoint(answerer=LoopingAgent(), script=[Play("truncated")])
    with cut as endpoint:
        sample = draw(endpoint)
    assert sample.finish_reason is FinishReason.LENGTH
    assert len(endpoint.calls) == 1


def test_an_agent_begun_again_pays_only_for_what_it_has_not(draw):
    memory = Memory()
    with FakeEndpoint(answerer=LoopingAgent(), script=[Play(), Play("malformed")]) as endpoint:
        failure, sample = (draw(endpoint, replace(LIMITS, turns=3), memory, **PRICES) for _ in range(2))
    assert failure.cost < sample.cost, "the first call is charged to the sample that came of it"
    assert len(endpoint.calls) == 2 + 2
    assert sample.facts["turns"] == 3


def test_the_hint_of_an_agent_is_not_kept(draw):
    with FakeEndpoint(answerer=SymbolicAgent(work=100_000)) as endpoint:
        sample = draw(endpoint, hint="SECRET-7")
    assert all("SECRET-7" in call.prompt for call in endpoint.calls)
    assert "SECRET-7" not in repr(sample)
    assert sample.facts["hinted"] is True
