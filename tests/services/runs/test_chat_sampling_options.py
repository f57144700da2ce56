"""Runs of models that do not take everything (cases b04 and b07), by the product's own commands."""

import json

import pytest
from django.core.management import call_command

from tests.endpoint import sampler_for
from trajectories.models import ProblemSet, Run, Trace
from trajectories.services.prompts.instructions import ensure_shipped_instructions
from trajectories.services.runs.chat_sampling import sample_session
from trajectories.services.verification.queue import verify_traces
from trajectories.stand_ins.fake_endpoint import Answer, Behaviour, FakeEndpoint, canned, tool_call

pytestmark = pytest.mark.django_db(transaction=True)


class Thinker:
    """Thinks, calls its tool once, and answers with what it printed."""

    def converse(self, messages, tools, asked_before):
        if any(message.get("role") == "tool" for message in messages):
            return Answer("The answer is 42.", reasoning="It printed 42.")
        return Answer("", reasoning="I compute it.", tool_calls=[tool_call("print(6 * 7)")])


def begin(tmp_path, sampler, *options):
    """A run of one sample, drawn as far as it goes."""
    file = tmp_path / "problems.jsonl"
    file.write_text(json.dumps({"name": "six", "question": "Six times seven?", "answer": 42}))
    ensure_shipped_instructions()
    if not ProblemSet.objects.exists():
        call_command("import_problems", str(file), "--split", "train")
    call_command(
        "sample", "--sampler", sampler.name, "--instructions", "numeric", "--samples", "1", "--seed", "5", *options
    )
    run = Run.objects.latest("pk")
    report = sample_session(run_id=run.pk, on_traces=lambda ids: verify_traces(trace_ids=list(ids)))
    verify_traces(trace_ids=report.trace_ids)
    run.refresh_from_db()
    return run


AGENT = ("--strategy", "agent")


def test_an_agent_gives_thoughts_back_to_a_model_that_wants_them(tmp_path):
    with FakeEndpoint(Behaviour(takes=("thoughts_back",)), answerer=Thinker()) as endpoint:
        refused = begin(tmp_path, sampler_for(endpoint, max_output_tokens=400), *AGENT)
        run = begin(tmp_path, sampler_for(endpoint, max_output_tokens=400, thoughts_back="same"), *AGENT)
    assert refused.state == "paused"
    assert 'Choose "as they came" for "Thoughts in agent turns" in the sampler' in refused.state_reason
    assert (run.state, run.done_count, run.correct_count) == ("finished", 1, 1)
    assert len(endpoint.calls) == 3, "the first turn is recalled, as nothing of it has changed"
    assert Trace.objects.get(run=run).answer == "42"


@pytest.mark.parametrize("takes", ["temperature_1", "no_temperature"])
def test_a_model_without_temperatures_pauses_the_run_with_the_name_of_the_switch(tmp_path, takes):
    with FakeEndpoint(Behaviour(takes=(takes,)), answerer=canned("The answer is 42.")) as endpoint:
        warm = ("--temperatures", "0.7")
        refused = begin(tmp_path, sampler_for(endpoint), *warm)
        run = begin(tmp_path, sampler_for(endpoint, sends_temperature=False), *warm)
    assert refused.state == "paused"
    assert 'Switch off "Send a temperature" in the sampler' in refused.state_reason
    assert (run.state, run.correct_count) == ("finished", 1)
