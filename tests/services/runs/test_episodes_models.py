"""Language models in worlds, by the product's own services: acting, memory, budgets, verdicts and what is exported."""

import json
import uuid

import pytest

from tests.endpoint import sampler_for
from tests.worlds import agent, make_world_set, plan_episodes, play_all, world_plan
from trajectories.core.releases.rules import Reviews, Rule
from trajectories.models import Export, Instruction, Problem, Run, Trace
from trajectories.selectors.insights.scopes import InsightScope
from trajectories.selectors.insights.worlds import played_runs
from trajectories.services.prompts.instructions import ensure_shipped_instructions
from trajectories.services.releases.exports import export_path, request_export, write_export
from trajectories.services.releases.freezing import freeze_accepted
from trajectories.services.runs.chat_sampling import sample_session
from trajectories.services.runs.lifecycle import plan_run
from trajectories.services.runs.plans import Budget, Plan, PlanError
from trajectories.services.verification.queue import verify_traces
from trajectories.stand_ins.fake_endpoint import Answer, FakeEndpoint, Walker, act_call, tool_call

pytestmark = pytest.mark.django_db(transaction=True)

TURNS = [{"episode": 2, "step": 0, "set": {"wall": "upright"}}]


@pytest.fixture
def world():
    ensure_shipped_instructions()
    return make_world_set(world_plan("maze", {"size": 5}, TURNS, steps=30), 4)


def plan_for(sampler, problem_set, *, samples=1, budget=None, strategy="agent", seed=3, **settings) -> Run:
    return plan_run(
        actor=None,
        title="A model walks",
        sampler=sampler,
        plan=Plan(
            problems=list(Problem.objects.filter(problem_set=problem_set).order_by("pk")),
            instructions=[Instruction.objects.get(name="acting")],
            temperatures=[1.0],
            samples_each=samples,
            strategy=strategy,
            settings={"turns": 60, "tokens": 400_000, **settings} if strategy == "agent" else {},
        ),
        seed=seed,
        problem_set=problem_set,
        budget=budget or Budget(),
    )


def draw(run: Run) -> Run:
    more = True
    while more:
        report = sample_session(run_id=run.pk, on_traces=lambda ids: verify_traces(trace_ids=list(ids)))
        verify_traces(trace_ids=report.trace_ids)
        more = report.more
    run.refresh_from_db()
    return run


def test_a_model_acts_in_every_episode_and_what_it_did_is_verified_by_the_world(world):
    with FakeEndpoint(answerer=Walker()) as endpoint:
        run = draw(plan_for(sampler_for(endpoint), world))
    assert (run.state, run.done_count, run.verified_count) == ("finished", 4, 4)
    traces = list(Trace.objects.filter(run=run).order_by("pk"))
    assert [trace.correctness for trace in traces] == ["pass"] * 4
    assert len(endpoint.calls) == sum(len(trace.answer) for trace in traces)
    assert [tool["function"]["name"] for tool in endpoint.calls[0].body["tools"]] == ["act"]
    assert "Act by calling the tool `act`" in endpoint.calls[0].prompt
    first = traces[0]
    assert (first.facts["reached"], first.facts["ended_by"], first.finish_reason) == (True, "world", "stop")
    results = [step["body"] for step in first.steps if step["kind"] == "tool_result"]
    assert len(results) == len(first.answer)
    assert results[-1].endswith("the goal.")
    assert "I go" in first.reasoning.body
    [played] = played_runs(InsightScope())
    assert (played.world, played.changes, played.lanes) == ("maze", [2], [[True] * 4])
    assert played.tokens > 0


class Clumsy:
    """Calls another tool, names no action, writes no JSON, and calls on after the end; then it walks."""

    def __init__(self):
        self.walker, self.number = Walker(), 0

    def converse(self, messages, tools, asked_before):
        if len(messages) == 1:
            bad = {"id": "c", "type": "function", "function": {"name": "act", "arguments": "{"}}
            return Answer("Let me see.", tool_calls=[tool_call("1"), act_call("fly", 2), {**bad, "id": "call-3"}])
        said = self.walker.converse([messages[0], *messages[5:]], tools, asked_before)
        self.number += 1
        [call] = said.tool_calls
        twice = {**call, "id": f"a{self.number}"}, {**call, "id": f"b{self.number}"}
        return Answer(said.text, tool_calls=twice)


def test_what_is_no_action_never_reaches_the_world_and_spoils_no_verdict(world):
    with FakeEndpoint(answerer=Clumsy()) as endpoint:
        run = draw(plan_for(sampler_for(endpoint), world))
    trace = Trace.objects.filter(run=run).order_by("pk").first()
    told = [step["body"] for step in trace.steps if step["kind"] == "tool_result"]
    assert told[:3] == [
        "Error: There is no tool 'python'; expected 'act'.",
        "Error: Found 'fly' as the action, expected one of up, right, down, left.",
        told[2],
    ]
    assert "The arguments are not JSON" in told[2]
    assert trace.facts["tool_faults"] >= 3
    assert len(trace.answer) == trace.facts["tool_runs"] == trace.facts["steps"]
    verdict = trace.verdicts.get(verifier="episode")
    assert "never came" not in verdict.message
    assert (verdict.outcome == "pass") is trace.facts["reached"]


def test_a_model_that_stops_or_runs_out_of_turns_has_not_reached_its_goal(world):
    with FakeEndpoint(answerer=Walker(stops_after=1)) as endpoint:
        gave_up = draw(plan_for(sampler_for(endpoint), world))
    with FakeEndpoint(answerer=Walker()) as endpoint:
        cut = draw(plan_for(sampler_for(endpoint), world, turns=2))
    for run, ended, why in ((gave_up, None, "stop"), (cut, "turns", "length")):
        unreached = [trace for trace in Trace.objects.filter(run=run) if not trace.facts["reached"]]
        assert unreached
        for trace in unreached:
            assert (trace.correctness, trace.facts.get("ended_by"), trace.finish_reason) == ("fail", ended, why)


def test_with_a_memory_episodes_are_played_in_order_and_told_without_one_none_is(world):
    with FakeEndpoint(answerer=Walker()) as endpoint:
        run = draw(plan_for(sampler_for(endpoint, concurrency=8), world, samples=2, memory=2))
    assert (run.state, run.done_count) == ("finished", 8)
    firsts = [call.prompt for call in endpoint.calls if len(call.messages) == 1]
    told = [prompt.count("\nEpisode ") for prompt in firsts]
    assert sorted(told) == [0, 0, 1, 1, 2, 2, 2, 2]
    assert "What happened in earlier episodes of this world" in firsts[-1]
    for ordinal in range(2):
        traces = list(Trace.objects.filter(run=run, attempt__ordinal=ordinal).order_by("pk"))
        assert [trace.facts["episode"] for trace in traces] == [0, 1, 2, 3]
        [third] = [each for each in firsts if traces[2].problem.statement.splitlines()[0] in each][:1]
        assert f"Episode 1: The goal is reached after {len(traces[1].answer)} step" in third
    with FakeEndpoint(answerer=Walker()) as endpoint:
        draw(plan_for(sampler_for(endpoint), world, seed=4))
    assert not any("earlier episodes" in call.prompt for call in endpoint.calls)


def test_a_budget_holds_for_models_in_worlds_and_other_plans_are_refused(world):
    with FakeEndpoint(answerer=Walker()) as endpoint:
        sampler = sampler_for(endpoint, concurrency=1)
        run = draw(plan_for(sampler, world, budget=Budget(tokens=5_000), tokens=4_000))
    assert run.state == "paused"
    assert "token budget" in run.state_reason
    assert 0 < run.input_tokens + run.output_tokens <= 5_000
    with pytest.raises(PlanError, match="expected one with a tool: in episodes of worlds models act"):
        plan_for(sampler, world, strategy="parallel")


def test_episodes_of_models_and_agents_make_preference_pairs_of_the_same_start(world, lead, settings, tmp_path):
    settings.EXPORT_DIR = tmp_path
    runs = [
        play_all(plan_episodes(world, sampler=agent(name), seed=seed)) for name in ("random",) for seed in (1, 2, 3)
    ]
    with FakeEndpoint(answerer=Walker()) as endpoint:
        runs.append(draw(plan_for(sampler_for(endpoint), world)))
    with FakeEndpoint(answerer=Walker(stops_after=1)) as endpoint:
        runs.append(draw(plan_for(sampler_for(endpoint), world)))
    assert Trace.objects.filter(run__in=runs, correctness="fail").exists()
    rule = Rule(reviews=Reviews(accepted_by=0))
    release = freeze_accepted(actor=lead, title="Walks", rule=rule, key=uuid.uuid4())
    job = request_export(actor=lead, release=release, export_format="preference", with_meta=True)
    write_export(job_id=job.pk)
    rows = [json.loads(line) for line in export_path(Export.objects.get(pk=job.pk)).read_text().splitlines()]
    assert {row["meta"]["source"] for row in rows} == {"verdict", "shorter"}
    for row in rows:
        better, worse = (Trace.objects.get(pk=row["meta"][name]) for name in ("trace_id", "rejected_trace_id"))
        assert better.problem_id == worse.problem_id
        assert better.correctness == "pass"
        assert worse.correctness == "fail" or len(better.answer) < len(worse.answer)
        assert [tool["function"]["name"] for tool in row["tools"]] == ["act"]
