"""The official score of ARC: on the run page, on a page of its own, and over a set."""

import pytest
from django.urls import reverse

from tests import factories
from tests.selectors.test_arc_scores import TWO, sample
from trajectories.models import Run

pytestmark = pytest.mark.django_db


@pytest.fixture
def run():
    """Two tasks of a set of three, one output of one of them right."""
    run, tasks = factories.make_run(title="Half of one"), factories.make_problem_set(name="tasks", title="Tasks")
    planned = [factories.make_problem(problem_set=tasks, **TWO) for _ in range(3)][:2]
    for task in planned:
        factories.make_attempt(run=run, problem=task)
    sample(run, planned[0], True, False)
    return run


def test_the_run_page_fetches_its_score(client, curator, run):
    client.force_login(curator)
    address = reverse("run_arc_score", args=[run.pk])
    assert f'hx-get="{address}"' in client.get(reverse("run_detail", args=[run.pk])).content.decode()
    fragment = client.get(address, headers={"HX-Request": "true"}).content.decode()
    assert fragment.lstrip().startswith('<section id="arc-score"')
    for text in ("25.0%", "mean over 2 tasks", "of 4 test outputs", "without a sample, counted 0"):
        assert text in fragment
    assert "<title>" in client.get(address).content.decode()


def test_of_a_run_that_adapts_it_says_which_samples_count(client, curator, run):
    client.force_login(curator)
    words = "the first two of each task count alone"
    address = reverse("run_arc_score", args=[run.pk])
    assert words not in client.get(address).content.decode()
    Run.objects.filter(pk=run.pk).update(strategy="until-solved")
    assert words in client.get(address).content.decode()


def test_a_run_without_arc_tasks_says_nothing_of_it(client, curator):
    run = factories.make_run()
    factories.make_attempt(run=run, problem=factories.make_problem(kind="numeric", spec={}, reference="1"))
    client.force_login(curator)
    assert "arc-score" not in client.get(reverse("run_detail", args=[run.pk])).content.decode()
    assert "has no ARC tasks" in client.get(reverse("run_arc_score", args=[run.pk])).content.decode()


def test_a_set_ranks_all_that_sampled_it(client, curator, run):
    client.force_login(curator)
    address = reverse("set_arc_scores", args=["tasks"])
    assert address in client.get(reverse("problem_list"), {"set": "tasks"}).content.decode()
    page = client.get(address).content.decode()
    assert "Half of one" in page
    assert "16.7%" in page
    assert '2<span class="muted"> of 3</span>' in page
    assert client.get(reverse("set_arc_scores", args=["none"])).status_code == 404
    factories.make_problem_set(name="empty", title="Empty")
    assert "Nothing to score" in client.get(reverse("set_arc_scores", args=["empty"])).content.decode()


def test_who_may_not_see_runs_sees_no_scores(client, run, django_user_model):
    client.force_login(django_user_model.objects.create_user("nobody"))
    assert client.get(reverse("run_arc_score", args=[run.pk])).status_code == 403
    assert client.get(reverse("set_arc_scores", args=["tasks"])).status_code == 403
