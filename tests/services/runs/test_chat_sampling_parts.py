"""What models think while samples are drawn: stored apart from their answers, in agents' turns too (case b04)."""

import json
from pathlib import Path

import pytest
from django.core.management import call_command

from tests.endpoint import sampler_for
from trajectories.core.exporters import EXPORTERS, Thoughts
from trajectories.models import Run, Trace
from trajectories.selectors.completions import parts_of
from trajectories.selectors.exports import preview_items
from trajectories.services.prompts.instructions import ensure_shipped_instructions
from trajectories.services.runs.chat_sampling import sample_session
from trajectories.services.verification.queue import verify_traces
from trajectories.stand_ins.fake_endpoint import Answer, Behaviour, FakeEndpoint, tool_call

pytestmark = pytest.mark.django_db(transaction=True)
PROBLEMS = Path(__file__).parents[2] / "data" / "cases" / "b04-agent-thoughts-back" / "problems.jsonl"


@pytest.fixture(autouse=True)
def _silent(monkeypatch):
    """The tests draw themselves; no worker has to hear of a run."""


BOTH_APIS = pytest.mark.parametrize("api", ["chat_completions", "responses"])


class Thinker:
    """Thinks, calls its tool once, and answers with what it printed."""

    def __init__(self, reasoning="It printed 42.", text="The answer is 42."):
        self.last = Answer(text, reasoning=reasoning)

    def converse(self, messages, tools, asked_before):
        if any(message.get("role") == "tool" or message.get("type") == "function_call_output" for message in messages):
            return self.last
        return Answer("Let me run it.", reasoning="I compute it.", tool_calls=[tool_call("print(6 * 7)")])


class Restless(Thinker):
    """Calls its tool whatever it printed."""

    def converse(self, messages, tools, asked_before):
        return super().converse([], tools, asked_before)


def draw(sampler, *options) -> tuple[Run, Trace | None]:
    """A run of one sample of the case's problem, by the product's own commands."""
    ensure_shipped_instructions()
    call_command("import_problems", PROBLEMS, "--split", "train")
    call_command(
        "sample", "--sampler", sampler.name, "--instructions", "numeric", "--samples", "1", "--seed", "5", *options
    )
    run = Run.objects.latest("pk")
    report = sample_session(run_id=run.pk, on_traces=lambda ids: verify_traces(trace_ids=list(ids)))
    verify_traces(trace_ids=report.trace_ids)
    run.refresh_from_db()
    return run, Trace.objects.filter(run=run).first()


def told(trace) -> list[tuple[str, str]]:
    return [(part.kind.value, part.text.strip()) for part in parts_of(trace)]


@BOTH_APIS
def test_every_turn_of_an_agent_keeps_its_parts(api):
    with FakeEndpoint(Behaviour(), answerer=Thinker()) as endpoint:
        run, trace = draw(sampler_for(endpoint, max_output_tokens=400, api=api), "--strategy", "agent")
    assert (run.state, run.correct_count, trace.correctness) == ("finished", 1, "pass")
    assert told(trace) == [("thinking", "It printed 42."), ("content", "The answer is 42.")]
    turn = json.loads(trace.prompt.body)[-2]
    assert (turn["content"], turn["reasoning_content"]) == ("Let me run it.", "I compute it.")
    assert turn["tool_calls"][0]["function"]["name"] == "python"
    thinking = [step["title"] for step in trace.steps if step.get("part") == "thinking"]
    assert thinking == ["Thinking", "I compute it", "Thinking", "It printed 42"]


def test_case_b04_with_thoughts_back_ends_with_one_passing_sample():
    with FakeEndpoint(Behaviour(takes=("thoughts_back",)), answerer=Thinker()) as endpoint:
        refused, nothing = draw(sampler_for(endpoint, max_output_tokens=400), "--strategy", "agent")
        sampler = sampler_for(endpoint, max_output_tokens=400, thoughts_back="same")
        run, trace = draw(sampler, "--strategy", "agent")
    assert (refused.state, nothing) == ("paused", None)
    assert 'Choose "as they came" for "Thoughts in agent turns" in the sampler' in refused.state_reason
    assert (run.state, run.correct_count, trace.answer) == ("finished", 1, "42")


def test_an_agent_that_a_limit_ends_says_nothing_twice():
    with FakeEndpoint(Behaviour(), answerer=Restless()) as endpoint:
        options = ("--strategy", "agent", "--setting", "turns=2")
        _, trace = draw(sampler_for(endpoint, max_output_tokens=400), *options)
    assert trace.facts["ended_by"] == "turns"
    assert told(trace) == [("thinking", "I compute it."), ("content", "Let me run it.")] * 2
    (item,) = preview_items([trace])
    row = EXPORTERS["sft-messages"].row(item, Thoughts.REASONING_CONTENT)
    assert [turn["role"] for turn in row["messages"]] == ["user", *(["assistant", "tool"] * 2)]


@pytest.mark.parametrize("streaming", [False, True])
@BOTH_APIS
def test_thoughts_in_the_text_are_parted_from_the_answer(api, streaming):
    def answer(prompt, asked_before):
        return Answer("<think>\nPerhaps \\boxed{41}?\n</think>\n\nIt is 42.")

    with FakeEndpoint(Behaviour(), answerer=answer) as endpoint:
        _, trace = draw(sampler_for(endpoint, api=api, streaming=streaming))
    assert told(trace) == [("thinking", "Perhaps \\boxed{41}?"), ("content", "It is 42.")]
    assert (trace.answer, trace.correctness) == ("42", "pass")
    assert [step.get("part", "") for step in trace.steps] == ["thinking", "thinking", ""]


def test_a_sample_cut_off_inside_its_thoughts_has_no_answer():
    def answer(prompt, asked_before):
        return Answer("<think>\nso \\boxed{42}, but wait")

    with FakeEndpoint(Behaviour(failures={"truncated": 1.0}), answerer=answer) as endpoint:
        _, trace = draw(sampler_for(endpoint))
    assert (trace.answer, trace.finish_reason, trace.correctness) == (None, "length", "unscored")
    assert trace.parts[-1]["open"] is True
