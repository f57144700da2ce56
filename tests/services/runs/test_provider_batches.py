"""Runs whose calls go out in batches, at a provider that speaks the protocol over loopback."""

import json
from collections import Counter
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db.models.functions import Now
from django.urls import reverse

from tests.endpoint import KEY, bind_keys, flip_endpoint, sampler_for, settings_for
from tests.factories import assert_counters_add_up, make_instruction, make_problem, plan
from tests.pages import squeezed
from trajectories.adapters.chat_api import ChatSettings
from trajectories.core.strategies.memories import Memory
from trajectories.management import drawing
from trajectories.models import (
    Attempt,
    BatchItem,
    EndpointFault,
    EndpointGate,
    ProviderBatch,
    Reply,
    Run,
    SpendDay,
    Trace,
)
from trajectories.services.runs import batch_sampling, batch_sending, provider_batches
from trajectories.services.runs.batch_sampling import sample_chat
from trajectories.services.runs.lifecycle import cancel_run, pause_run, resume_run
from trajectories.services.runs.plans import Budget, PlanError
from trajectories.services.runs.provider_batches import due_batches, look_after
from trajectories.services.verification.queue import verify_traces
from trajectories.stand_ins.fake_endpoint import Behaviour, Play

pytestmark = pytest.mark.django_db(transaction=True)
PRICES = {"input_price": Decimal(1), "output_price": Decimal(10)}
EXPIRES = Behaviour(batch_answers=0.5)


def plan_batched(endpoint, *, values=None, samples_each=4, **options) -> Run:
    sampler = options.pop("sampler", None) or sampler_for(endpoint, transport="batch", **PRICES, **(values or {}))
    views = [make_instruction(style="program", suits="chat")]
    fields = {"instructions": views, "seed": 7, "problems": [make_problem(), make_problem()], **options}
    return plan(sampler=sampler, samples_each=samples_each, **fields)


def go_on(run) -> Run:
    """What a bell does."""
    report = sample_chat(run_id=run.pk, on_traces=lambda ids: verify_traces(trace_ids=list(ids)), seconds=20)
    verify_traces(trace_ids=report.trace_ids)
    assert_counters_add_up(run)
    return run


def fetch(run) -> list[ProviderBatch]:
    """What the sweep does, for every batch that is out."""
    for batch in ProviderBatch.objects.filter(run=run, finished_at=None):
        look_after(batch_id=batch.pk)
    assert_counters_add_up(run)
    return list(ProviderBatch.objects.filter(run=run).order_by("pk"))


def states(run) -> dict[str, int]:
    return dict(Counter(Attempt.objects.filter(run=run).values_list("state", flat=True)))


def asked(endpoint) -> Counter:
    """How often each request was in a batch that was begun."""
    lines = [line for batch in endpoint.shelf.batches.values() for line in batch.requests]
    return Counter(line["custom_id"] for line in lines)


def test_a_run_is_asked_in_one_file_and_costs_half():
    with flip_endpoint() as endpoint:
        shared = {"problems": [make_problem(), make_problem()]}
        run = go_on(plan_batched(endpoint, **shared))
        (line, *_) = [json.loads(line) for line in endpoint.shelf.files["file-1"].splitlines()]
        assert (run.state, states(run)) == ("running", {"leased": 8})
        assert endpoint.calls == [], "nothing is asked live"
        (batch,) = fetch(run)
        assert (batch.state, batch.status, batch.completed_count) == ("fetched", "completed", 8)
        assert states(run) == {"pending": 8}
        assert Reply.objects.count() == 8
        go_on(run)
        live = go_on(plan_batched(endpoint, sampler=sampler_for(endpoint, **PRICES), seed=8, **shared))
    assert (line["method"], line["url"], line["custom_id"]) == ("POST", "/v1/chat/completions", f"attempt-{first(run)}")
    assert set(line["body"]) == {"model", "temperature", "messages", "max_tokens", "seed"}
    assert (run.state, run.done_count, run.correct_count) == ("finished", 8, 8)
    assert asked(endpoint).total() == len(asked(endpoint)) == 8
    assert run.input_tokens == live.input_tokens > 0
    assert run.cost == Decimal(run.input_tokens + 10 * run.output_tokens) / 2_000_000 > 0
    assert sum(Trace.objects.filter(run=run).values_list("cost", flat=True)) == run.cost
    assert sum(SpendDay.objects.values_list("cost", flat=True)) == run.cost + live.cost


def first(run) -> int:
    return Attempt.objects.filter(run=run).order_by("pk").first().pk


def test_live_and_batched_runs_share_what_was_paid_for():
    problems, views = [make_problem()], [make_instruction(style="program", suits="chat")]
    with flip_endpoint() as endpoint:
        one = {"problems": problems, "instructions": views}
        live = go_on(plan_batched(endpoint, sampler=sampler_for(endpoint, **PRICES), **one))
        again = go_on(plan_batched(endpoint, samples_each=6, **one))
        assert states(again) == {"done": 4, "leased": 2}
        fetch(again)
        go_on(again)
    assert (again.state, again.done_count) == ("finished", 6)
    assert len(endpoint.calls) == 4 + 2
    assert 0 < again.cost < live.cost


def test_what_expires_is_asked_again_and_fails_in_the_end():
    with flip_endpoint(EXPIRES) as endpoint:
        run = go_on(plan_batched(endpoint, values={"batch_tries": 2}))
        (batch,) = fetch(run)
        assert (batch.status, BatchItem.objects.filter(state="missed").count()) == ("expired", 4)
        go_on(run)
        assert states(run) == {"done": 4, "leased": 4}
        fetch(run)
        assert states(run) == {"done": 4, "pending": 2, "failed": 2}
        go_on(run)
    assert (run.state, run.done_count, run.failed_count) == ("finished", 6, 2)
    assert sorted(asked(endpoint).values()) == [1, 1, 1, 1, 2, 2, 2, 2]
    failed = Attempt.objects.filter(run=run, state="failed")
    assert set(failed.values_list("error_kind", "error_message")) == {
        ("unanswered", "The provider's batch expired before this request was answered.")
    }


def test_what_stays_unanswered_is_asked_live_where_the_sampler_says_so():
    with flip_endpoint(EXPIRES) as endpoint:
        run = go_on(plan_batched(endpoint, values={"batch_tries": 1, "batch_then": "live"}))
        fetch(run)
        go_on(run)
    assert (run.state, run.done_count) == ("finished", 8)
    costs = Counter(Trace.objects.filter(run=run).values_list("cost", flat=True))
    assert sorted(costs.values()) == [4, 4]
    assert max(costs) == 2 * min(costs)


def test_what_fails_in_a_batch_fails_as_live():
    plays = [Play("context"), Play("500"), Play("filtered"), Play("no_usage"), Play("unfinished")]
    with flip_endpoint(script=plays) as endpoint:
        run = go_on(plan_batched(endpoint))
        fetch(run)
        assert states(run) == {"pending": 7, "failed": 1}, "only the longest prompt is given up"
        go_on(run)
        assert states(run) == {"done": 5, "failed": 1, "leased": 2}
        fetch(run)
        go_on(run)
    assert (run.state, run.done_count, run.failed_count) == ("finished", 7, 1)
    assert Attempt.objects.get(run=run, state="failed").error_kind == "context"
    endings = Counter(Trace.objects.filter(run=run).values_list("finish_reason", flat=True))
    assert endings == {"stop": 6, "filter": 1}
    assert 0 not in Trace.objects.filter(run=run).values_list("input_tokens", flat=True), "counted where it is not told"


@pytest.mark.parametrize(
    ("way", "state", "reason"),
    [
        ("refused", "paused", "The provider did not take the batch, so that none of its calls was made. An admin sees"),
        ("none", "paused", "The endpoint knows no such batch, or has no batch service (404)."),
        ("busy", "running", ""),
    ],
)
def test_a_batch_that_does_not_come_about_leaves_the_run_as_it_was(way, state, reason):
    with flip_endpoint(Behaviour(batch_way=way)) as endpoint:
        run = go_on(plan_batched(endpoint))
        fetch(run)
        run.refresh_from_db()
        assert (run.state, states(run)) == (state, {"pending": 8})
        assert run.state_reason.startswith(reason)
        assert EndpointFault.objects.exists()
        assert list(ProviderBatch.objects.values_list("state", flat=True)) == ["dropped"]
        endpoint.behaviour = Behaviour()
        if state == "paused":
            resume_run(actor=None, run=run)
        EndpointGate.objects.update(held_until=None)
        go_on(run)
        fetch(run)
        go_on(run)
    assert (run.state, run.done_count) == ("finished", 8)
    assert len(endpoint.calls) == 8


@pytest.mark.parametrize("way", ["unheard", "unmarked"])
def test_a_batch_that_nobody_heard_of_is_found_and_not_paid_for_twice(way):
    with flip_endpoint(Behaviour(batch_way=way)) as endpoint:
        run = go_on(plan_batched(endpoint))
        assert (states(run), ProviderBatch.objects.get().state) == ({"leased": 8}, "sending")
        endpoint.behaviour = Behaviour()
        assert due_batches() == [], "a batch that comes about late is waited for"
        ProviderBatch.objects.update(poll_at=Now())
        assert due_batches() == [ProviderBatch.objects.get().pk]
        fetch(run)
        assert ProviderBatch.objects.get().provider_id == "batch_1"
        fetch(run)
        go_on(run)
    assert (run.state, run.done_count) == ("finished", 8)
    assert set(asked(endpoint).values()) == {1}


def test_a_batch_whose_sender_died_before_the_provider_was_asked_is_sent_again(monkeypatch):
    monkeypatch.setattr(batch_sampling, "send_batch", lambda **_: None)
    with flip_endpoint() as endpoint:
        run = go_on(plan_batched(endpoint))
        monkeypatch.undo()
        assert states(run) == {"leased": 8}
        assert due_batches() == [], "its lease may still be held"
        ProviderBatch.objects.update(lease_expires_at=Now(), poll_at=Now())
        assert fetch(run)[0].reason == "It never reached the provider."
        assert states(run) == {"pending": 8}
        go_on(run)
        fetch(run)
        go_on(run)
    assert (run.state, run.done_count, set(asked(endpoint).values())) == ("finished", 8, {1})
    assert set(Attempt.objects.filter(run=run).values_list("claims", flat=True)) == {1}


def test_a_fetch_that_broke_off_keeps_each_answer_once(monkeypatch):
    monkeypatch.setattr(provider_batches, "LINES_AT_ONCE", 3)
    kept, keep = [], provider_batches._keep

    def die_later(*arguments):
        if len(kept) == 2:
            raise KeyboardInterrupt
        kept.append(keep(*arguments))

    with flip_endpoint() as endpoint:
        run = go_on(plan_batched(endpoint))
        monkeypatch.setattr(provider_batches, "_keep", die_later)
        with pytest.raises(KeyboardInterrupt):
            fetch(run)
        assert (Reply.objects.count(), states(run)) == (6, {"leased": 8})
        monkeypatch.setattr(provider_batches, "_keep", keep)
        ProviderBatch.objects.update(lease_expires_at=Now())
        fetch(run)
        go_on(run)
    assert (run.state, run.done_count, Reply.objects.count()) == ("finished", 8, 8)
    assert run.cost == sum(Trace.objects.filter(run=run).values_list("cost", flat=True))
    assert sum(SpendDay.objects.values_list("calls", flat=True)) == 8


def test_cancelling_a_run_cancels_its_batch_and_pays_for_what_was_done():
    with flip_endpoint(Behaviour(batch_seconds=None, batch_answers=0.5)) as endpoint:
        run = go_on(plan_batched(endpoint))
        fetch(run)
        assert ProviderBatch.objects.get().status == "in_progress"
        ProviderBatch.objects.update(poll_at="2100-01-01T00:00Z")
        assert due_batches() == []
        cancel_run(actor=None, run=run)
        assert due_batches() == [ProviderBatch.objects.get().pk], "it is not waited for"
        fetch(run)
        assert endpoint.shelf.batches["batch_1"].status == "cancelling"
        fetch(run)
    run.refresh_from_db()
    assert (run.state, run.cancelled_count, ProviderBatch.objects.get().status) == ("cancelled", 8, "cancelled")
    assert Reply.objects.count() == 4
    assert run.cost == sum(Reply.objects.values_list("cost", flat=True)) > 0
    assert sum(SpendDay.objects.values_list("cost", flat=True)) == run.cost


def test_a_paused_run_keeps_its_answers_and_pays_for_them_if_it_is_cancelled():
    with flip_endpoint() as endpoint:
        run = go_on(plan_batched(endpoint))
        pause_run(actor=None, run=run)
        fetch(run)
        assert (go_on(run).cost, states(run)) == (0, {"pending": 8})
        cancel_run(actor=None, run=run)
    run.refresh_from_db()
    assert run.cost == sum(Reply.objects.values_list("cost", flat=True)) > 0


def test_a_budget_counts_what_is_at_the_provider_at_a_batch_s_price():
    with flip_endpoint() as endpoint:
        run = plan_batched(endpoint, budget=Budget(cost=Decimal("0.0075")), options={"prompt_tokens": 1000})
        go_on(run)  # a sample may cost (1,000 * 1 + 200 * 10) / 2 millionths
        assert (states(run), run.state) == ({"leased": 5, "pending": 3}, "running")
        assert not sample_chat(run_id=run.pk, on_traces=lambda _: None, seconds=20).more, "no bell after another"
        fetch(run)
        go_on(run)
        assert states(run) == {"done": 5, "leased": 3}, "what was taken is less than what was reserved"
        fetch(run)
        go_on(run)
    assert (run.state, run.done_count) == ("finished", 8)
    assert run.cost < Decimal("0.0075")


def test_a_file_takes_so_many_requests_and_the_rest_goes_into_the_next(monkeypatch):
    monkeypatch.setattr(batch_sampling, "MAX_REQUESTS", 4)
    monkeypatch.setattr(batch_sampling, "AT_ONCE", 2)
    with flip_endpoint() as endpoint:
        run = plan_batched(endpoint)
        while sample_chat(run_id=run.pk, on_traces=lambda _: None, seconds=20).more:
            pass
        assert states(run) == {"leased": 8}
        sizes = [len(batch.requests) for batch in endpoint.shelf.batches.values()]
        assert sum(sizes) == 8
        assert max(sizes) <= 4
        fetch(run)
        go_on(run)
    assert (run.state, run.done_count) == ("finished", 8)


def test_strategies_and_memories_that_look_at_answers_are_refused():
    endpoint = flip_endpoint()
    with pytest.raises(PlanError, match="whose prompts need no earlier answer: Fake sends prompts in batches"):
        plan_batched(endpoint, strategy="revise")
    with pytest.raises(PlanError, match="'Agent with a tool', expected one whose"):
        plan_batched(endpoint, strategy="agent")
    with pytest.raises(PlanError, match="Found a memory, which is looked up anew"):
        plan_batched(endpoint, memory=Memory(count=2))


def test_a_refused_option_pauses_the_run_and_names_the_setting():
    with flip_endpoint(Behaviour(takes=("no_seed",))) as endpoint:
        run = go_on(plan_batched(endpoint, values={"batch_tries": 1}))
        fetch(run)
        run.refresh_from_db()
    assert (run.state, states(run)) == ("paused", {"pending": 8}), "it is no try of a sample"
    assert 'Switch off "Send a seed"' in run.state_reason


def test_a_key_that_is_repeated_in_an_answer_is_cut_out_of_it(monkeypatch, settings):
    monkeypatch.setenv("BATCH_KEY", KEY)
    with flip_endpoint(Behaviour(key=KEY), script=[Play("401")]) as endpoint:
        bind_keys(settings, f"BATCH_KEY={endpoint.url}")
        run = plan_batched(endpoint, values={"key_variable": "BATCH_KEY"})
        go_on(run)
        fetch(run)
        run.refresh_from_db()
    assert run.state == "paused"
    assert KEY not in " ".join(EndpointFault.objects.values_list("detail", flat=True))
    assert KEY not in run.state_reason


def test_the_page_of_a_run_says_what_waits_at_the_provider(client, curator):
    client.force_login(curator)
    with flip_endpoint(Behaviour(batch_seconds=None)) as endpoint:
        run = plan_batched(endpoint)
        address = reverse("run_detail", args=[run.pk])
        assert "At the provider" not in squeezed(client.get(address))
        fetch(go_on(run))
        page = squeezed(client.get(address))
        assert "At the provider" in page
        assert "waiting for the provider" in page
        assert "batch_1" in page
        assert "in progress" in page
        assert "Cancelling the run cancels it" in page
        cancel_run(actor=None, run=run)
        assert "being cancelled" in squeezed(client.get(address))
        fetch(run)
        fetch(run)
        assert "At the provider" not in squeezed(client.get(address))


def test_an_estimate_and_a_reservation_count_a_batch_s_price():
    endpoint = flip_endpoint()
    live, batched, either = (
        settings_for(endpoint, **PRICES, **values)
        for values in ({}, {"transport": "batch"}, {"transport": "batch", "batch_then": "live"})
    )
    cost = Decimal(8)
    assert [each.planned(cost) for each in (live, batched, either)] == [8, 4, 4]
    assert [each.reserved(cost) for each in (live, batched, either)] == [8, 4, 8]
    assert [each.planned(None) for each in (live, batched)] == [None, None]
    kept = ChatSettings.from_parameters(batched.as_parameters())
    assert kept == batched
    older = {name: value for name, value in live.as_parameters().items() if "batch" not in name and name != "transport"}
    assert ChatSettings.from_parameters(older) == live


def test_a_command_that_draws_by_itself_looks_after_its_batches_too(monkeypatch):
    monkeypatch.setattr(drawing, "BATCH_SECONDS", 0.0)
    monkeypatch.setattr(batch_sending, "FIRST_POLL", timedelta(0))
    with flip_endpoint() as endpoint:
        run = plan_batched(endpoint)
        drawing.draw_here(run, on_progress=lambda _: None)
    assert (run.state, run.done_count, len(asked(endpoint))) == ("finished", 8, 8)
