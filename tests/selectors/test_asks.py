"""What the samples of a run come to."""

import pytest
from django.core.cache import cache

from tests import factories
from trajectories.core.consolidation.ways import WAYS
from trajectories.models import Run
from trajectories.selectors.asks import consolidate

pytestmark = pytest.mark.django_db

RIGHT, WRONG, OTHER = [[[9, 8, 7]]], [[[1]]], [[[2]]]


@pytest.fixture(autouse=True)
def _no_curve():
    cache.clear()


def run_of(*samples, problem=None, **values):
    """A run whose samples have these answers; (answer, pairs reproduced of 2, correctness) each."""
    problem = problem or factories.make_problem()
    run = factories.make_run(plan={"problem_ids": [problem.pk], "asked": "majority"}, **values)
    for answer, passed, correctness in samples:
        factories.make_trace(
            problem=problem,
            run=run,
            answer=answer,
            correctness=correctness,
            train_passed=passed,
            train_total=2,
            train_error=1 - passed / 2,
        )
    return run, problem


def test_the_majority_and_what_stands_behind_it():
    run, problem = run_of((RIGHT, 2, "pass"), (WRONG, 0, "fail"), (RIGHT, 1, "pass"), (None, 0, "unscored"))
    found = consolidate(run, problem, WAYS["majority"])
    (whole,) = found.asked
    assert [(each.value, each.samples, each.is_guess) for each in whole.answers] == [
        (RIGHT, 2, True),
        (WRONG, 1, False),
    ]
    assert found.share == pytest.approx(2 / 3)
    assert (found.samples, found.silent, found.majority) == (4, 1, 0.5)
    assert whole.answers[0].outcome == "pass"
    assert list(whole.answers[0].traces) == list(
        run.traces.filter(answer_hash=run.traces.first().answer_hash)
        .order_by("-train_passed")
        .values_list("pk", flat=True)
    )


def test_rank_sums_let_one_program_that_fits_outvote_many_that_do_not():
    run, problem = run_of((WRONG, 1, "fail"), (WRONG, 1, "fail"), (WRONG, 1, "fail"), (RIGHT, 2, "pass"))
    assert consolidate(run, problem, WAYS["majority"]).asked[0].answers[0].value == WRONG
    assert consolidate(run, problem, WAYS["rank-sums"]).asked[0].answers[0].value == RIGHT


def test_two_guesses_are_made_at_each_test_output():
    spec = {**factories.FLIP_SPEC, "test": [{"input": [[1]]}, {"input": [[2]]}]}
    problem = factories.make_problem(spec=spec, reference=[[[1]], [[2]]])
    samples = [
        ([[[1]], [[5]]], 2, "fail"),
        ([[[1]], [[2]]], 2, "pass"),
        ([[[1]], [[5]]], 2, "fail"),
        ([[[3]], None], 0, "fail"),
    ]
    run, _ = run_of(*samples, problem=problem)
    first, second = consolidate(run, problem, WAYS["two-guesses"]).asked
    assert (first.number, second.number) == (1, 2)
    assert [each.value for each in first.answers if each.is_guess] == [[[[1]]], [[[3]]]]
    assert [each.value for each in second.answers if each.is_guess] == [[[[5]]], [[[2]]]]


def test_steps_that_others_went_on_from_have_no_vote():
    run, problem = run_of((WRONG, 0, "fail"), (RIGHT, 2, "pass"))
    inner, leaf = run.traces.order_by("pk")
    inner.attempt = factories.make_attempt(run=run, problem=problem, kind="step")
    inner.save()
    leaf.attempt = factories.make_attempt(run=run, problem=problem, kind="step", parent=inner)
    leaf.parent = inner
    leaf.save()
    found = consolidate(run, problem, WAYS["majority"])
    assert (found.samples, found.inner) == (1, 1)
    assert found.asked[0].answers[0].value == RIGHT


def test_samples_that_wait_for_verdicts_are_not_counted_and_nothing_is_no_answer():
    run, problem = run_of((RIGHT, 0, ""))
    found = consolidate(run, problem, WAYS["majority"])
    assert (found.samples, found.is_answered, found.is_defined, found.meant) == (0, False, True, None)
    run, problem = run_of((None, 0, "unscored"))
    assert not consolidate(run, problem, WAYS["majority"]).is_answered


def test_a_way_without_what_it_goes_by_says_so():
    run, problem = run_of((RIGHT, 0, "pass"))
    assert not consolidate(run, problem, WAYS["weighted-certainty"]).is_defined


def test_what_a_share_has_meant_is_read_off_the_same_samplers_problems():
    run, problem = run_of((RIGHT, 0, "unscored"), (RIGHT, 0, "unscored"))
    for right in (True, True, False):
        word = "pass" if right else "fail"
        run_of((RIGHT, 2, word), (RIGHT, 2, word), sampler=run.sampler)
    run_of((RIGHT, 2, "fail"), (RIGHT, 2, "fail"))
    meant = consolidate(run, problem, WAYS["majority"]).meant
    assert (meant.problems, meant.right) == (3, pytest.approx(2 / 3))
    assert Run.objects.count() == 5
