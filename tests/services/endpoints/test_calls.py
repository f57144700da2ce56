"""Calls that are no samples, asked over HTTP."""

import threading
import uuid
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from tests.endpoint import flip_endpoint, sampler_for
from tests.judging import rubric
from trajectories.adapters.chat_api import Answered, ChatCall
from trajectories.adapters.chat_api.calls import limits
from trajectories.core.records import SampleFailure
from trajectories.models import JudgeJob, Reply
from trajectories.services.endpoints.calls import CallBudget, ask_all
from trajectories.stand_ins.fake_endpoint import Behaviour, Play

pytestmark = pytest.mark.django_db(transaction=True)
PRICES = {"input_price": Decimal(1), "output_price": Decimal(10)}


@pytest.fixture(autouse=True)
def _no_long_waits(monkeypatch):
    monkeypatch.setattr(limits, "FIRST_BACKOFF", 0.001)


def calls(count, payer="item {}"):
    message = {"role": "user", "content": "Judge this."}
    return [
        (number, ChatCall((message,), 0.0, number, sample={"item": number}, payer=payer.format(number)))
        for number in range(count)
    ]


def a_job(sampler, **values):
    return JudgeJob.objects.create(
        sampler=sampler, rubric=rubric(), form="grade", seed=1, total_count=1, lease_token=uuid.uuid4(), **values
    )


def ask(sampler, asked, budget=None, wanted=lambda: True, **options):
    found = {}
    stop = ask_all(
        holder=options.pop("holder", None) or a_job(sampler),
        sampler=sampler,
        calls=asked,
        budget=budget or CallBudget(),
        wanted=wanted,
        on_answer=found.__setitem__,
        **options,
    )
    return stop, found


def test_every_call_has_its_own_answer_within_the_samplers_concurrency():
    with flip_endpoint() as endpoint:
        stop, found = ask(sampler_for(endpoint, concurrency=3, **PRICES), calls(10))
    assert stop is None
    assert len({answered.reply.text for answered in found.values()}) == len(found) == 10
    assert all(answered.cost > 0 and answered.usage.input_tokens > 0 for answered in found.values())
    assert endpoint.most_in_flight <= 3


def test_another_payer_gets_a_kept_answer_free_and_the_same_payer_is_charged():
    with flip_endpoint() as endpoint:
        sampler = sampler_for(endpoint, **PRICES)
        _, first = ask(sampler, calls(2))
        _, again = ask(sampler, calls(2))
        _, other = ask(sampler, calls(2, payer="other {}"))
        _, anew = ask(sampler, calls(2, payer="third {}"), recalls=False)
    assert [answered.cost for answered in again.values()] == [answered.cost for answered in first.values()]
    assert all(answered.recalled and answered.cost == 0 for answered in other.values())
    assert not any(answered.recalled for answered in anew.values())
    assert len(endpoint.calls) == 4
    assert set(Reply.objects.values_list("payer", flat=True)) == {"third 0", "third 1"}


def test_without_recalls_a_payer_still_gets_what_it_paid_for():
    with flip_endpoint() as endpoint:
        sampler = sampler_for(endpoint, **PRICES)
        ask(sampler, calls(2), recalls=False)
        ask(sampler, calls(2), recalls=False)
    assert len(endpoint.calls) == 2


def test_no_call_starts_that_the_budget_cannot_pay():
    with flip_endpoint() as endpoint:
        sampler = sampler_for(endpoint, concurrency=4, max_output_tokens=200, **PRICES)
        stop, found = ask(sampler, calls(50), CallBudget(cost=Decimal("0.008")))
    assert stop.kind == "budget"
    assert "money budget" in stop.message
    assert 5 < len(found) < 50
    assert sum(answered.cost for answered in found.values()) <= Decimal("0.008")


def test_an_endpoint_that_charges_beyond_its_limit_of_tokens_is_reckoned_with_from_then_on():
    with flip_endpoint() as endpoint:
        sampler = sampler_for(endpoint, concurrency=1, max_output_tokens=1, **PRICES)
        _, found = ask(sampler, calls(1, payer="before {}"), recalls=False)
        each = found[0].cost
        stop, found = ask(sampler, calls(9), CallBudget(cost=each * Decimal("3.5")), recalls=False)
    assert (stop.kind, len(found)) == ("budget", 3)


def test_a_failed_call_is_an_outcome_and_a_broken_key_stops_all():
    with flip_endpoint(script=[Play("malformed"), Play(), Play()]) as endpoint:
        stop, found = ask(sampler_for(endpoint, concurrency=1), calls(3))
    assert stop is None
    assert [type(outcome) for outcome in found.values()].count(SampleFailure) == 1
    assert [type(outcome) for outcome in found.values()].count(Answered) == 2
    with flip_endpoint(Behaviour(key="secret")) as endpoint:
        stop, found = ask(sampler_for(endpoint), calls(3))
    assert (stop.kind, found) == ("unauthorised", {})


def test_a_long_retry_after_says_until_when():
    with flip_endpoint(script=[Play("429", "600")]) as endpoint:
        sampler = sampler_for(endpoint, concurrency=1)
        stop, _ = ask(sampler, calls(2))
        again, _ = ask(sampler, calls(2))
    assert stop.kind == again.kind == "held"
    assert 500 < again.until <= 600
    assert len(endpoint.calls) == 1


def test_what_is_not_wanted_any_more_ends_soon():
    wanted = threading.Event()
    with flip_endpoint(Behaviour(latency=30.0)) as endpoint:
        stop, found = ask(sampler_for(endpoint), calls(3), wanted=wanted.is_set)
    assert (stop.kind, found) == ("unwanted", {})


def test_two_jobs_of_one_model_have_half_its_places_each():
    with flip_endpoint(Behaviour(latency=0.05)) as endpoint:
        sampler = sampler_for(endpoint, concurrency=4)
        a_job(sampler, lease_expires_at=timezone.now() + timedelta(minutes=1))
        stop, found = ask(sampler, calls(10))
    assert (stop, len(found)) == (None, 10)
    assert endpoint.most_in_flight == 2
