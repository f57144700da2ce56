"""What every registered generator keeps to."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.generation.recipes import SOURCES, Sums, recipe
from trajectories.core.generation import GENERATORS, MAKERS, WRITERS
from trajectories.core.generation.base import GenerationError, draw_order, recipe_from_json
from trajectories.core.generation.plans import GenerationPlan, SolverCheck

NAMES = sorted(GENERATORS)


def order_of(name, index=0, **values):
    return draw_order(recipe(name, **values), index, takes_source=name in SOURCES)


def propose(name, index=0):
    """The proposals for an order: a writer reads an answer with as many problems as were asked for."""
    order, source = order_of(name, index), SOURCES.get(name)
    if name in MAKERS:
        return MAKERS[name].make(recipe(name), order, source, Sums())
    question = f"The {' and the '.join(order.words)} weigh {{}} grams. How much is that?"
    problems = [{"question": question.format(number), "answer": str(number)} for number in range(order.count)]
    return WRITERS[name].read(recipe(name), order, source, json.dumps({"problems": problems}))


@pytest.mark.parametrize("name", NAMES)
def test_it_says_what_it_is(name):
    generator = GENERATORS[name]
    assert (generator.name, generator.version) == (name, generator.version)
    assert generator.title
    assert generator.summary.endswith(".")
    assert 0 < generator.threshold <= 1


@pytest.mark.parametrize("name", NAMES)
def test_the_same_order_is_placed_and_followed_again_the_same_way(name):
    GENERATORS[name].check(recipe(name))
    assert order_of(name, 3) == order_of(name, 3)
    assert order_of(name, 3).seed != order_of(name, 4).seed
    assert propose(name, 3) == propose(name, 3)


@pytest.mark.parametrize("name", NAMES)
def test_an_order_brings_as_many_sound_problems_as_it_asks_for(name):
    proposals = propose(name)
    assert [proposal.fault for proposal in proposals] == [""] * 3
    assert {proposal.record.split for proposal in proposals} == {"train"}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("values", [{"per_call": 0}, {"per_call": 51}, {"words_each": 5}, {"split": "holdout"}])
def test_a_recipe_that_cannot_be_followed_is_refused(name, values):
    with pytest.raises(GenerationError, match="expected"):
        GENERATORS[name].check(recipe(name, **values))


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_survives_storage(name):
    kept = recipe(name)
    assert recipe_from_json(json.loads(json.dumps(kept.to_json()))) == kept
    for check in (None, SolverCheck(samples=5, temperature=0.8, share=0.6)):
        plan = GenerationPlan(kept, (3, 1), "Ä set", "a-set", 1.0, 0.7, 8, check)
        assert GenerationPlan.from_json(json.loads(json.dumps(plan.to_json()))) == plan


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_every_source_is_used_once_before_any_comes_again(name):
    places = [order_of(name, index).source for index in range(10)]
    assert sorted(places[:5]) == sorted(places[5:]) == list(range(5))
    with pytest.raises(GenerationError, match="Found no problem to start from"):
        GENERATORS[name].check(recipe(name, sources=0))


@pytest.mark.parametrize("name", sorted(WRITERS))
@given(text=st.text() | st.from_regex(r'\{"problems": \[\{"question": .{0,30}', fullmatch=True))
def test_any_answer_is_read_without_breaking(name, text):
    proposals = WRITERS[name].read(recipe(name), order_of(name), SOURCES.get(name), text)
    assert proposals
    assert all((proposal.record is None) == bool(proposal.fault) for proposal in proposals)


@pytest.mark.parametrize("name", sorted(WRITERS))
def test_the_model_is_told_the_constraints_and_never_an_answer(name):
    order = order_of(name)
    [message] = WRITERS[name].messages(recipe(name), order, SOURCES.get(name))
    for wanted in (*order.words, *order.features, "3 new problems"):
        assert wanted in message["content"]
    if name in SOURCES:
        assert SOURCES[name].statement in message["content"]
        assert SOURCES[name].reference not in message["content"]
