"""The table of the best way by difficulty and budget."""

import pytest
from django.urls import reverse

from tests import factories
from tests.insights import make_population
from tests.pages import text_of
from trajectories.models import Trace
from trajectories.selectors.blinding import sight_of
from trajectories.selectors.insights.budgets import BudgetScope, forget_budgets, get_budget
from trajectories.selectors.insights.optimal import get_optimal
from trajectories.selectors.insights.scopes import InsightScope

pytestmark = pytest.mark.django_db


@pytest.fixture
def population(db):
    forget_budgets()
    tasks, runs = make_population(problems=12, samples=8, runs=2)
    Trace.objects.filter(correctness="pass").update(train_passed=3, train_total=3, train_error=0)
    Trace.objects.filter(correctness="fail").update(train_passed=1, train_total=3, train_error=0.5)
    return tasks, runs


def test_the_table_says_what_is_best_for_easy_and_for_hard_problems(client, lead, population):
    client.force_login(lead)
    for bins in ("oracle", "predicted", ""):
        page = client.get(reverse("optimal"), {"problem_set": population[0].pk, "bins": bins})
        shown = text_of(page)
        assert page.status_code == 200
        assert "Easiest" in shown
        assert "Hardest" in shown
        assert "12 problems that Parallel has" in shown
        assert ("which only an oracle knows" in shown) == (bins == "oracle")


def test_with_all_samples_knowing_what_fits_is_at_least_as_good_as_one_for_all(population, lead):
    scope = BudgetScope.seen(InsightScope(problem_set=population[0].pk), sight_of(lead))
    found = get_optimal(get_budget(scope), predicted=True)
    assert [row.k for row in found.rows] == [1, 2, 4, 8, 16]
    assert all(len(row.chosen.cells) == 5 for row in found.rows)
    assert all(0 <= row.chosen.optimal.mean <= 1 for row in found.rows)
    assert list(found.least) == sorted(found.least, reverse=True), "the easiest first"


def test_a_strategy_that_goes_by_verdicts_counts_from_what_it_took(population, lead):
    tasks, runs = population
    runs[1].strategy = "until-solved"
    runs[1].save()
    scope = BudgetScope.seen(InsightScope(problem_set=tasks.pk), sight_of(lead))
    found = get_optimal(get_budget(scope), predicted=False)
    assert len(found.sources) == 2
    assert [row.k for row in found.rows] == [1, 2, 4, 8]


def test_nothing_to_choose_from_and_a_wrong_address(client, lead):
    forget_budgets()
    client.force_login(lead)
    assert "Nothing to choose from" in text_of(client.get(reverse("optimal")))
    assert client.get(reverse("optimal"), {"bins": "nonesuch"}).status_code == 422
    factories.make_trace(correctness="pass")
    forget_budgets()
    assert client.get(reverse("optimal"), {"run": "77"}).status_code == 422
