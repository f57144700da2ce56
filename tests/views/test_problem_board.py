"""The population board: what groups cost, comparing two of them, walking through one, and how different samples are."""

from decimal import Decimal
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests import factories
from trajectories.selectors.blinding import EVERYTHING
from trajectories.selectors.diversity import MOST_TEXTS, get_diversity

RIGHT, WRONG = [[[9, 8, 7]]], [[[7, 8, 9]]]


def board(client: Any, problem: Any, **query: Any) -> str:
    return client.get(reverse("problem_detail", args=[problem.pk]), query).content.decode()


def test_a_group_says_what_it_cost(client, lead):
    problem = factories.make_problem()
    for cost in (Decimal("0.5"), Decimal("1.5"), None):
        factories.make_trace(problem=problem, cost=cost, output_tokens=1_000, correctness="pass")
    factories.make_trace(problem=problem, answer=WRONG, correctness="fail")
    client.force_login(lead)
    page = client.get(reverse("problem_detail", args=[problem.pk]))
    first, second = page.context["population"].groups
    assert (first.cost, first.cost_each, first.tokens) == (Decimal(2), Decimal(1), 1_000)
    assert second.cost is None
    assert "$2.00 ($1.00 each)" in page.content.decode()


def test_two_groups_are_compared_in_two_clicks(client, lead):
    problem = factories.make_problem()
    right = factories.make_trace(problem=problem, correctness="pass")
    wrong = factories.make_trace(problem=problem, answer=WRONG, correctness="fail")
    client.force_login(lead)
    assert f"compare={right.pk}" in board(client, problem)
    picked = board(client, problem, compare=right.pk)
    address = f"{reverse('trace_compare')}?left={right.pk}&amp;right={wrong.pk}"
    assert f'aria-label="Compare trace {right.pk} with output 2"' in picked
    assert address in picked
    assert client.get(address.replace("&amp;", "&")).status_code == 200
    assert 'aria-label="Compare output 1 with none"' in picked


def test_brackets_walk_through_the_samples_of_a_group(client, lead):
    problem = factories.make_problem()
    first, second, third = (factories.make_trace(problem=problem) for _ in range(3))
    factories.make_trace(problem=problem, answer=WRONG)
    factories.make_trace(problem=problem, run=None, edited_by=lead, parent=first)
    client.force_login(lead)
    query = f"?problem={problem.pk}"
    page = client.get(reverse("trace_detail", args=[second.pk]) + query)
    assert page.context["group_newer"] == reverse("trace_detail", args=[third.pk]) + query
    assert page.context["group_older"] == reverse("trace_detail", args=[first.pk]) + query
    assert "2 of 3 with this answer" in page.content.decode()
    assert 'data-key="["' in page.content.decode()
    alone = factories.make_trace()
    assert "with this answer" not in client.get(reverse("trace_detail", args=[alone.pk])).content.decode()


def test_diversity_has_its_definition_and_counts(client, lead):
    problem = factories.make_problem()
    for comment in ("one", "two", "three"):
        factories.make_trace(problem=problem, program=f"x = 1  # {comment}", correctness="pass")
    factories.make_trace(problem=problem, program="y = [2]", answer=WRONG, correctness="fail")
    factories.make_trace(problem=problem, program="hinted = 1", hinted=True)
    found = get_diversity(problem, EVERYTHING)
    assert (found.samples, found.answers, found.of_programs) == (4, 2, True)
    assert (found.every.texts, found.every.distinct) == (4, 2)
    assert (found.right.texts, found.right.distinct) == (3, 1)
    assert round(found.entropy, 2) == 0.81
    client.force_login(lead)
    assert reverse("problem_diversity", args=[problem.pk]) in board(client, problem)
    page = client.get(reverse("problem_diversity", args=[problem.pk])).content.decode()
    assert "compressed together (zlib)" in page
    assert "without comments, docstrings and layout" in " ".join(page.split())


def test_answers_are_compressed_where_there_are_no_programs(db):
    problem = factories.make_problem(kind="numeric", spec={}, statement="1 + 1?", reference="2")
    for answer in ("2", "2", "3", None):
        factories.make_trace(problem=problem, answer=answer, program=None)
    found = get_diversity(problem, EVERYTHING)
    assert (found.of_programs, found.answers, found.every.texts, found.every.distinct) == (False, 2, 3, 2)


def test_only_so_many_programs_are_compressed_and_it_is_told(client, lead):
    problem = factories.make_problem()
    for _ in range(MOST_TEXTS + 1):
        factories.make_trace(problem=problem)
    client.force_login(lead)
    with CaptureQueriesContext(connection) as captured:
        page = client.get(reverse("problem_diversity", args=[problem.pk])).content.decode()
    assert "The newest 200 samples." in page
    assert len(captured) <= 10
