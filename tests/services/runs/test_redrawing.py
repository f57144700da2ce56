"""Drawing the failed samples of a run again: what is put back, what it costs, and what cannot be."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from tests.endpoint import flip_endpoint, sampler_for
from tests.factories import assert_counters_add_up, make_instruction, make_problem, make_sampler, plan
from tests.services.runs.test_rounds import learner, plan_chat, work
from trajectories.models import Attempt, AuditEvent, Run, RunProblem
from trajectories.services.runs.attempts import claim_batch
from trajectories.services.runs.lifecycle import RunStateError, cancel_run, fail_run, set_budget
from trajectories.services.runs.plans import Budget
from trajectories.services.runs.redrawing import retry_run
from trajectories.stand_ins.fake_endpoint import FakeEndpoint, Play

pytestmark = pytest.mark.django_db(transaction=True)


def told(run: Run) -> AuditEvent:
    return AuditEvent.objects.filter(verb="retried", object_type="run", object_id=run.pk).get()


def test_the_failed_samples_of_a_finished_run_are_drawn_again_and_no_other(lead):
    with flip_endpoint(script=[Play("context"), Play("context")]) as endpoint:
        run = work(plan_chat(endpoint, samples_each=4))
        run.refresh_from_db()
        assert (run.state, run.done_count, run.failed_count) == ("finished", 2, 2)
        drawn = set(run.attempts.filter(state="done").values_list("pk", flat=True))
        calls = len(endpoint.calls)
        run = retry_run(actor=lead, run=run)
        assert (run.state, run.failed_count, run.finished_at) == ("queued", 0, None)
        work(run)
        assert len(endpoint.calls) == calls + 2
    run.refresh_from_db()
    assert (run.state, run.planned_count, run.done_count, run.failed_count) == ("finished", 4, 4, 0)
    assert set(run.attempts.filter(state="done").values_list("pk", flat=True)) > drawn
    assert not run.attempts.exclude(error_kind="", error_message="").exists()
    assert (told(run).actor, told(run).data) == (lead, {"attempts": 2})


def test_a_run_of_which_every_sample_failed_goes_on(lead):
    with flip_endpoint(script=[Play("context")] * 2) as endpoint:
        run = work(plan_chat(endpoint))
        run.refresh_from_db()
        assert (run.state, run.state_reason[:21]) == ("failed", "Every attempt failed.")
        work(retry_run(actor=lead, run=run))
    run.refresh_from_db()
    assert (run.state, run.state_reason, run.done_count) == ("finished", "", 2)


def test_what_was_dropped_as_the_run_failed_is_put_back_too(lead):
    run = plan(samples_each=3)
    batch = claim_batch(run_id=run.pk, limit=1)
    fail_run(run_id=run.pk, reason="No sampler of that kind is installed.")
    run.refresh_from_db()
    assert (batch is not None, run.cancelled_count) == (True, 3)
    run = retry_run(actor=lead, run=run)
    assert (run.state, run.state_reason, run.cancelled_count) == ("queued", "", 0)
    assert set(run.attempts.values_list("state", "claims", "finished_at")) == {("pending", 0, None)}
    assert_counters_add_up(run)
    assert claim_batch(run_id=run.pk) is not None


def test_a_strategy_that_adapts_looks_again_at_the_problem():
    """The only sample of the first round failed, so that nothing was there to be revised."""
    with FakeEndpoint(answerer=learner, script=[Play("context")]) as endpoint:
        settings = {"rounds": 1, "parents": 1, "children": 2}
        run = work(plan_chat(endpoint, samples_each=1, strategy="revise", settings=settings))
        assert RunProblem.objects.get(run=run).closed
        assert run.attempts.count() == 1
        work(retry_run(actor=None, run=run))
    run.refresh_from_db()
    assert (run.state, run.planned_count, run.correct_count) == ("finished", 3, 2)
    assert RunProblem.objects.get(run=run).closed


def ended(run: Run, **fields) -> Run:
    """A run whose only problem has one failed attempt, which ended an hour ago."""
    now = timezone.now()
    run.attempts.update(state="failed", error_kind="timeout", finished_at=now)
    begun, over = now - timedelta(hours=2), now - timedelta(hours=1)
    values = {"state": "finished", "failed_count": run.attempts.count(), "started_at": begun, "finished_at": over}
    Run.objects.filter(pk=run.pk).update(**values | fields)
    run.refresh_from_db()
    return run


def test_the_time_since_it_ended_counts_for_nothing(lead):
    run = ended(plan(), budget_seconds=4000)
    run = retry_run(actor=lead, run=run)
    assert timezone.now() - run.started_at < timedelta(minutes=61)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"state": "running"}, r"The run is running; only a failed or finished one can be retried\."),
        ({"state": "cancelled"}, r"The run is cancelled; only a failed or finished one can be retried\."),
        ({"failed_count": 0}, r"No sample of the run has failed\."),
        ({"budget_seconds": 600}, r"The time budget of 600 s is spent\. Raise it first\."),
    ],
)
def test_a_run_that_cannot_says_why_and_stays_as_it_is(lead, change, message):
    run = ended(plan(), **change)
    before = Run.objects.values().get(pk=run.pk), list(run.attempts.order_by("pk").values())
    with pytest.raises(RunStateError, match=message):
        retry_run(actor=lead, run=run)
    assert (Run.objects.values().get(pk=run.pk), list(run.attempts.order_by("pk").values())) == before
    assert not AuditEvent.objects.filter(verb="retried").exists()


def test_what_had_nothing_left_to_draw_is_not_drawn_again(lead):
    run = ended(plan(samples_each=2))
    run.attempts.update(error_kind="exhausted")
    with pytest.raises(RunStateError, match="nothing was left to draw"):
        retry_run(actor=lead, run=run)
    first = run.attempts.earliest("pk")
    Attempt.objects.filter(pk=first.pk).update(error_kind="timeout")
    run = retry_run(actor=lead, run=run)
    assert run.failed_count == 1
    assert list(run.attempts.filter(state="pending")) == [first]
    assert_counters_add_up(run)


def test_a_money_budget_that_is_spent_has_to_be_raised_first(lead):
    with flip_endpoint(script=[Play("context")] * 2) as endpoint:
        run = work(plan_chat(endpoint))
        Run.objects.filter(pk=run.pk).update(budget_tokens=1)
        with pytest.raises(RunStateError, match=r"The token budget of 1 has .* left.* Raise the budget first\."):
            retry_run(actor=lead, run=run)
        run.refresh_from_db()
        assert (run.state, run.failed_count) == ("failed", 2)
        set_budget(actor=lead, run=run, budget=Budget(tokens=10**6, cost=None))
        work(retry_run(actor=lead, run=run))
    run.refresh_from_db()
    assert run.done_count == 2


def test_episodes_of_agents_are_not_played_again(lead):
    run = ended(plan())
    Run.objects.filter(pk=run.pk).update(sampler=make_sampler(kind="agent", name="agent"))
    with pytest.raises(RunStateError, match="Agents learn from one episode to the next"):
        retry_run(actor=lead, run=run)


def test_what_was_paid_stays_paid(lead):
    with flip_endpoint(script=[Play("context")]) as endpoint:
        prices = {"input_price": Decimal(1), "output_price": Decimal(2)}
        sampler = sampler_for(endpoint, concurrency=1, **prices)
        view = make_instruction(style="program", suits="chat")
        run = work(plan(sampler=sampler, instructions=[view], problems=[make_problem()], samples_each=2))
        run.refresh_from_db()
        before = run.cost
        work(retry_run(actor=lead, run=run))
        run.refresh_from_db()
        assert run.cost > before > 0


def test_a_cancelled_run_is_over_for_good(lead):
    run = plan()
    cancel_run(actor=lead, run=run)
    with pytest.raises(RunStateError, match="The run is cancelled"):
        retry_run(actor=lead, run=run)
