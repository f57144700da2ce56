from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.endpoint import flip_endpoint, sampler_for
from tests.factories import make_instruction, make_problem, make_trace, plan
from trajectories.core.records import SampleFailure, Usage
from trajectories.models import Run
from trajectories.services.runs.attempts import fail_attempt
from trajectories.services.runs.budgets import reservation_of
from trajectories.services.runs.chat_attempts import claim_attempts
from trajectories.services.spending.limits import set_limit

pytestmark = pytest.mark.django_db
PRICES = {"input_price": Decimal(1), "output_price": Decimal(10), "max_output_tokens": 200}
TOKEN = "8f14e45f-ceea-4e7a-8c1b-0f2f3c0b6d11"


def chat_run(values=PRICES, **options) -> Run:
    view = make_instruction(style="program", suits="chat")
    sampler = sampler_for(flip_endpoint(), **values)
    return plan(sampler=sampler, problems=[make_problem()], instructions=[view], samples_each=2, options=options)


def test_a_sample_may_take_its_longest_prompt_and_the_longest_answer():
    each = reservation_of(chat_run(prompt_tokens=300))
    assert (each.tokens, each.cost) == (500, Decimal("0.0023"))


def test_an_agent_may_take_its_tokens_of_which_its_turns_bound_the_output():
    each = reservation_of(chat_run(prompt_tokens=300, agent={"turns": 5, "tokens": 10_000}))
    assert (each.tokens, each.cost) == (10_000, Decimal("0.019"))
    many = reservation_of(chat_run(agent={"turns": 100, "tokens": 10_000}))
    assert (many.tokens, many.cost) == (10_000, Decimal("0.1"))
    assert reservation_of(chat_run({"max_output_tokens": 200}, agent={"turns": 5, "tokens": 10_000})).cost is None


def test_once_a_sample_took_more_than_it_may_so_much_is_set_aside_for_each():
    """An endpoint charged thoughts beyond the limit of tokens: each wave of calls went further beyond a daily limit."""
    run = chat_run(prompt_tokens=300)
    stated = reservation_of(run)
    for output, cost in ((150, "0.0018"), (3000, "0.0303"), (20, "0.0005")):
        make_trace(run=run, input_tokens=300, output_tokens=output, cost=Decimal(cost))
    assert reservation_of(run) == stated, "nothing is looked up before the first sample is counted"
    run.done_count = 3
    each = reservation_of(run)
    assert (each.tokens, each.cost) == (3300, Decimal("0.0303"))
    unpriced = chat_run({"max_output_tokens": 200}, prompt_tokens=300)
    unpriced.done_count = 1
    assert reservation_of(unpriced).cost is None


def test_what_a_failed_agent_has_paid_is_counted():
    run = chat_run(agent={"turns": 5, "tokens": 10_000})
    (attempt, *_) = claim_attempts(run_id=run.pk, lease_token=TOKEN, concurrency=2).attempts
    failure = SampleFailure("malformed", "No.", usage=Usage(100, 0, 0, 20), cost=Decimal("0.0003"))
    assert fail_attempt(attempt=attempt, lease_token=TOKEN, failure=failure)
    run.refresh_from_db()
    assert (run.cost, run.input_tokens, run.output_tokens, run.failed_count) == (Decimal("0.0003"), 100, 20, 1)


@pytest.mark.parametrize(("budget", "limit", "times"), [(1, 1, 1), (1, 0, 1), (0, 1, 1), (0, 0, 0)])
def test_a_claim_looks_once_at_what_the_newest_samples_took(budget, limit, times, lead):
    """A budget and a daily limit each read up to a hundred traces, at every claim."""
    run = chat_run(prompt_tokens=300)
    Run.objects.filter(pk=run.pk).update(done_count=1, budget_cost=Decimal(budget) or None)
    if limit:
        set_limit(actor=lead, scope="all", amount=Decimal(limit))
    with CaptureQueriesContext(connection) as asked:
        assert claim_attempts(run_id=run.pk, lease_token=TOKEN, concurrency=2).attempts
    assert sum("MAX(" in query["sql"] and "output_tokens" in query["sql"] for query in asked) == times
