"""Runs of language models, asked over HTTP."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal

import pytest
from django.db import connection

from tests.endpoint import bind_keys, flip_endpoint, sampler_for
from tests.factories import assert_counters_add_up, make_instruction, make_problem, plan
from trajectories.adapters.chat_api import ChatSampler, ChatSettings
from trajectories.adapters.chat_api.calls import limits
from trajectories.core.records import FinishReason, SampleResult, Usage
from trajectories.models import EndpointGate, Run, Sampler, Text, Trace
from trajectories.services.endpoints.access import endpoint_access
from trajectories.services.endpoints.replies import DatabasePorts
from trajectories.services.runs.chat_attempts import claim_attempts
from trajectories.services.runs.chat_sampling import sample_session
from trajectories.services.runs.lifecycle import pause_run, resume_run, set_budget
from trajectories.services.runs.outcomes import keep_outcomes
from trajectories.services.runs.plans import Budget, PlanError
from trajectories.services.runs.requests import sample_request
from trajectories.services.verification.queue import verify_traces
from trajectories.stand_ins.fake_endpoint import Behaviour, FakeEndpoint, Play, canned

pytestmark = pytest.mark.django_db(transaction=True)
PRICES = {"input_price": Decimal(1), "output_price": Decimal(10)}
IN_FLIGHT = 4


@pytest.fixture(autouse=True)
def _no_long_waits(monkeypatch):
    monkeypatch.setattr(limits, "FIRST_BACKOFF", 0.001)


@pytest.fixture
def problems():
    return [make_problem(), make_problem()]


def program_view():
    return make_instruction(style="program", suits="chat")


def plan_chat(endpoint, problems, *, values=None, **options) -> Run:
    sampler = options.pop("sampler", None) or sampler_for(endpoint, **{"concurrency": IN_FLIGHT, **(values or {})})
    fields = {"instructions": [program_view()], "samples_each": 5, "seed": 7, **options}
    return plan(sampler=sampler, problems=problems, **fields)


def sample(run) -> Run:
    report = sample_session(run_id=run.pk, on_traces=lambda ids: verify_traces(trace_ids=list(ids)))
    verify_traces(trace_ids=report.trace_ids)
    assert_counters_add_up(run)
    return run


def test_grids_in_an_answer_keep_their_place_behind_the_thoughts():
    answerer = canned(text="<answer>[[9, 8, 7]]</answer>")
    thinking = lambda prompt, asked: replace(answerer(prompt, asked), reasoning="Perhaps [[7, 8, 9]]?")  # noqa: E731
    with FakeEndpoint(answerer=thinking) as endpoint:
        view = make_instruction(style="direct", suits="chat")
        run = sample(plan_chat(endpoint, [make_problem()], instructions=[view], samples_each=1))
    trace = Trace.objects.get(run=run)
    found = trace.verdicts.get(verifier="arc_answer").evidence["found"]
    assert (trace.correctness, found["rule"]) == ("pass", "tag")
    assert trace.reasoning.body[found["start"] : found["end"]] == "[[9, 8, 7]]"


def test_a_run_ends_with_every_sample_verified_and_paid(problems):
    with flip_endpoint() as endpoint:
        run = sample(plan_chat(endpoint, problems, values=PRICES))
    assert (run.state, run.done_count, run.correct_count) == ("finished", 10, 10)
    traces = Trace.objects.filter(run=run)
    assert run.input_tokens == sum(trace.input_tokens for trace in traces) > 0
    assert run.cost == sum(trace.cost for trace in traces) > 0
    assert all("transform" in trace.raw.body for trace in traces.select_related("raw"))
    assert endpoint.most_in_flight <= IN_FLIGHT


def test_samples_of_one_prompt_are_asked_one_after_the_other(problems):
    views = [make_instruction(style="program", suits="chat", template=f"{word} {{problem}}") for word in ("One", "Two")]
    run = plan_chat(flip_endpoint(), problems[1:], instructions=views, samples_each=4)
    claim = claim_attempts(run_id=run.pk, lease_token=uuid.uuid4(), concurrency=8)
    assert [attempt.instruction_id for attempt in claim.attempts] == [views[0].pk] * 4 + [views[1].pk] * 4


def test_the_same_run_again_pays_nothing_and_its_samples_stay_different(problems):
    view = program_view()
    with flip_endpoint() as endpoint:
        first = sample(plan_chat(endpoint, problems, values=PRICES, instructions=[view]))
        again = sample(plan_chat(endpoint, problems, sampler=first.sampler, instructions=[view]))
    assert len(endpoint.calls) == 10
    assert (again.done_count, again.correct_count, again.cost, again.input_tokens) == (10, 10, 0, 0)
    assert texts_of(first) == texts_of(again)
    assert len(texts_of(first)) == 10


def texts_of(run):
    return set(Trace.objects.filter(run=run).values_list("reasoning_id", flat=True))


def test_more_samples_of_the_same_plan_ask_only_for_the_new_ones(problems):
    view = program_view()
    with flip_endpoint() as endpoint:
        sampler = sampler_for(endpoint, concurrency=IN_FLIGHT, **PRICES)
        first = plan(sampler=sampler, problems=problems, instructions=[view], samples_each=3)
        sample(first)
        more = plan(sampler=sampler, problems=problems, instructions=[view], samples_each=5, temperatures=[0.0, 1.0])
        sample(more)
    assert len(endpoint.calls) == 6 + 2 * 2 + 2 * 5
    recalled = Trace.objects.filter(run=more, facts__recalled=True)
    assert recalled.count() == 6
    assert {trace.cost for trace in recalled} == {0}
    texts = set(Trace.objects.filter(run=more, problem=problems[0]).values_list("reasoning_id", flat=True))
    assert len(texts) == 10, "no two samples collapse into one"


def test_another_seed_and_the_switch_ask_anew(problems):
    view = program_view()
    with flip_endpoint() as endpoint:
        sampler = sampler_for(endpoint)
        for options in ({"seed": 1}, {"seed": 2}, {"seed": 1, "options": {"recalls": False}}, {"seed": 1}):
            sample(plan(sampler=sampler, problems=problems, instructions=[view], samples_each=2, **options))
    assert len(endpoint.calls) == 3 * 4


def test_a_higher_limit_asks_again_only_for_what_was_cut_off(problems):
    view = program_view()
    with flip_endpoint(script=[Play("truncated"), Play()]) as endpoint:
        first = sampler_for(endpoint, concurrency=1)
        sample(plan(sampler=first, problems=problems[:1], instructions=[view], samples_each=2))
        longer = sampler_for(endpoint, concurrency=1, max_output_tokens=400)
        run = sample(plan(sampler=longer, problems=problems[:1], instructions=[view], samples_each=2))
    assert len(endpoint.calls) == 3
    assert run.correct_count == 2


def test_failures_are_kept_by_kind_and_the_run_goes_on(problems):
    script = [Play("malformed"), Play("huge"), Play("context"), Play("truncated"), Play("refused")]
    with flip_endpoint(script=script) as endpoint:
        run = sample(plan_chat(endpoint, problems))
    assert run.state == "finished"
    assert sorted(run.attempts.filter(state="failed").values_list("error_kind", flat=True)) == [
        *("context", "malformed", "too_large")
    ]
    reasons = Trace.objects.filter(run=run).exclude(finish_reason="stop").values_list("finish_reason", flat=True)
    assert sorted(reasons) == ["length", "refusal"]


@pytest.mark.parametrize("word", ["401", "403", "404", "400", "quota"])
def test_what_no_other_call_can_survive_pauses_the_run_and_loses_nothing(word, problems, lead):
    with flip_endpoint(script=[Play(word)] * IN_FLIGHT) as endpoint:
        run = sample(plan_chat(endpoint, problems))
        assert run.state == "paused"
        assert run.state_reason
        assert run.attempts.filter(state="pending").count() == 10 - run.done_count
        endpoint.script.clear()
        resume_run(actor=lead, run=run)
        assert sample(run).state == "finished"
    assert run.done_count == 10


def test_an_endpoint_that_is_down_pauses_the_run(problems):
    with flip_endpoint(Behaviour(failures={"500": 1.0})) as endpoint:
        run = sample(plan_chat(endpoint, problems, values={"tries": 1}, samples_each=10))
    assert (run.state, run.done_count, run.failed_count) == ("paused", 0, 0)
    assert "Call after call fails" in run.state_reason


def test_a_long_retry_after_leaves_the_run_running_and_hands_out_nothing(problems):
    with flip_endpoint(script=[Play("429", "3600")]) as endpoint:
        run = sample(plan_chat(endpoint, problems, values={"concurrency": 1}))
        assert run.state == "running"
        assert EndpointGate.objects.get().reason.endswith("It asks to be left alone for 3,600 s.")
        calls = len(endpoint.calls)
        sample(run)
        assert len(endpoint.calls) == calls


def test_a_missing_key_pauses_the_run_and_the_reason_names_no_variable(problems, settings):
    with flip_endpoint() as endpoint:
        bind_keys(settings, f"NO_SUCH_KEY={endpoint.url}")
        run = sample(plan_chat(endpoint, problems, values={"key_variable": "NO_SUCH_KEY"}))
    assert run.state == "paused"
    assert "variable with this sampler's key is not set" in run.state_reason
    assert "NO_SUCH_KEY" not in run.state_reason
    assert "NO_SUCH_KEY is not set" in run.sampler.endpoint_faults.get().detail
    assert run.attempts.filter(state="pending").count() == 10


def test_a_token_budget_is_never_exceeded_and_says_what_is_left(problems, lead):
    with flip_endpoint() as endpoint:
        run = plan_chat(endpoint, problems, budget=Budget(tokens=1_500), options={"prompt_tokens": 200})
        sample(run)
        assert run.state == "paused"
        assert "The token budget of 1,500 has" in run.state_reason
        assert 0 < run.input_tokens + run.output_tokens <= 1_500
        assert 0 < run.done_count < 10
        set_budget(actor=lead, run=run, budget=Budget(tokens=100_000))
        resume_run(actor=lead, run=run)
        assert sample(run).state == "finished"


def test_a_money_budget_counts_what_is_in_flight_at_the_most_it_may_cost(problems):
    with flip_endpoint(Behaviour(latency=0.05)) as endpoint:
        # A call may cost 200 tokens in and 200 out: 0.0022.
        budget = Budget(cost=Decimal("0.005"))
        run = sample(plan_chat(endpoint, problems, values=PRICES, budget=budget, options={"prompt_tokens": 200}))
    assert run.state == "paused"
    assert 0 < run.cost <= Decimal("0.005")
    assert endpoint.most_in_flight <= 2
    assert "The money budget of $0.005 has" in run.state_reason


def test_a_money_budget_needs_prices(problems):
    with flip_endpoint() as endpoint, pytest.raises(PlanError, match="has no prices"):
        plan_chat(endpoint, problems, budget=Budget(cost=Decimal(1)))
    assert not Run.objects.exists()


def test_a_pause_stops_the_calls_in_flight_and_gives_them_back(problems, lead):
    with flip_endpoint(Behaviour(latency=0.2)) as endpoint:
        run = plan_chat(endpoint, problems, samples_each=20)
        seen = []

        def pause(ids):
            seen.extend(ids)
            if run.state != "paused":
                pause_run(actor=lead, run=run)
                run.refresh_from_db()

        sample_session(run_id=run.pk, on_traces=pause)
        assert_counters_add_up(run)
        assert not run.attempts.filter(state="leased").exists()
        assert 16 <= run.done_count < 40
        assert run.attempts.filter(state="pending").count() == 40 - run.done_count
        resume_run(actor=lead, run=run)
        assert sample(run).done_count == 40
    assert endpoint.answered <= 40 + 2 * IN_FLIGHT


def test_two_runs_of_one_sampler_share_its_places(problems):
    def work(run):
        try:
            while sample_session(run_id=run.pk, on_traces=lambda _: None).more:
                pass
        finally:
            connection.close()

    with flip_endpoint(Behaviour(latency=0.05)) as endpoint:
        sampler = sampler_for(endpoint, concurrency=IN_FLIGHT)
        runs = [plan_chat(endpoint, problems, sampler=sampler, samples_each=10, seed=seed) for seed in (1, 2)]
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(work, runs))
        while any(run.attempts.filter(state="pending").exists() for run in runs):
            for run in runs:
                work(run)
    assert endpoint.most_in_flight <= IN_FLIGHT
    for run in runs:
        assert_counters_add_up(run)
        assert run.done_count == 20


def test_a_sampler_whose_parameters_are_none_fails_its_run(problems):
    sampler = Sampler.objects.create(name="odd", title="Odd", kind="chat", parameters={"model": "m"})
    run = plan(sampler=sampler, problems=problems)
    sample_session(run_id=run.pk, on_traces=lambda _: None)
    run.refresh_from_db()
    assert (run.state, run.state_reason) == ("failed", "The sampler has no 'base_url'.")


def test_a_hint_reaches_the_endpoint_and_nothing_that_is_kept(problems):
    secret = "7-3-7 SECRET"
    with flip_endpoint() as endpoint:
        run = plan_chat(endpoint, problems, samples_each=1)
        token = uuid.uuid4()
        attempts = claim_attempts(run_id=run.pk, lease_token=token, concurrency=IN_FLIGHT).attempts
        requests = [replace(sample_request(attempt), hint=secret) for attempt in attempts]
        settings = ChatSettings.from_parameters(run.sampler.parameters)
        ports = DatabasePorts(run.sampler, recalls=True)
        for position, outcome in ChatSampler(settings, endpoint_access(), ports).sample(requests):
            keep_outcomes([(attempts[position], outcome)], token)
    assert all(secret in call.body["messages"][-1]["content"] for call in endpoint.calls)
    traces = list(Trace.objects.filter(run=run))
    assert [(trace.hinted, trace.facts["hinted"]) for trace in traces] == [(True, True)] * 2
    assert not Text.objects.filter(body__contains="SECRET").exists()
    assert not any("SECRET" in str([trace.facts, trace.steps, trace.answer]) for trace in traces)


def test_a_run_asks_for_several_samples_in_one_call_and_counts_what_they_took(problems):
    with flip_endpoint() as endpoint:
        run = sample(plan_chat(endpoint, problems, values={**PRICES, "samples_per_call": 5, "concurrency": 2}))
    assert [call.samples for call in endpoint.calls] == [5, 5]
    assert (run.state, run.done_count, run.correct_count) == ("finished", 10, 10)
    assert (run.input_tokens, run.output_tokens) == (endpoint.spent["input"], endpoint.spent["output"])
    assert len(texts_of(run)) == 10


def test_a_sample_that_cannot_be_stored_fails_alone_and_is_paid_for(problems):
    run = plan_chat(flip_endpoint(), problems[:1], samples_each=3)
    token = uuid.uuid4()
    attempts = claim_attempts(run_id=run.pk, lease_token=token, concurrency=IN_FLIGHT).attempts
    good = SampleResult(
        ({"role": "user", "content": "x"},), "Because.", (), None, "", FinishReason.STOP, Usage(5, 0, 0, 7)
    )
    poison = replace(good, usage=Usage(2**31, 0, 0, 7))
    odd = replace(good, facts={"temperature": float("nan")})
    trace_ids, kept = keep_outcomes(list(zip(attempts, (good, poison, odd), strict=True)), token)
    assert_counters_add_up(run)
    assert (len(trace_ids), kept) == (1, True)
    assert (run.done_count, run.failed_count, run.output_tokens) == (1, 2, 21)
    assert set(run.attempts.filter(state="failed").values_list("error_kind", flat=True)) == {"result"}


def test_an_error_before_the_sample_stays_with_it_as_a_fact(problems):
    with flip_endpoint(script=[Play("500")] * 2) as endpoint:
        run = sample(plan_chat(endpoint, problems[:1], values={"tries": 1, "concurrency": 1}, samples_each=1))
        sample(run)
    facts = Trace.objects.get(run=run).facts
    assert facts["earlier_error"]["kind"] == "server"
    with flip_endpoint(script=[Play("500"), Play("reset")]) as endpoint:
        run = sample(plan_chat(endpoint, problems[:1], samples_each=1))
    assert Trace.objects.get(run=run).facts["faults"] == {"server": 1, "connection": 1}
