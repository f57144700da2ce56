"""The tree of a trace on its page."""

import pytest
from django.urls import reverse

from tests.factories import make_attempt, make_instruction, make_problem, make_run, make_trace
from tests.pages import squeezed
from trajectories.models import Trace
from trajectories.selectors.blinding import EVERYTHING
from trajectories.selectors.lineages import get_lineage


@pytest.fixture
def run(db):
    return make_run(strategy="revise")


def grow(run, problem, parent=None, kind="revision", **values) -> Trace:
    """A trace of the run that goes on from `parent`."""
    attempt = make_attempt(run=run, problem=problem, kind=kind if parent else "first", parent=parent)
    return make_trace(run=run, problem=problem, attempt=attempt, parent=parent, **values)


def keys(node):
    return (node.trace_id, [keys(child) for child in node.children])


def test_a_tree_holds_all_ancestors_and_descendants_and_nothing_else(run, django_assert_num_queries):
    problem = make_problem()
    root = grow(run, problem, correctness="fail", train_error=0.5)
    left, right = (grow(run, problem, root, correctness="fail", train_error=0.2) for _ in range(2))
    leaf = grow(run, problem, right, kind="composition", correctness="pass", train_error=0.0)
    grow(run, problem)
    for trace in (root, left, leaf):
        with django_assert_num_queries(2):
            lineage = get_lineage(trace, EVERYTHING)
        assert keys(lineage.root) == (root.pk, [(left.pk, []), (right.pk, [(leaf.pk, [])])])
        assert (lineage.size, lineage.hidden) == (4, 0)
    node = lineage.root.children[1].children[0]
    assert (node.kind, node.correctness, node.train_error) == ("composition", "pass", 0.0)


def test_a_trace_that_stands_alone_has_no_tree(run):
    assert get_lineage(grow(run, make_problem()), EVERYTHING) is None


def test_of_a_large_tree_the_line_of_the_trace_is_shown_and_the_rest_counted(client, curator, run):
    problem = make_problem()
    root = grow(run, problem)
    children = [grow(run, problem, root) for _ in range(60)]
    last = children[-1]
    leaf = grow(run, problem, last)
    lineage = get_lineage(leaf, EVERYTHING)
    shown = str(keys(lineage.root))
    assert (lineage.size, lineage.shown, lineage.hidden) == (62, 40, 22)
    assert all(str(trace.pk) in shown for trace in (root, last, leaf))
    client.force_login(curator)
    page = squeezed(client.get(reverse("trace_detail", args=[leaf.pk])))
    assert "22 more of this tree are in the list" in page
    assert f"?problem={problem.pk}&amp;run={run.pk}" in page
    deep = leaf
    for _ in range(50):
        deep = grow(run, problem, deep)
    assert get_lineage(deep, EVERYTHING).shown == 53, "no ancestor is left out, however many there are"


def test_the_page_marks_where_one_is_and_says_what_each_trace_is(client, curator, run):
    problem = make_problem()
    root = grow(run, problem, correctness="fail", train_error=0.25)
    child = grow(run, problem, root, correctness="pass", train_error=0.0)
    client.force_login(curator)
    page = squeezed(client.get(reverse("trace_detail", args=[child.pk]), {"run": run.pk}))
    tree = page.split('id="lineage-title"')[1].split("</section>")[0]
    assert f'href="{reverse("trace_detail", args=[root.pk])}?run={run.pk}"' in tree
    assert tree.count("aria-current") == 1
    assert "25% off" in tree
    assert "revision" in tree
    head = page.split('class="trace-head"')[1].split("</header>")[0]
    assert "The model was shown an earlier answer" in head


def test_the_page_asks_as_many_queries_for_a_large_tree_as_for_a_small_one(
    client, curator, run, django_assert_num_queries
):
    problem = make_problem()
    root = grow(run, problem)
    client.force_login(curator)
    for size in (2, 20):
        for _ in range(size):
            grow(run, problem, root)
        with django_assert_num_queries(33):
            client.get(reverse("trace_detail", args=[root.pk]))


def test_badges_say_what_the_model_was_shown(client, lead):
    run = make_run(strategy="agent")
    variation = {"symmetry": "rotate-90", "colours": [0, 2, 1, *range(3, 10)], "order": [1, 0]}
    facts = {"variation": variation, "examples": ["task-a", "task-b"], "tool_runs": 3}
    attempt = make_attempt(run=run, kind="hinted")
    trace = make_trace(run=run, problem=attempt.problem, attempt=attempt, hinted=True, facts=facts)
    client.force_login(lead)
    page = squeezed(client.get(reverse("trace_detail", args=[trace.pk]), {"reviews": "all"}))
    assert "turned: rotate-90, recoloured, pairs reordered" in page
    assert "The model was given the right answer." in page
    assert "task-a, task-b" in page
    assert "Tool runs" in page
    assert ">agent</span>" in page
    odd = make_trace(facts={"variation": {"symmetry": "upside down"}})
    assert "upside down" in squeezed(client.get(reverse("trace_detail", args=[odd.pk])))


def test_calls_of_tools_and_their_results_are_steps_of_their_own(client, curator):
    steps = [
        {"kind": "tool_call", "title": "python", "body": "```python\nprint(1)\n```", "depth": 0, "data": {}},
        {"kind": "tool_result", "title": "Result", "body": "```\n1\n```", "depth": 1, "data": {}},
    ]
    trace = make_trace(steps=steps, instruction=make_instruction())
    client.force_login(curator)
    page = squeezed(client.get(reverse("trace_detail", args=[trace.pk])))
    assert "kind-tool_call" in page
    assert "kind-tool_result" in page
    assert "Tool result" in page
