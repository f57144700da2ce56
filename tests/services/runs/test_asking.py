"""Asking: a problem and a budget become a run that takes no more than was asked for."""

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.factories import make_instruction, make_problem, make_sampler
from trajectories.core.strategies import STRATEGIES
from trajectories.models import Run
from trajectories.services.runs.asking import Asked, ask, find_way, plan_within, ways_for
from trajectories.services.runs.plans import Budget, PlanError

pytestmark = pytest.mark.django_db


def asked(**values) -> Asked:
    fields = {"problem": make_problem(), "sampler": make_sampler(), **values}
    fields.setdefault("instructions", [make_instruction(), make_instruction(view="object")])
    return Asked(**fields)


def asked_by(name: str, **values) -> Asked:
    """By a sampler that the strategy can work with."""
    if not STRATEGIES[name].needs_model:
        return asked(strategy=name, **values)
    model = make_sampler(kind="chat", parameters={"base_url": "http://127.0.0.1:9/v1", "model": "none"})
    instructions = [make_instruction(suits="chat"), make_instruction(suits="chat", view="object")]
    return asked(strategy=name, sampler=model, instructions=instructions, **values)


def test_it_is_an_ordinary_run_that_knows_how_it_is_to_be_consolidated():
    run = ask(actor=None, asked=asked(samples=7), seed=3)
    assert (run.state, run.strategy, run.planned_count, run.seed) == ("queued", "parallel", 6, 3)
    assert Run.objects.get(pk=run.pk).kept_plan.asked == "rank-sums"
    assert run.title.startswith("Asked: task-")


@pytest.mark.parametrize("samples", [1, 2, 3, 16, 64, 301])
def test_no_strategy_may_take_more_than_was_asked_for(samples):
    for name in STRATEGIES:
        wanted = asked_by(name, samples=samples)
        least = replace(wanted, samples=10_000)
        if plan_within(least).found[0].most(1, plan_within(least).found[1]) > samples:
            with pytest.raises(PlanError, match=f"found a budget of {samples:,}"):
                plan_within(wanted)
            continue
        plan = plan_within(wanted)
        assert 1 <= plan.most_per_problem <= samples, name
        bigger = plan.samples_each + 1
        again = type(plan)(
            plan.problems, plan.instructions, plan.temperatures, bigger, strategy=name, settings=plan.settings
        )
        assert again.most_per_problem > samples, f"{name} could have more"


def test_fewer_samples_than_views_leave_out_the_last_ones():
    assert len(plan_within(asked(samples=1)).instructions) == 1


def test_a_way_is_named_or_the_usual_one():
    assert find_way("arc", "").name == "rank-sums"
    assert find_way("numeric", "").name == "majority"
    assert find_way("arc", "two-guesses").guesses == 2
    with pytest.raises(PlanError, match="'Two guesses an output' is not defined for numeric problems"):
        find_way("numeric", "two-guesses")
    assert not any(way.name.endswith("score") for way in ways_for("arc"))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"samples": 0}, "Found 0 samples, expected 1 to 10,000"),
        ({"samples": 10_001}, "Found 10,001 samples"),
        ({"strategy": "revise"}, "needs a language model"),
        ({"way": "best-score"}, "is not defined for arc problems"),
        ({"budget": Budget(cost=Decimal(0))}, "money budget is 0"),
    ],
)
def test_what_cannot_be_asked_is_said_and_plans_nothing(values, message):
    with pytest.raises(PlanError, match=message):
        ask(actor=None, asked=asked(**values))
    assert not Run.objects.exists()


def test_a_strategy_that_takes_more_at_the_least_is_refused():
    with pytest.raises(PlanError, match="may take 13 samples at the least; found a budget of 4"):
        ask(actor=None, asked=asked_by("revise", samples=4))
    assert not Run.objects.exists()


def test_an_instruction_has_to_fit_the_problem():
    with pytest.raises(PlanError, match="No instruction fits"):
        ask(actor=None, asked=asked(instructions=[make_instruction(problem_kind="text")]))
