"""The search tree of a run and a problem: what hangs on what, what is said of ends, and what is folded."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests import factories
from tests.queues import queue_of
from trajectories.core.curation.schemas import Blinding
from trajectories.models import Attempt, Problem, Run, RunProblem, Trace
from trajectories.selectors.blinding import EVERYTHING
from trajectories.selectors.search_trees import NodeGroup, get_search_tree, runs_with_trees, walk


@pytest.fixture
def run(db) -> Run:
    return factories.make_run(strategy="revise", state="running")


@pytest.fixture
def problem(db) -> Problem:
    return factories.make_problem()


def grow(run: Run, problem: Problem, parent: Trace | None = None, **values: Any) -> Trace:
    """A wrong sample, with its attempt; one round after its parent."""
    of_round = parent.attempt.round + 1 if parent else 0
    number = Attempt.objects.filter(run=run).count()
    kind = "revision" if parent else "first"
    attempt = factories.make_attempt(
        run=run, problem=problem, parent=parent, round=of_round, kind=kind, state="done", index=number
    )
    fields = {"correctness": "fail", "train_passed": 0, "train_total": 2, "train_error": 0.5, **values}
    return factories.make_trace(run=run, problem=problem, attempt=attempt, parent=parent, **fields)


def test_what_goes_on_from_a_trace_hangs_on_it_with_what_it_took(run, problem):
    first = grow(run, problem, output_tokens=100, cost=Decimal("0.5"), latency_seconds=1.0)
    second = grow(run, problem, first, output_tokens=10, train_error=0.25, latency_seconds=2.0)
    third = grow(run, problem, second, output_tokens=1, correctness="pass", train_error=0.0)
    tree = get_search_tree(run, problem.pk)
    (root,) = tree.roots
    assert [node.trace_id for node in walk(tree.roots)] == [first.pk, second.pk, third.pk]
    assert (root.below, root.right_below, root.best_below) == (2, 1, 0.0)
    assert (root.spend.tokens, root.spent_below.tokens) == (100, 11)
    assert (tree.spend.tokens, tree.spend.cost, tree.spend.seconds) == (111, Decimal("0.5"), 3.0)
    assert (tree.size, tree.rounds, tree.right, tree.best) == (3, 3, 1, 0.0)


def test_each_end_says_why_nothing_went_on(run, problem):
    chosen = grow(run, problem)
    left = grow(run, problem)
    cut = grow(run, problem, finish_reason="length", correctness="unscored")
    right = grow(run, problem, correctness="pass")
    last = grow(run, problem, chosen)
    failed = factories.make_attempt(
        run=run, problem=problem, parent=chosen, round=1, kind="revision", state="failed", error_kind="timeout", index=9
    )
    waiting = factories.make_attempt(run=run, problem=problem, parent=chosen, round=1, state="pending", index=10)
    place = RunProblem.objects.create(run=run, problem=problem, round=1)

    def ends() -> dict[int, str]:
        return {node.attempt_id: node.end for node in walk(get_search_tree(run, problem.pk).roots)}

    found = ends()
    assert found[chosen.attempt_id] == found[right.attempt_id] == found[waiting.pk] == ""
    assert found[left.attempt_id] == "Not gone on from: others were chosen"
    assert found[cut.attempt_id] == "Cut off or refused before it gave an answer"
    assert found[failed.pk] == "No sample: time ran out"
    assert found[last.attempt_id] == ""  # the strategy may still choose it
    RunProblem.objects.filter(pk=place.pk).update(closed=True)
    assert ends()[last.attempt_id] == "The last round"


def test_many_that_ended_alike_are_one_line_and_few_are_not(run, problem):
    grown = [grow(run, problem) for _ in range(8)]
    grow(run, problem, grown[0])
    tree = get_search_tree(run, problem.pk)
    group = tree.roots[-1]
    assert isinstance(group, NodeGroup)
    assert [node.trace_id for node in group.nodes] == [trace.pk for trace in grown[1:]]
    assert group.best == 0.5
    assert len(list(walk(tree.roots))) == 9
    other = factories.make_problem()
    few = [grow(run, other) for _ in range(4)]
    grow(run, other, few[0])
    assert not any(isinstance(node, NodeGroup) for node in get_search_tree(run, other.pk).roots)


def test_a_run_that_does_not_adapt_has_no_dead_branches(problem):
    run = factories.make_run(strategy="parallel", state="finished")
    for _ in range(3):
        grow(run, problem)
    assert {node.end for node in walk(get_search_tree(run, problem.pk).roots)} == {""}


def test_the_page_is_a_tree_to_assistive_technology_with_links_and_thumbnails(client, lead, run, problem):
    first = grow(run, problem)
    grow(run, problem, first, correctness="pass")
    client.force_login(lead)
    page = client.get(reverse("search_tree", args=[run.pk, problem.pk])).content.decode()
    assert page.count('role="tree"') == 1
    assert page.count('role="treeitem"') == 2
    assert page.count('<ul role="group">') == 1
    assert reverse("trace_detail", args=[first.pk]) in page
    assert "/grids/canonical/" in page
    assert "1 below, 1 right" in " ".join(page.split())


def test_five_hundred_nodes_take_as_many_queries_as_three_and_few_elements(client, lead, run, problem):
    def queries() -> tuple[int, str]:
        client.get(address)
        with CaptureQueriesContext(connection) as captured:
            page = client.get(address).content.decode()
        return len(captured), page

    first = grow(run, problem)
    grow(run, problem, first)
    client.force_login(lead)
    address = reverse("search_tree", args=[run.pk, problem.pk])
    small, _ = queries()
    parents = [first]
    for number in range(498):
        parents.append(grow(run, problem, parents[number // 5]))
    many, page = queries()
    assert many == small
    assert page.count('role="treeitem"') >= 500
    assert page.count("<") < 15_000
    assert "data-fold" in page


def test_more_than_is_drawn_is_told(client, lead, run, problem, monkeypatch):
    monkeypatch.setattr("trajectories.selectors.search_trees.MOST_NODES", 3)
    for _ in range(5):
        grow(run, problem)
    client.force_login(lead)
    page = client.get(reverse("search_tree", args=[run.pk, problem.pk])).content.decode()
    assert "The first 3 of 5 attempts" in " ".join(page.split())


def test_the_tree_is_reached_from_the_problem_the_run_and_the_trace(client, lead, run, problem):
    first = grow(run, problem)
    child = grow(run, problem, first)
    client.force_login(lead)
    address = reverse("search_tree", args=[run.pk, problem.pk])
    for page in (
        reverse("problem_detail", args=[problem.pk]),
        reverse("run_detail", args=[run.pk]),
        reverse("trace_detail", args=[child.pk]),
    ):
        assert address in client.get(page).content.decode(), page
    assert [(each.pk, count) for each, count in runs_with_trees(problem.pk, EVERYTHING)] == [(run.pk, 1)]


def test_no_attempt_is_no_page_and_permission_is_asked_for(client, lead, nobody, run, problem):
    address = reverse("search_tree", args=[run.pk, problem.pk])
    client.force_login(lead)
    assert client.get(address).status_code == 404
    grow(run, problem)
    assert client.get(address).status_code == 200
    client.force_login(nobody)
    assert client.get(address).status_code == 403


def test_no_page_leads_to_a_tree_that_is_refused(client, lead, curator, run, problem):
    child = grow(run, problem, grow(run, problem))
    hidden = grow(run, problem)
    queue_of(lead, [hidden], blinding=Blinding(verdicts=True))
    address = reverse("search_tree", args=[run.pk, problem.pk])
    pages = [
        reverse("run_detail", args=[run.pk]),
        reverse("problem_detail", args=[problem.pk]),
        reverse("trace_detail", args=[child.pk]),
    ]
    client.force_login(curator)
    assert client.get(address).status_code == 403
    assert [address in client.get(page).content.decode() for page in pages] == [False] * 3
    client.force_login(lead)
    assert client.get(address).status_code == 200
    # Where a trace is reviewed, a lead is as blind until they ask.
    assert [address in client.get(page).content.decode() for page in pages] == [True, True, False]
    assert address in client.get(f"{pages[2]}?reviews=all").content.decode()


def test_a_step_that_its_judge_could_not_score_says_why(client, curator, run, problem):
    trace = grow(run, problem)
    Attempt.objects.filter(pk=trace.attempt_id).update(step_fault="Found no score in its answer.")
    client.force_login(curator)
    text = client.get(reverse("search_tree", args=[run.pk, problem.pk])).content.decode()
    assert "no score: Found no score in its answer." in text
    Attempt.objects.filter(pk=trace.attempt_id).update(step_fault="", step_score=0.25)
    text = client.get(reverse("search_tree", args=[run.pk, problem.pk])).content.decode()
    assert ("no score" in text, "score 25%" in text) == (False, True)
