"""The day book says what jobs say, whatever was charged how."""

from decimal import Decimal

import pytest
from django.db.models import Sum

from tests.endpoint import flip_endpoint, sampler_for
from tests.factories import make_instruction, make_problem, plan
from tests.judging import job_over, judging_endpoint, works
from trajectories.core.records import SampleFailure, Usage
from trajectories.models import Run, SpendDay
from trajectories.selectors.spending import today_utc
from trajectories.services.judging.work import judge_next
from trajectories.services.runs.attempts import fail_attempt
from trajectories.services.runs.chat_attempts import claim_attempts
from trajectories.services.runs.chat_sampling import sample_session

pytestmark = pytest.mark.django_db(transaction=True)
PRICES = {"input_price": Decimal(1), "output_price": Decimal(10)}
TOKEN = "8f14e45f-ceea-4e7a-8c1b-0f2f3c0b6d11"


def chat_run(sampler, actor=None, samples=3) -> Run:
    view = make_instruction(style="program", suits="chat")
    problem = make_problem()
    return plan(actor=actor, sampler=sampler, problems=[problem], instructions=[view], samples_each=samples)


def test_a_run_is_booked_on_today_and_its_person_and_what_is_recalled_is_not(lead):
    with flip_endpoint() as endpoint:
        sampler = sampler_for(endpoint, **PRICES)
        run = chat_run(sampler, actor=lead)
        sample_session(run_id=run.pk, on_traces=lambda _: None)
        run.refresh_from_db()
        booked = SpendDay.objects.get()
        assert (booked.day, booked.kind, booked.sampler, booked.person) == (today_utc(), "run", sampler, lead)
        assert booked.cost == run.cost > 0
        assert (booked.input_tokens, booked.output_tokens) == (run.input_tokens, run.output_tokens)
        assert (booked.calls, booked.unpriced) == (3, 0)
        again = plan(
            actor=lead, sampler=sampler, problems=[run.attempts.first().problem], samples_each=3,
            instructions=[run.attempts.first().instruction], options={"recalls": True},
        )  # fmt: skip
        sample_session(run_id=again.pk, on_traces=lambda _: None)
    again.refresh_from_db()
    assert (again.done_count, again.cost) == (3, 0)
    assert SpendDay.objects.get().calls == 3


def test_failures_judges_and_calls_without_a_price_are_booked():
    with judging_endpoint() as endpoint:
        job = job_over(works("this is right", "this is wrong"), sampler_for(endpoint, **PRICES))
        while judge_next(job_id=job.pk):
            pass
        job.refresh_from_db()
        judged = SpendDay.objects.get(kind="judge_job")
        assert (judged.cost, judged.calls) == (job.cost, job.call_count)
        run = chat_run(sampler_for(endpoint))
        sample_session(run_id=run.pk, on_traces=lambda _: None)
    free = SpendDay.objects.get(kind="run")
    assert (free.cost, free.calls, free.unpriced) == (0, 3, 3)
    assert free.output_tokens > 0
    failing = chat_run(sampler_for(endpoint, **PRICES))
    (attempt, *_) = claim_attempts(run_id=failing.pk, lease_token=TOKEN, concurrency=2).attempts
    fault = SampleFailure("malformed", "No.", usage=Usage(100, 0, 0, 20), cost=Decimal("0.0003"))
    assert fail_attempt(attempt=attempt, lease_token=TOKEN, failure=fault)
    booked = SpendDay.objects.filter(kind="run", sampler=failing.sampler).aggregate(cost=Sum("cost"))
    assert booked["cost"] == Decimal("0.0003")
