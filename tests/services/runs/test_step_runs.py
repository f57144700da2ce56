"""Runs that build programs step by step: planned round by round, each node a trace, each pruned one with its reason."""

import pytest

from tests.core.samplers.test_symbolic_steps import SPEC
from tests.factories import assert_counters_add_up, make_instruction, make_problem, make_sampler, plan
from trajectories.models import Attempt, Trace
from trajectories.selectors.search_trees import get_search_tree, walk
from trajectories.services.runs.embedded_sampling import sample_next_batch
from trajectories.services.runs.plans import PlanError
from trajectories.services.verification.queue import verify_traces

pytestmark = pytest.mark.django_db(transaction=True)

ANSWER = [[[0, 0, 0], [0, 0, 0], [0, 2, 1]]]


def work(run):
    """What a worker does until the run has ended."""
    while run.state not in run.ENDED_STATES:
        report = sample_next_batch(run_id=run.pk)
        verify_traces(trace_ids=report.trace_ids)
        run.refresh_from_db()
    assert_counters_add_up(run)


def test_a_beam_solves_a_task_of_two_steps_and_keeps_every_node_with_its_reason():
    problem = make_problem(spec=SPEC, reference=ANSWER)
    run = plan(
        problems=[problem], samples_each=40, strategy="beam", settings={"keep": 6, "expand": 4}, temperatures=[0.0]
    )
    work(run)
    assert run.state == "finished"
    assert run.planned_count <= 40
    right = Trace.objects.filter(run=run, correctness="pass").first()
    assert sorted(right.facts["operations"]) == ["fall_down()", "flip_columns()"]
    assert right.parent.facts["operations"] == right.facts["operations"][:1]
    assert right.attempt.kind == "step"
    pruned = Attempt.objects.filter(run=run).exclude(pruned="")
    assert pruned.filter(round=0).count() == 18
    assert all(each.pruned.startswith("Pruned: place ") for each in pruned)
    assert not pruned.filter(pk=right.parent.attempt_id).exists()
    tree = get_search_tree(run, problem.pk)
    assert tree.size == run.planned_count
    assert tree.right == Trace.objects.filter(run=run, correctness="pass").count() > 0
    assert {node.end for node in walk(tree.roots) if node.end.startswith("Pruned")} == set(
        pruned.values_list("pruned", flat=True)
    )


def test_steps_need_a_sampler_and_views_that_have_some():
    with pytest.raises(PlanError, match=r"asks for one step at a time, which .* cannot give"):
        plan(strategy="mcts", sampler=make_sampler(kind="chat"), instructions=[make_instruction(suits="chat")])
    with pytest.raises(PlanError, match="Best first: found the view 'pixel', expected grid or object"):
        plan(strategy="best-first", instructions=[make_instruction(view="pixel")])
