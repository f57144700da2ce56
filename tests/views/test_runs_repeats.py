"""Identical samples across seeds: counted on the run page of a model that ignores temperature and seed."""

import pytest
from django.urls import reverse

from tests import factories
from tests.pages import squeezed
from trajectories.selectors.repeats import find_repeats

pytestmark = pytest.mark.django_db


@pytest.fixture
def run():
    return factories.make_run(sampler=factories.make_sampler(kind="chat", parameters={"model": "m"}))


def draw(run, problem, *texts, temperature=1.0, **values):
    """Samples of a problem that say that, each with an attempt and so a seed of its own."""
    return [
        factories.make_trace(
            run=run,
            problem=problem,
            reasoning=text,
            program="",
            temperature=temperature,
            attempt=factories.make_attempt(run=run, problem=problem, temperature=temperature),
            **values,
        )
        for text in texts
    ]


def page(client, person, run):
    client.force_login(person)
    return squeezed(client.get(reverse("run_detail", args=[run.pk])))


def test_one_text_for_every_seed_is_told_with_an_example(client, curator, run):
    first, _, last = draw(run, factories.make_problem(), *["Six sevens are 42."] * 3)
    draw(run, factories.make_problem(), "One.", "Two.")
    text = page(client, curator, run)
    assert "3 of 5 samples say word for word what another one says" in text
    assert "for 1 of 2 prompts there is one text only" in text
    assert "likely to ignore temperature and seed" in text
    for address in (
        reverse("trace_detail", args=[first.pk]),
        reverse("trace_detail", args=[last.pk]),
        reverse("sampler_detail", args=[run.sampler_id]),
    ):
        assert f'href="{address}"' in text


def test_a_model_of_this_machine_is_not_called_an_endpoint(client, curator):
    run = factories.make_run(sampler=factories.make_sampler(kind="local", parameters={"folder": "small"}))
    draw(run, factories.make_problem(), *["Six sevens are 42."] * 3)
    text = page(client, curator, run)
    assert "The model says little else at this temperature" in text
    assert "likely to ignore" not in text


def test_a_few_alike_are_no_alarm(client, curator, run):
    draw(run, factories.make_problem(), "42", "42", *(f"It is {number}." for number in range(6)))
    text = page(client, curator, run)
    assert "2 of 8 samples" in text
    assert "A short answer is the same now and then." in text
    assert "likely to ignore" not in text


def test_what_is_no_repetition(client, curator, run):
    one, other = factories.make_problem(), factories.make_problem()
    draw(run, one, "Same.", "Same.", temperature=0.0)  # nothing is drawn at random
    draw(run, one, "Alike.", prompt=factories.make_text("[1]"))
    draw(run, one, "Alike.", prompt=factories.make_text("[2]"))  # asked something else
    draw(run, other, "Alike.", "Other.")
    draw(run, other, "", "", finish_reason="empty")
    assert find_repeats(run) is None
    assert "word for word" not in page(client, curator, run)


def test_an_embedded_search_says_what_it_says(client, curator):
    run = factories.make_run()
    draw(run, factories.make_problem(), "Same.", "Same.")
    assert "word for word" not in page(client, curator, run)


def test_so_many_samples_are_looked_through_once(run, django_assert_num_queries):
    problem = factories.make_problem()
    draw(run, problem, "Same.", "Same.")
    with django_assert_num_queries(1):
        assert [find_repeats(run).repeated for _ in range(2)] == [2, 2]
    draw(run, problem, "Same.")
    run.done_count += 1
    assert find_repeats(run).repeated == 3
