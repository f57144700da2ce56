"""The page of budgets, its figures, and the problems behind a point."""

import csv
import re

import pytest
from django.urls import reverse

from tests import factories
from tests.insights import make_population
from tests.pages import text_of
from tests.queues import queue_of
from trajectories.core.curation.schemas import Blinding
from trajectories.core.selections import Selection
from trajectories.models import Queue, Trace
from trajectories.selectors.insights.budgets import forget_budgets

pytestmark = pytest.mark.django_db


@pytest.fixture
def population(db):
    tasks, runs = make_population(problems=6, samples=8, runs=2)
    Trace.objects.filter(correctness="pass").update(train_passed=3, train_total=3, train_error=0)
    Trace.objects.filter(correctness="fail").update(train_passed=1, train_total=3, train_error=0.5)
    return tasks, runs


@pytest.fixture
def reader(client, curator):
    client.force_login(curator)
    return client


def test_the_page_says_what_a_budget_buys_by_every_way(reader, population):
    page = reader.get(reverse("budget"), {"problem_set": population[0].pk, "budget": 4})
    shown = text_of(page)
    assert page.status_code == 200
    assert "4 samples a problem" in shown
    for title in ("pass@k (an oracle chooses)", "Majority", "Weighted by training pairs", "Two guesses an output"):
        assert title in shown
    assert "Weighted by scorer" not in shown.partition("Way of choosing")[2]
    assert page.content.decode().count('hx-trigger="intersect once"') == 2
    assert f"/insights/budget/curves/?problem_set={population[0].pk}" in page.content.decode()


def test_a_move_of_the_slider_brings_the_table_alone(reader, population):
    part = reader.get(reverse("budget"), {"problem_set": population[0].pk, "step": 0}, headers={"HX-Request": "true"})
    assert part.content.decode().startswith('<div id="budget-now"')
    assert "1 sample a problem" in text_of(part)
    assert "HX-Request" in part["Vary"]


def test_a_budget_is_in_any_unit_and_refused_where_it_buys_nothing(reader, population):
    scope = {"problem_set": population[0].pk}
    assert "samples a problem" in text_of(reader.get(reverse("budget"), {**scope, "unit": "tokens", "budget": 5000}))
    refused = reader.get(reverse("budget"), {**scope, "unit": "money", "budget": 1e-9})
    assert refused.status_code == 422
    assert re.search(r"Found a budget of 1e-09 money a problem, expected [\d.]+ \(one sample\) to", text_of(refused))
    Trace.objects.update(cost=None)
    forget_budgets()
    unknown = reader.get(reverse("budget"), {**scope, "unit": "money", "budget": 1})
    assert "Nothing is known of the money that these samples took" in text_of(unknown)
    for wrong in ({"unit": "miles"}, {"budget": "-1"}, {"way": "best"}, {"scorer": "arc_test"}, {"run": "x"}):
        assert reader.get(reverse("budget"), wrong).status_code == 422


@pytest.mark.parametrize("name", ["curves", "frontier"])
def test_figures_are_pages_fragments_and_files(name, reader, population):
    address = reverse("budget_figure", args=[name])
    for query in ({"problem_set": population[0].pk}, {"unit": "money", "by": "strategy"}, {"unit": "seconds"}):
        page = reader.get(address, query)
        assert page.status_code == 200
        assert "data-plot=" in page.content.decode()
    part = reader.get(address, {"run": population[1][0].pk}, headers={"HX-Request": "true"})
    assert part.content.decode().startswith("<section")
    answer = reader.get(address, {"format": "csv", "problem_set": population[0].pk})
    rows = list(csv.reader(answer.getvalue().decode().splitlines()))
    assert rows[0][1:3] == ["k", "Score"]
    assert len({row[0] for row in rows[1:]}) == (4 if name == "curves" else 2)
    assert "No sample" in text_of(reader.get(address, {"run": factories.make_run().pk}))
    assert reader.get(reverse("budget_figure", args=["nothing"])).status_code == 404


def test_points_lead_to_the_problems_that_are_won_and_lost(reader, population):
    page = reader.get(reverse("budget_figure", args=["frontier"]), {"problem_set": population[0].pk}).content.decode()
    links = {link.replace("&amp;", "&") for link in re.findall(r'href="(/insights/budget/problems/[^"]*)"', page)}
    assert len(links) >= 6
    for link in links:
        listed = reader.get(link)
        assert listed.status_code == 200
        assert 3 <= listed.content.decode().count('<td><a href="/problems/') <= 6


def test_ways_are_compared_problem_by_problem(reader):
    run, task, other = factories.make_run(), factories.make_problem(), factories.make_problem()
    for problem, fits in ((task, 3), (other, 1)):
        right = [[[9, 8, 7]]]
        for answer, passed in (([[[1]]], 1), ([[[1]]], 1), (right, fits)):
            factories.make_trace(
                run=run, problem=problem, answer=answer, correctness="pass" if answer == right else "fail",
                train_passed=passed, train_total=9,
            )  # fmt: skip
    query = {"run": run.pk, "chosen": "weighted-fits", "k": 3, "against": "majority"}
    listed = text_of(reader.get(reverse("budget_problems"), query))
    assert "won 1 lost 1 problems 2 better than Majority 1 worse 0" in listed
    assert f"{task.name} won lost +100.0% 1 of 3" in listed
    assert reader.get(reverse("budget_problems"), {"source": "77"}).status_code == 422
    many = text_of(reader.get(reverse("budget_problems"), {**query, "k": 9}))
    assert "with too few samples, or without a value that is needed 2" in many


def test_problems_that_a_queue_hides_are_no_part_of_any_figure(client, curator, lead, population):
    tasks, runs = population
    hidden = Trace.objects.filter(run=runs[0]).order_by("pk").first()
    only = Selection(run=runs[0].pk, problem=hidden.problem_id)
    Queue.objects.filter(pk=queue_of(lead, [hidden], selection=only).pk).update(
        blinding=Blinding(verdicts=True).to_json()
    )
    pages = [
        reverse("budget_problems") + f"?problem_set={tasks.pk}",
        reverse("budget") + f"?problem_set={tasks.pk}&budget=4",
        reverse("budget_figure", args=["curves"]) + f"?problem_set={tasks.pk}&format=csv",
    ]
    read = {}
    for outcome in ("pass", "fail"):
        Trace.objects.filter(pk=hidden.pk).update(correctness=outcome)
        for person in (curator, lead):
            forget_budgets()
            client.force_login(person)
            answers = [client.get(page) for page in pages]
            bodies = [each.getvalue() if each.streaming else each.content for each in answers]
            bodies = [re.sub(rb"\d\d:\d\d:\d\d", b"", each.partition(b"<main")[2] or each) for each in bodies]
            read.setdefault(person, []).append(bodies)
    assert read[curator][0] == read[curator][1]
    assert read[lead][0] != read[lead][1]
    assert hidden.problem.name.encode() not in read[curator][0][0]
    assert hidden.problem.name.encode() in read[lead][0][0]


def test_it_is_for_those_who_may_see_runs_and_traces_and_is_only_read(client, curator, nobody, population):
    client.force_login(curator)
    for address in (reverse("budget"), reverse("budget_problems"), reverse("budget_figure", args=["curves"])):
        assert client.post(address).status_code == 405
        client.force_login(nobody)
        assert client.get(address).status_code == 403
        client.logout()
        assert client.get(address).status_code == 302
        client.force_login(curator)
