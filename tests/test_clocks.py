"""What a process whose own clock is hours off may not break: leases, bells, budgets and sweeps.

`tests/drills/test_clocks.py` has whole processes with such clocks.
"""

import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from unittest.mock import patch

import pytest
from django.db.models.functions import Now
from django.utils import timezone
from kombu.transport.virtual import Message

from tests import factories
from tests.endpoint import flip_endpoint, sampler_for
from trajectories.models import Run
from trajectories.selectors.clock import database_now
from trajectories.selectors.spending import spent_today
from trajectories.services.jobs.sweeps import claim_lost_bells
from trajectories.services.runs.attempts import claim_batch
from trajectories.services.runs.chat_sampling import sample_session
from trajectories.services.runs.lifecycle import pause_run, resume_run
from trajectories.services.runs.plans import Budget
from trajectories.services.spending.limits import set_limit
from webapp.beat import Scheduler
from webapp.celery import app
from webapp.sweep_requests import SweepRequest

pytestmark = pytest.mark.django_db
OFF = [timedelta(hours=9), timedelta(hours=-9)]


def ahead(by: timedelta):
    """Django's clock is ahead by so much, or behind."""
    return patch("django.utils.timezone.now", return_value=timezone.now() + by)


@pytest.mark.parametrize("by", OFF, ids=str)
def test_a_run_that_is_steered_and_claimed_by_wrong_clocks_is_found_once_its_bell_was_lost(lead, by):
    with ahead(by):
        run = factories.plan()
        pause_run(actor=lead, run=run)
        resume_run(actor=lead, run=run)
    assert Run.objects.filter(pk=run.pk, rung_at__gt=Now() - timedelta(minutes=1), rung_at__lte=Now()).exists()
    with ahead(by):
        claim_batch(run_id=run.pk, limit=1)
    run.refresh_from_db()
    assert abs(run.started_at - database_now()) < timedelta(minutes=1)
    Run.objects.filter(pk=run.pk).update(rung_at=Now() - timedelta(minutes=1))
    run.attempts.update(state="pending")
    with ahead(by):
        assert claim_lost_bells() == [run.pk]


@pytest.mark.parametrize("by", OFF, ids=str)
@pytest.mark.parametrize(("since", "state"), [(timedelta(0), "running"), (timedelta(hours=2), "paused")], ids=str)
def test_a_budget_of_time_is_spent_when_its_time_is_over_by_one_clock(by, since, state):
    run = factories.plan(samples_each=3, budget=Budget(seconds=3600))
    claim_batch(run_id=run.pk, limit=1)
    Run.objects.filter(pk=run.pk).update(started_at=Now() - since)
    with ahead(by):
        claim_batch(run_id=run.pk, limit=1)
    run.refresh_from_db()
    assert run.state == state


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("by", [timedelta(days=2), timedelta(days=-2)], ids=str)
def test_a_day_has_one_budget_however_often_a_clock_says_that_it_is_another_day(lead, by):
    with flip_endpoint() as endpoint:
        sampler = sampler_for(endpoint, input_price=Decimal(1), output_price=Decimal(10))
        view = factories.make_instruction(style="program", suits="chat")

        def sampled(samples: int) -> Run:
            run = factories.plan(actor=lead, sampler=sampler, instructions=[view], samples_each=samples)
            sample_session(run_id=run.pk, on_traces=lambda _: None)
            run.refresh_from_db()
            return run

        first = sampled(2)
        limit = set_limit(actor=lead, scope="all", amount=first.cost)
        with ahead(by):
            second = sampled(2)
            assert spent_today(limit) == first.cost
    assert (second.state, second.done_count, second.cost) == ("paused", 0, 0)
    assert "daily limit" in second.state_reason.lower() or "today" in second.state_reason.lower()


def heard(name: str, late: timedelta) -> SweepRequest:
    """A message that was worth something until a while ago, by this process's clock."""
    headers = {"id": str(uuid.uuid4()), "task": name, "expires": (datetime.now(UTC) - late).isoformat()}
    properties = {"correlation_id": headers["id"], "delivery_info": {}, "delivery_tag": 1}
    payload = {"body": b"[[], {}, {}]", "headers": headers, "properties": properties,
               "content-type": "application/json", "content-encoding": "utf-8"}  # fmt: skip
    message = Message(payload, channel=SimpleNamespace(no_ack_consumers=(), decode_body=lambda body, _: body))
    return SweepRequest(message, app=app, task=app.tasks[name])


def test_a_sweep_that_seems_too_old_is_done_and_a_heap_of_them_once(monkeypatch):
    monkeypatch.setattr(SweepRequest, "_begun", {})
    late = [heard("trajectories.sweep", timedelta(hours=9)) for _ in range(4)]
    first, *others = late
    assert [first.revoked(), first.revoked()] == [False, False], "asked twice, done once"
    assert [other.maybe_expire() for other in others] == [True, True, True]
    assert not heard("trajectories.sweep", timedelta(hours=-9)).maybe_expire(), "one in time is done"
    assert not heard("trajectories.sweep_jobs", timedelta(hours=9)).maybe_expire(), "another kind is another matter"
    monkeypatch.setattr("webapp.sweep_requests.time.monotonic", lambda: 1e9)
    assert not heard("trajectories.sweep", timedelta(hours=9)).maybe_expire(), "one an interval later is done"


def test_a_scheduler_that_has_rung_in_the_future_rings_within_an_interval(tmp_path, monkeypatch):
    rung: list[str] = []
    monkeypatch.setattr(Scheduler, "apply_async", lambda _self, entry, **_: rung.append(entry.task))
    scheduler = Scheduler(app=app, schedule_filename=str(tmp_path / "schedule"), lazy=False)
    try:
        for entry in scheduler.schedule.values():
            entry.last_run_at = app.now() + timedelta(hours=9)
        scheduler.populate_heap()
        assert 0 < scheduler.tick() <= 5, "the shortest interval"
        for entry in scheduler.schedule.values():
            entry.last_run_at -= timedelta(seconds=6)
        scheduler._heap = None
        for _ in range(3):
            scheduler.tick()
        assert rung == ["trajectories.sweep"]
    finally:
        scheduler.close()
