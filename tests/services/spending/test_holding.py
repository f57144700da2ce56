"""Daily limits hold: nobody begins what does not fit, alone or together, and what was paused goes on by itself."""

import threading
import uuid
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.db.models import F, Sum

from tests.endpoint import flip_endpoint, sampler_for
from tests.factories import make_instruction, make_problem, plan
from tests.judging import job_over, judging_endpoint, works
from trajectories.models import Attempt, AuditEvent, JudgeJob, Run, SpendDay, SpendHold, SpendWait
from trajectories.models.job_kinds import PAUSE, RESUME
from trajectories.selectors.spending import in_flight, spent_today, waits_for_limit
from trajectories.services.endpoints.calls import payer_of
from trajectories.services.jobs.steering import steer
from trajectories.services.judging.work import judge_next
from trajectories.services.runs.attempts import return_batch
from trajectories.services.runs.budgets import reservation_of
from trajectories.services.runs.chat_attempts import claim_attempts
from trajectories.services.runs.chat_sampling import sample_session
from trajectories.services.runs.lifecycle import pause_run, resume_run
from trajectories.services.spending.holding import hold_calls
from trajectories.services.spending.limits import lift_limit, set_limit
from trajectories.services.spending.words import in_money
from trajectories.tasks.spending import sweep_spending

pytestmark = pytest.mark.django_db(transaction=True)
PRICES = {"input_price": Decimal(1), "output_price": Decimal(10), "max_output_tokens": 1000}


def chat_run(sampler, actor=None, samples=4) -> Run:
    view = make_instruction(style="program", suits="chat")
    problems = [make_problem()]
    options = {"prompt_tokens": 1000}
    return plan(
        actor=actor, sampler=sampler, problems=problems, instructions=[view], samples_each=samples, options=options
    )


def again(run):
    run.refresh_from_db()
    return run


def yesterday():
    """As if midnight had passed."""
    SpendDay.objects.update(day=F("day") - timedelta(days=1))


def test_a_run_begins_what_fits_pauses_with_the_reason_and_goes_on_after_midnight(lead):
    with flip_endpoint() as endpoint:
        run = chat_run(sampler_for(endpoint, **PRICES), actor=lead)
        each = reservation_of(run).cost
        # What a sample takes is less than the most it may take: several fit one after the other.
        limit = set_limit(actor=lead, scope="all", amount=each * 2)
        sample_session(run_id=run.pk, on_traces=lambda _: None)
        assert again(run).done_count == 4
        SpendDay.objects.update(cost=limit.amount - each / 2)
        other = chat_run(run.sampler, actor=lead)
        sample_session(run_id=other.pk, on_traces=lambda _: None)
        assert (again(other).state, other.done_count) == ("paused", 0)
        assert "The daily limit of all jobs" in other.state_reason
        assert in_money(each) in other.state_reason
        assert "midnight UTC" in other.state_reason
        assert waits_for_limit("run", other)
        sweep_spending()
        assert again(other).state == "paused", "nothing has changed"
        yesterday()
        sweep_spending()
        assert again(other).state == "queued"
        assert not SpendWait.objects.exists()
        sample_session(run_id=other.pk, on_traces=lambda _: None)
        assert again(other).done_count == 4


def test_a_limit_that_is_raised_or_lifted_lets_jobs_go_on(lead):
    run = chat_run(sampler_for(flip_endpoint(), **PRICES), actor=lead)
    each = reservation_of(run).cost
    for scope, extra in (("sampler", {"sampler_name": run.sampler.name}), ("person", {"person": lead}), ("all", {})):
        set_limit(actor=lead, scope=scope, amount=each / 2, **extra)
        assert not claim_attempts(run_id=run.pk, lease_token=uuid.uuid4(), concurrency=4).attempts
        assert again(run).state == "paused"
        limit = set_limit(actor=lead, scope=scope, amount=each * 2, **extra)
        sweep_spending()
        assert again(run).state == "queued", scope
        token = uuid.uuid4()
        assert len(claim_attempts(run_id=run.pk, lease_token=token, concurrency=4).attempts) == 2
        return_batch(lease_token=token)
        lift_limit(actor=lead, limit_id=limit.pk)
    verbs = set(AuditEvent.objects.filter(object_type="spendlimit").values_list("verb", flat=True))
    assert verbs == {"spend_limit.set", "spend_limit.lifted"}


def test_limits_of_others_hold_nobody_up(lead, engineer):
    run = chat_run(sampler_for(flip_endpoint(), **PRICES), actor=lead)
    elsewhere = sampler_for(flip_endpoint(), **PRICES)
    set_limit(actor=None, scope="person", person=engineer, amount=Decimal(0))
    set_limit(actor=None, scope="sampler", sampler_name=elsewhere.name, amount=Decimal(0))
    assert len(claim_attempts(run_id=run.pk, lease_token=uuid.uuid4(), concurrency=4).attempts) == 4
    free = chat_run(sampler_for(flip_endpoint(), model="another"), actor=engineer)
    assert len(claim_attempts(run_id=free.pk, lease_token=uuid.uuid4(), concurrency=4).attempts) == 4, "has no price"


def test_what_a_person_has_paused_or_resumed_stays_theirs(lead):
    run = chat_run(sampler_for(flip_endpoint(), **PRICES), actor=lead)
    limit = set_limit(actor=lead, scope="all", amount=Decimal(0))
    claim_attempts(run_id=run.pk, lease_token=uuid.uuid4(), concurrency=4)
    resume_run(actor=lead, run=run)
    pause_run(actor=lead, run=run)
    lift_limit(actor=lead, limit_id=limit.pk)
    sweep_spending()
    assert again(run).state == "paused"


def test_a_judge_waits_for_its_limit_and_goes_on(lead):
    with judging_endpoint() as endpoint:
        job = job_over(works("this is right", "this is wrong"), sampler_for(endpoint, **PRICES))
        set_limit(actor=lead, scope="all", amount=Decimal("0.000001"))
        while judge_next(job_id=job.pk):
            pass
        assert again(job).state == "paused"
        assert (job.call_count, len(endpoint.calls)) == (0, 0)
        assert "The daily limit" in job.state_reason
        set_limit(actor=lead, scope="all", amount=Decimal(5))
        sweep_spending()
        assert again(job).state == "queued"
        while judge_next(job_id=job.pk):
            pass
    assert (again(job).state, job.done_count) == ("finished", 2)


def test_the_calls_of_a_killed_worker_are_held_no_longer_than_its_lease(lead):
    sampler = sampler_for(flip_endpoint(), **PRICES)
    job = job_over(works("this is right"), sampler)
    limit = set_limit(actor=lead, scope="all", amount=Decimal(1))
    JudgeJob.objects.filter(pk=job.pk).update(lease_token=uuid.uuid4(), lease_expires_at="2090-01-01T00:00Z")
    payer = payer_of(job, sampler)
    assert not hold_calls(payer=payer, sampler=sampler, flying=Decimal(0), more=Decimal("0.9"))
    assert in_flight(limit) == Decimal("0.9")
    assert hold_calls(payer=payer, sampler=sampler, flying=Decimal("0.9"), more=Decimal("0.2"))
    JudgeJob.objects.filter(pk=job.pk).update(lease_expires_at="2020-01-01T00:00Z")
    assert in_flight(limit) == 0
    steer("judge_job", PAUSE, actor=lead, job_id=job.pk)
    steer("judge_job", RESUME, actor=lead, job_id=job.pk)
    JudgeJob.objects.filter(pk=job.pk).update(state="cancelled")
    sweep_spending()
    assert not SpendHold.objects.exists()


def test_workers_together_never_begin_more_than_fits(lead):
    """Two runs and a judge, each with workers of their own, against one limit; all that was begun stays in flight."""
    sampler = sampler_for(flip_endpoint(), **PRICES, concurrency=64)
    runs = [chat_run(sampler, actor=lead, samples=40) for _ in range(2)]
    job = job_over(works("this is right"), sampler)
    JudgeJob.objects.filter(pk=job.pk).update(lease_token=uuid.uuid4(), lease_expires_at="2090-01-01T00:00Z")
    each = reservation_of(runs[0]).cost
    limit = set_limit(actor=lead, scope="all", amount=each * 17)
    start, faults = threading.Barrier(5), []

    def claim(run_id):
        start.wait()
        for _ in range(12):
            claim_attempts(run_id=run_id, lease_token=uuid.uuid4(), concurrency=64)

    def judge():
        start.wait()
        held = Decimal(0)
        for _ in range(12):
            if not hold_calls(payer=payer_of(job, sampler), sampler=sampler, flying=held, more=each):
                held += each

    def guarded(act, *arguments):
        try:
            act(*arguments)
        except Exception as fault:
            faults.append(fault)
        finally:
            connection.close()

    threads = [threading.Thread(target=guarded, args=(claim, run.pk)) for run in (*runs, *runs)]
    threads.append(threading.Thread(target=guarded, args=(judge,)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    leased = Attempt.objects.filter(state=Attempt.State.LEASED).count()
    judged = SpendHold.objects.filter(kind="judge_job").aggregate(cost=Sum("cost", default=Decimal(0)))["cost"]
    begun = leased * each + judged
    assert spent_today(limit) == 0
    assert begun == in_flight(limit)
    assert limit.amount - each < begun <= limit.amount, "all of it is used, and no more"
