from datetime import timedelta

import pytest
from django.utils import timezone

from tests.factories import assert_counters_add_up, make_instruction, make_problem, make_sampler, plan
from trajectories.core.identity import derive_seed
from trajectories.models import Attempt, AuditEvent, Run
from trajectories.services.runs.attempts import claim_batch
from trajectories.services.runs.lifecycle import (
    RunStateError,
    cancel_run,
    extend_run,
    fail_run,
    pause_run,
    plan_run,
    resume_run,
    set_budget,
    settle_run,
)
from trajectories.services.runs.plans import Budget, Plan, PlanError


def verbs(run: Run) -> list[str]:
    return list(
        AuditEvent.objects.filter(object_type="run", object_id=run.pk).order_by("id").values_list("verb", flat=True)
    )


def test_a_plan_is_problems_by_views_by_temperatures_by_samples(lead):
    problems, views = [make_problem(), make_problem()], [make_instruction(), make_instruction()]
    run = plan(actor=lead, problems=problems, instructions=views, temperatures=[0.0, 1.0], samples_each=3)
    assert (run.state, run.planned_count, run.created_by) == ("queued", 24, lead)
    assert run.code_version
    attempts = list(run.attempts.order_by("id"))
    assert [(attempt.problem, attempt.index) for attempt in attempts] == [
        (problem, index) for problem in problems for index in range(12)
    ]
    ordinals = [
        attempt.ordinal
        for attempt in attempts
        if (attempt.problem, attempt.instruction, attempt.temperature) == (problems[1], views[0], 1.0)
    ]
    assert ordinals == [0, 1, 2]
    assert verbs(run) == ["planned"]


def test_the_same_seed_plans_the_same_seeds_and_none_is_shared(db):
    problems = [make_problem(), make_problem()]
    first, second = (plan(problems=problems, samples_each=5, seed=11) for _ in range(2))
    seeds = [list(run.attempts.order_by("id").values_list("seed", flat=True)) for run in (first, second)]
    assert seeds[0] == seeds[1]
    assert len(set(seeds[0])) == 10
    assert seeds[0][0] == derive_seed(11, problems[0].content_hash, 0)


def test_without_a_seed_one_is_drawn_and_kept(db):
    assert plan(seed=None).seed != plan(seed=None).seed


def test_a_large_plan_is_inserted_in_full(db, django_assert_max_num_queries):
    problems = [make_problem() for _ in range(3)]
    with django_assert_max_num_queries(12):
        run = plan(problems=problems, samples_each=1_500)
    assert run.attempts.count() == run.planned_count == 4_500


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"problems": ()}, "no problem"),
        ({"instructions": ()}, "no instruction"),
        ({"temperatures": ()}, "no temperature"),
        ({"temperatures": (0.5, 0.5)}, "temperature is named twice"),
        ({"temperatures": (-0.1,)}, "expected 0 to 2"),
        ({"temperatures": (float("nan"),)}, "expected 0 to 2"),
        ({"samples_each": 0}, "expected 1 to 10,000"),
        ({"samples_each": 10_001}, "expected 1 to 10,000"),
        ({"title": ""}, "expected 1 to 200"),
        ({"title": "x" * 201}, "expected 1 to 200"),
        ({"budget": Budget(seconds=0)}, "expected at least 1"),
        ({"seed": 2**63}, "seed"),
    ],
)
def test_a_plan_that_cannot_be_made_says_why_and_writes_nothing(db, change, message):
    defaults = {"problems": (make_problem(),), "instructions": (make_instruction(),)}
    with pytest.raises(PlanError, match=message):
        plan_exactly(**{**defaults, **change})
    assert not Run.objects.exists()
    assert not Attempt.objects.exists()


def plan_exactly(**values):
    """Empty means empty here: no default problem or view is made up."""
    beside = {name: values.pop(name) for name in ("title", "seed", "budget") if name in values}
    exactly = Plan(**{"temperatures": [0.0], "samples_each": 1, **values})
    return plan_run(**{"actor": None, "title": "A run", "sampler": make_sampler(), "plan": exactly, **beside})


def test_a_plan_of_more_than_a_million_attempts_is_refused(db):
    problems = [make_problem() for _ in range(11)]
    with pytest.raises(PlanError, match="1,100,000 attempts"):
        plan(problems=problems, samples_each=10_000, instructions=[make_instruction() for _ in range(10)])


def test_a_problem_named_twice_is_refused(problem):
    with pytest.raises(PlanError, match="problem is named twice"):
        plan(problems=[problem, problem])


def test_pause_and_resume(lead):
    run = plan()
    paused = pause_run(actor=lead, run=run, reason="lunch")
    assert (paused.state, paused.state_reason) == ("paused", "lunch")
    assert claim_batch(run_id=run.pk) is None
    resumed = resume_run(actor=lead, run=run)
    assert (resumed.state, resumed.state_reason) == ("queued", "")
    assert claim_batch(run_id=run.pk) is not None
    assert verbs(run) == ["planned", "paused", "resumed"]


def test_cancel_ends_every_attempt_in_flight_ones_included(lead):
    run = plan(problems=[make_problem(), make_problem()])
    claim_batch(run_id=run.pk)
    cancelled = cancel_run(actor=lead, run=run)
    assert (cancelled.state, cancelled.cancelled_count) == ("cancelled", 4)
    assert cancelled.finished_at is not None
    assert claim_batch(run_id=run.pk) is None
    assert_counters_add_up(run)


@pytest.mark.parametrize(
    ("act", "state"),
    [
        (pause_run, "paused"),
        (pause_run, "finished"),
        (pause_run, "cancelled"),
        (resume_run, "queued"),
        (resume_run, "running"),
        (resume_run, "cancelled"),
        (cancel_run, "finished"),
        (cancel_run, "cancelled"),
        (cancel_run, "failed"),
    ],
)
def test_an_action_the_state_does_not_allow_says_so_and_changes_nothing(lead, act, state):
    run = plan()
    Run.objects.filter(pk=run.pk).update(state=state)
    with pytest.raises(RunStateError, match=f"The run is {state}"):
        act(actor=lead, run=run)
    run.refresh_from_db()
    assert run.state == state
    assert verbs(run) == ["planned"]


def test_a_spent_time_budget_pauses_at_the_next_claim_and_resuming_lifts_it(lead):
    run = plan(problems=[make_problem(), make_problem()], budget=Budget(seconds=60))
    assert claim_batch(run_id=run.pk) is not None
    Run.objects.filter(pk=run.pk).update(started_at=timezone.now() - timedelta(seconds=61))
    assert claim_batch(run_id=run.pk) is None
    run.refresh_from_db()
    assert (run.state, run.state_reason) == ("paused", "The time budget of 60 s is spent.")
    resumed = resume_run(actor=lead, run=run)
    assert (resumed.state, resumed.budget_seconds) == ("queued", None)
    assert claim_batch(run_id=run.pk) is not None


def test_a_budget_with_time_left_survives_a_pause(lead):
    run = plan(budget=Budget(seconds=3600))
    claim_batch(run_id=run.pk)
    pause_run(actor=lead, run=run)
    assert resume_run(actor=lead, run=run).budget_seconds == 3600


def test_a_run_is_not_settled_while_anything_is_open(db):
    run = plan()
    assert not settle_run(run_id=run.pk)
    Run.objects.filter(pk=run.pk).update(done_count=1, failed_count=1)
    assert not settle_run(run_id=run.pk), "one trace awaits its verdicts"
    Run.objects.filter(pk=run.pk).update(verified_count=1)
    assert settle_run(run_id=run.pk)
    assert not settle_run(run_id=run.pk), "it has ended before"
    run.refresh_from_db()
    assert run.state == "finished"
    assert run.finished_at is not None
    assert verbs(run) == ["planned", "finished"]


def test_a_run_whose_every_attempt_failed_has_failed_and_says_why(db):
    run = plan(samples_each=1)
    run.attempts.update(state="failed", error_kind="search", error_message="no program was found")
    Run.objects.filter(pk=run.pk).update(failed_count=1)
    assert settle_run(run_id=run.pk)
    run.refresh_from_db()
    assert (run.state, run.state_reason) == (
        "failed",
        "Every attempt failed. The first one said: no program was found",
    )


def test_a_run_that_cannot_go_on_keeps_the_reason_and_ends_once(db):
    run = plan()
    fail_run(run_id=run.pk, reason="No such model.")
    fail_run(run_id=run.pk, reason="Too late.")
    run.refresh_from_db()
    assert (run.state, run.state_reason) == ("failed", "No such model.")
    assert_counters_add_up(run)


def finish(run: Run) -> Run:
    """Every attempt is done and every trace verified, as far as the counters say."""
    run.attempts.update(state="failed")
    count = run.attempts.count()
    now = timezone.now()
    Run.objects.filter(pk=run.pk).update(
        state="finished", failed_count=count, started_at=now - timedelta(hours=2), finished_at=now - timedelta(hours=1)
    )
    run.refresh_from_db()
    return run


@pytest.mark.parametrize("temperatures", [[0.0, 1.0], [1.0]])
def test_drawing_more_of_each_adds_exactly_what_a_larger_plan_would_have_had(lead, temperatures):
    problems, views = [make_problem(), make_problem()], [make_instruction(), make_instruction()]
    fields = {"problems": problems, "instructions": views, "temperatures": temperatures, "seed": 11}
    run = finish(plan(samples_each=2, **fields))
    before = set(run.attempts.values_list("pk", flat=True))
    extended = extend_run(actor=lead, run=run, samples_each=5)
    larger = plan(samples_each=5, **fields)
    parts = ("problem", "index", "ordinal", "temperature", "instruction", "seed", "round", "kind")
    assert set(run.attempts.values_list(*parts)) == set(larger.attempts.values_list(*parts))
    assert set(run.attempts.filter(state="pending").values_list("ordinal", flat=True)) == {2, 3, 4}
    assert before == set(run.attempts.exclude(state="pending").values_list("pk", flat=True))
    assert (extended.state, extended.planned_count, extended.plan["samples_each"]) == (
        "queued",
        larger.planned_count,
        5,
    )
    assert extended.finished_at is None
    assert verbs(run)[-1] == "extended"
    assert_counters_add_up(run)


def test_drawing_more_spreads_a_range_over_the_new_samples(lead):
    run = finish(plan(temperatures=[0.0, 1.0], spread=True, samples_each=2))
    extend_run(actor=lead, run=run, samples_each=5)
    assert list(run.attempts.order_by("index").values_list("ordinal", "temperature")) == [
        *((0, 0.0), (1, 1.0)),
        *((2, 0.0), (3, 0.5), (4, 1.0)),
    ]


def test_the_time_between_the_end_and_the_extension_counts_for_nothing(lead):
    run = finish(plan(budget=Budget(seconds=2 * 3600)))
    extended = extend_run(actor=lead, run=run, samples_each=3)
    assert (timezone.now() - extended.started_at).total_seconds() == pytest.approx(3600, abs=60)
    assert claim_batch(run_id=run.pk) is not None


@pytest.mark.parametrize(
    ("change", "samples_each", "message"),
    [
        ({}, 2, "Samples each is 2; expected more than 2, at most 10,000."),
        ({}, 1, "expected more than 2"),
        ({}, 10_001, "at most 10,000"),
        ({"state": "cancelled"}, 3, "The run is cancelled; only of a finished one more can be drawn."),
        ({"state": "running"}, 3, "The run is running; only of a finished one"),
        ({"strategy": "until-solved"}, 3, "'Until solved' decides itself"),
        ({"budget_seconds": 600}, 3, "The time budget of 600 s is spent. Raise it first."),
    ],
)
def test_a_run_that_cannot_be_gone_on_with_says_why_and_stays_as_it_is(lead, change, samples_each, message):
    run = finish(plan())
    Run.objects.filter(pk=run.pk).update(**change)
    with pytest.raises((RunStateError, PlanError), match=message):
        extend_run(actor=lead, run=run, samples_each=samples_each)
    assert run.attempts.count() == 2
    assert "extended" not in verbs(run)


def test_the_budget_of_a_finished_run_can_be_raised_to_go_on_with_it(lead):
    run = finish(plan(budget=Budget(seconds=60)))
    set_budget(actor=lead, run=run, budget=Budget(seconds=7200))
    assert extend_run(actor=lead, run=run, samples_each=3).state == "queued"


def a_mixed_plan(**more):
    arc, number = make_problem(), make_problem(kind="numeric", spec={}, reference="4")
    anything, sums = make_instruction(), make_instruction(problem_kind="numeric", title="Sums")
    given = {"problems": [arc, number], "instructions": [anything, sums], "temperatures": [0.0], "samples_each": 2}
    return plan(**given | more), (arc, number), (anything, sums)


def shown(run: Run, problem) -> list[tuple[int, int, int]]:
    rows = run.attempts.filter(problem=problem).order_by("index")
    return list(rows.values_list("index", "instruction_id", "ordinal"))


def test_each_problem_gets_the_instructions_that_fit_its_kind(db):
    run, (arc, number), (anything, sums) = a_mixed_plan()
    assert run.planned_count == 6
    assert shown(run, arc) == [(0, anything.pk, 0), (1, anything.pk, 1)]
    assert shown(run, number) == [(0, anything.pk, 0), (1, sums.pk, 0), (2, anything.pk, 1), (3, sums.pk, 1)]


def test_more_of_each_goes_on_by_kind(db):
    run, (arc, number), (anything, sums) = a_mixed_plan(samples_each=1)
    Run.objects.filter(pk=run.pk).update(state=Run.State.FINISHED, done_count=3, verified_count=3)
    assert extend_run(actor=None, run=run, samples_each=2).planned_count == 6
    assert shown(run, arc) == [(0, anything.pk, 0), (1, anything.pk, 1)]
    assert shown(run, number) == [(0, anything.pk, 0), (1, sums.pk, 0), (2, anything.pk, 1), (3, sums.pk, 1)]


def test_calls_for_the_wrong_kind_of_problem_are_refused(db):
    sums = make_instruction(problem_kind="numeric", title="Sums")
    with pytest.raises(PlanError, match=r"The instruction 'Sums' is for numeric problems; those chosen are arc\."):
        plan(instructions=[make_instruction(), sums])
    arc, number = make_problem(name="turned"), make_problem(kind="numeric", spec={}, reference="4")
    with pytest.raises(PlanError, match=r"No instruction fits 'turned', a problem of the kind arc; expected one for"):
        plan(problems=[number, arc], instructions=[sums])
    assert not Run.objects.exists()
