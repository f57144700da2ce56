"""Run against run."""

import re

import pytest
from django.urls import reverse

from tests import factories
from tests.queues import queue_of
from trajectories.core.curation.schemas import Blinding
from trajectories.core.selections import Selection
from trajectories.models import Queue
from trajectories.selectors.insights.budgets import forget_budgets

pytestmark = pytest.mark.django_db
RIGHT, WRONG = [[[9, 8, 7]]], [[[1]]]


@pytest.fixture
def runs(db):
    """A run that solves four shared problems and one that solves one of them, and a problem of each alone."""
    one, two = factories.make_run(title="Strong"), factories.make_run(title="Weak")
    shared = [factories.make_problem() for _ in range(5)]
    for place, problem in enumerate(shared):
        for run, right in ((one, place < 4), (two, place == 4)):
            for _ in range(2):
                answer = RIGHT if right else WRONG
                factories.make_trace(run=run, problem=problem, answer=answer, correctness="pass" if right else "fail")
    for run in (one, two):
        factories.make_trace(run=run, answer=RIGHT, correctness="pass")
    factories.make_trace(run=two, problem=shared[0], answer=None, correctness="unscored", finish_reason="length")
    return one, two, shared


@pytest.fixture
def reader(client, curator):
    client.force_login(curator)
    return client


def text_of(response):
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode().partition("<main")[2]).split())


def test_two_runs_are_compared_over_the_problems_that_they_share(reader, runs):
    one, two, shared = runs
    page = reader.get(reverse("versus"), {"a": one.pk, "b": two.pk})
    shown = text_of(page)
    assert page.status_code == 200
    assert "Strong 80.0%" in shown
    assert "Weak 20.0%" in shown
    assert "+60.0 points 95% band" in shown
    assert "over 5 shared problems" in shown
    assert "4 : 1 McNemar, exact: p 0.375; both 0, neither 0, open 0" in shown
    assert re.search(r"scored 11 cut off 1 refused 0 failed attempts 0|11 scored 1 cut off 0 refused", shown)
    for problem in shared:
        assert f'href="{reverse("problem_detail", args=[problem.pk])}">{problem.name}</a>' in page.content.decode()
    assert f"{shared[4].name} second 0.0% 100.0%" in shown
    turned = text_of(reader.get(reverse("versus"), {"a": two.pk, "b": one.pk, "way": "any", "k": 1}))
    assert "-60.0 points" in turned
    assert "1 : 4 McNemar" in turned


def test_what_cannot_be_compared_is_said(reader, runs):
    one, two, _ = runs
    assert "Choose two runs" in text_of(reader.get(reverse("versus")))
    same = reader.get(reverse("versus"), {"a": one.pk, "b": one.pk})
    assert (same.status_code, "Found the same run twice" in text_of(same)) == (422, True)
    lonely = reader.get(reverse("versus"), {"a": one.pk, "b": factories.make_run().pk})
    assert (lonely.status_code, "share no problem" in text_of(lonely)) == (422, True)
    assert reader.get(reverse("versus"), {"a": "x"}).status_code == 422
    assert "None of the 5 shared problems" in text_of(reader.get(reverse("versus"), {"a": one.pk, "b": two.pk, "k": 9}))
    looking = factories.make_run(title="Looking", strategy="until-solved")
    attempt = factories.make_attempt(run=looking, problem=runs[2][0], state="done")
    factories.make_trace(run=looking, problem=runs[2][0], attempt=attempt, answer=RIGHT, correctness="pass")
    forget_budgets()
    assert "over 1 shared problem" in text_of(reader.get(reverse("versus"), {"a": one.pk, "b": looking.pk}))
    refused = reader.get(reverse("versus"), {"a": one.pk, "b": looking.pk, "k": 1})
    assert "Looking went by verdicts: found 1 samples" in text_of(refused)


def test_problems_that_a_queue_hides_are_left_out(reader, lead, runs):
    one, two, shared = runs
    queue = queue_of(lead, [shared[0].traces.first()], selection=Selection(problem=shared[0].pk))
    Queue.objects.filter(pk=queue.pk).update(blinding=Blinding(verdicts=True).to_json())
    shown = text_of(reader.get(reverse("versus"), {"a": one.pk, "b": two.pk}))
    assert "over 4 shared problems" in shown
    assert "1 problem left out until you have decided on it." in shown
    assert shared[0].name not in shown


def test_it_is_only_read_and_not_by_everybody(client, curator, nobody):
    client.force_login(curator)
    assert client.post(reverse("versus")).status_code == 405
    client.force_login(nobody)
    assert client.get(reverse("versus")).status_code == 403
