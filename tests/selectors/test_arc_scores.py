"""Scores of ARC: output by output, with two attempts, and 0 for a task left out."""

import pytest

from tests import factories
from trajectories.core.consolidation.metrics import arc_output_score
from trajectories.selectors.arc_scores import get_run_score, list_set_scores

pytestmark = pytest.mark.django_db
TWO = {"reference": [[[1]], [[2]]], "spec": {"train": [], "test": [{"input": [[0]]}, {"input": [[0]]}]}}


def sample(run, problem, *right, **values):
    """A verified sample of a task with that outputs right."""
    share = sum(right) / len(right)
    outcome = "pass" if share == 1 else "fail"
    trace = factories.make_trace(run=run, problem=problem, program="", correctness=outcome, **values)
    pairs = [{"match": "right" if each else "wrong_cells"} for each in right]
    factories.make_verdict(trace=trace, outcome=outcome, score=share, evidence={"pairs": pairs})
    return trace


@pytest.mark.parametrize(
    ("n", "c", "score"), [(0, 0, 0), (1, 0, 0), (1, 1, 1), (2, 1, 1), (2, 0, 0), (3, 1, 2 / 3), (4, 1, 0.5), (4, 3, 1)]
)
def test_two_attempts(n, c, score):
    assert arc_output_score(n, c) == pytest.approx(score)


def test_outputs_are_scored_apart_and_missing_tasks_count():
    run, tasks = factories.make_run(), factories.make_problem_set()
    both, half, missing = (factories.make_problem(problem_set=tasks, **TWO) for _ in range(3))
    for task in (both, half, missing):
        factories.make_attempt(run=run, problem=task)
    sample(run, both, True, False)
    sample(run, both, False, True)
    sample(run, half, True, False)
    score = get_run_score(run)
    assert (score.tasks, score.missing, score.outputs, score.right_outputs, score.solved) == (3, 1, 6, 3, 1)
    assert score.score == pytest.approx((1 + 0.5 + 0) / 3)
    assert score.percent == "50.0%"


def test_a_set_counts_all_its_tasks_for_everybody():
    tasks = factories.make_problem_set()
    first, second = factories.make_problem(problem_set=tasks), factories.make_problem(problem_set=tasks)
    factories.make_problem(problem_set=tasks, reference=[None])
    factories.make_problem(problem_set=tasks, kind="numeric", reference="1", spec={})
    better, worse = factories.make_run(title="Better"), factories.make_run(title="Worse")
    imported = factories.make_sampler(kind="imported", title="Somebody else's")
    sample(better, first, True)
    sample(better, second, True)
    sample(worse, first, False)
    sample(None, first, True, sampler=imported)
    sample(worse, second, True, hinted=True)
    found = [
        (source.run.title if source.run else source.sampler.title, source.score) for source in list_set_scores(tasks)
    ]
    assert [(title, score.percent, score.missing, score.unknown) for title, score in found] == [
        ("Better", "100.0%", 0, 1),
        ("Somebody else's", "50.0%", 1, 1),
        ("Worse", "0.0%", 1, 1),
    ]


def test_of_a_strategy_that_goes_by_verdicts_only_two_samples_count():
    task = factories.make_problem()
    plain, adapting = factories.make_run(), factories.make_run(strategy="until-solved")
    for run in (plain, adapting):
        factories.make_attempt(run=run, problem=task)
        for right in (False, False, True):
            sample(run, task, right)
    assert get_run_score(plain).score == pytest.approx(2 / 3)
    assert get_run_score(adapting).score == 0


def test_the_newest_verdict_counts_and_other_problems_have_no_score():
    run, task = factories.make_run(), factories.make_problem(**TWO)
    factories.make_attempt(run=run, problem=task)
    trace = sample(run, task, True, False)
    evidence = {"pairs": [{"match": "wrong_cells"}, {"match": "right"}]}
    factories.make_verdict(trace=trace, version=2, outcome="fail", score=0.5, evidence=evidence)
    assert get_run_score(run).right_outputs == 1
    other = factories.make_run()
    factories.make_attempt(run=other, problem=factories.make_problem(kind="numeric", spec={}, reference="1"))
    assert get_run_score(other) is None
