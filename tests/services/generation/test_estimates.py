"""What a generation job would take, before it is planned."""

from decimal import Decimal

import pytest

from tests.generation import augmenting_plan, check_with, plan_job, writing_plan
from tests.jobs import model
from trajectories.models import GenerationCall, Sampler
from trajectories.services.generation.estimates import estimate_generation
from trajectories.services.generation.previews import preview_generation

pytestmark = pytest.mark.django_db


def test_orders_are_counted_and_the_first_one_measured():
    plan = writing_plan(model(), wanted=7)
    found = estimate_generation(plan=plan)
    tokens = preview_generation(recipe=plan.recipe, seed=plan.seed).tokens
    assert (found.calls, found.most_calls, found.to_solve) == (3, 12, 0), "three to a call"
    assert found.input_tokens == 3 * tokens
    assert found.output_tokens == 3 * 1024, "a quarter of what an answer may have"
    assert found.measured == 0
    assert found.cost == (Decimal(found.input_tokens) + 2 * Decimal(found.output_tokens)) / 1_000_000


def test_answers_are_taken_to_be_as_long_as_earlier_ones():
    job = plan_job()
    Sampler.objects.filter(pk=job.sampler_id).update(parameters=model().parameters)
    for index, tokens in enumerate((100, 300, 0)):
        GenerationCall.objects.create(job=job, index=index, output_tokens=tokens)
    job.refresh_from_db()
    found = estimate_generation(plan=writing_plan(Sampler.objects.get(pk=job.sampler_id), wanted=3))
    assert (found.output_tokens, found.measured) == (200, 2)


def test_solving_counts_too():
    alone = estimate_generation(plan=writing_plan(model()))
    solved = estimate_generation(plan=writing_plan(model(), check=check_with(model(), samples=5)))
    assert solved.to_solve == 5 * 6
    assert solved.output_tokens == alone.output_tokens + 30 * 1024
    assert solved.cost > alone.cost


def test_without_prices_the_cost_is_not_known_and_without_a_model_there_is_none(problem):
    priceless = model()
    priceless.parameters |= {"input_price": None, "output_price": None}
    assert estimate_generation(plan=writing_plan(priceless)).cost is None
    free = estimate_generation(plan=augmenting_plan(problem.problem_set))
    assert free.is_free
    assert free.cost == 0
