import pytest
from django.db.models import F
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.factories import assert_counters_add_up, make_problem, make_sampler, plan
from tests.samplers import SAMPLERS, MirrorSampler, mirror_result
from tests.services.runs.test_attempts import lose_worker
from trajectories.core.identity import derive_seed
from trajectories.core.records import SampleFailure
from trajectories.models import Run, Trace
from trajectories.services.runs import embedded_sampling
from trajectories.services.runs.attempts import claim_batch, requeue_expired
from trajectories.services.runs.embedded_sampling import sample_next_batch
from trajectories.services.runs.lifecycle import RunStateError, cancel_run, pause_run, resume_run
from trajectories.services.runs.outcomes import keep_outcomes
from trajectories.services.verification.queue import verify_traces


def sample(run, samplers=SAMPLERS):
    return sample_next_batch(run_id=run.pk, samplers=samplers)


def test_a_batch_is_one_problem_and_the_last_one_says_so(db):
    run = plan(problems=[make_problem(), make_problem()], samples_each=3)
    first = sample(run)
    assert (len(first.trace_ids), first.more) == (3, True)
    second = sample(run)
    assert (len(second.trace_ids), second.more) == (3, False)
    assert sample(run).trace_ids == []
    assert_counters_add_up(run)
    assert run.state == "running", "its traces await their verdicts"


def test_the_sampler_sees_no_reference_answer_and_a_seed_of_its_own(db):
    run = plan(samples_each=2, sampler=make_sampler(parameters={"depth": 3}))
    seen = []

    class Watching(MirrorSampler):
        def sample(self, requests):
            seen.extend(requests)
            return super().sample(requests)

    sample(run, {"symbolic": Watching})
    problem = run.attempts.first().problem
    assert [request.seed for request in seen] == [derive_seed(7, problem.content_hash, index) for index in (0, 1)]
    assert {request.group_seed for request in seen} == {derive_seed(7, problem.content_hash)}
    assert [request.ordinal for request in seen] == [0, 1]
    assert seen[0].parameters == {"depth": 3}
    assert not hasattr(seen[0].problem, "reference")


def test_failures_are_data_and_the_run_goes_on(db):
    run = plan(samples_each=4, sampler=make_sampler(parameters={"fail_from": 1}))
    sample(run)
    assert_counters_add_up(run)
    assert (run.done_count, run.failed_count) == (1, 3)
    assert set(run.attempts.filter(state="failed").values_list("error_message", flat=True)) == {"no program was found"}


def test_a_sampler_that_breaks_fails_what_it_had_not_drawn(db):
    run = plan(samples_each=4, sampler=make_sampler(kind="breaking"))
    assert len(sample(run).trace_ids) == 2
    assert_counters_add_up(run)
    failed = run.attempts.filter(state="failed")
    assert set(failed.values_list("error_kind", "error_message")) == {
        ("sampler", "The sampler broke: RuntimeError: the search fell over")
    }


def test_a_sampler_that_repeats_and_forgets_gives_each_attempt_one_outcome(db):
    run = plan(samples_each=4, sampler=make_sampler(kind="forgetful"))
    assert len(sample(run).trace_ids) == 3
    assert_counters_add_up(run)
    assert run.attempts.get(state="failed").error_message == "The sampler ended without an outcome for this attempt."


def test_what_a_sampler_yields_together_is_stored_together_each_attempt_once(db, monkeypatch):
    run = plan(samples_each=5, sampler=make_sampler(parameters={"fail_from": 4}))
    stored: list[list[int]] = []

    class Grouped(MirrorSampler):
        def sample_together(self, requests):
            drawn = list(super().sample(requests))
            assert Trace.objects.count() == 0
            yield [*drawn[:2], (0, SampleFailure("search", "a second time"))]
            assert Trace.objects.count() == 2
            yield drawn[1:2]
            yield drawn[2:]

    def watching(outcomes, token):
        stored.append([attempt.ordinal for attempt, _ in outcomes])
        return keep_outcomes(outcomes, token)

    monkeypatch.setattr(embedded_sampling, "keep_outcomes", watching)
    assert len(sample(run, {"symbolic": Grouped}).trace_ids) == 4
    assert [each for each in stored if each] == [[0, 1], [2, 3, 4]]
    assert_counters_add_up(run)
    assert (run.done_count, run.failed_count) == (4, 1)


def test_a_result_that_cannot_be_stored_is_a_failure_with_the_reason(db):
    class Infinite(MirrorSampler):
        def sample(self, requests):
            yield 0, mirror_result(requests[0], answer=[float("inf")])

    run = plan(samples_each=1)
    sample(run, {"symbolic": Infinite})
    failed = run.attempts.get()
    assert (failed.state, failed.error_kind) == ("failed", "result")
    assert "expected a finite number" in failed.error_message


def test_a_run_whose_sampler_is_not_installed_fails_with_the_reason(db):
    run = plan(sampler=make_sampler(kind="unheard-of"))
    assert not sample(run).more
    run.refresh_from_db()
    assert (run.state, run.state_reason) == ("failed", "No sampler of kind 'unheard-of' is installed.")
    assert_counters_add_up(run)


@pytest.mark.parametrize(
    ("act", "state", "left"), [(pause_run, "paused", "pending"), (cancel_run, "cancelled", "cancelled")]
)
def test_pause_and_cancel_stop_between_two_samples(lead, act, state, left):
    run = plan(samples_each=6)

    class Interrupted(MirrorSampler):
        def sample(self, requests):
            for position, outcome in super().sample(requests):
                if position == 2:
                    act(actor=lead, run=run)
                yield position, outcome

    report = sample(run, {"symbolic": Interrupted})
    assert not report.more
    assert_counters_add_up(run)
    assert run.state == state
    assert run.attempts.filter(state=left).count() == (3 if act is pause_run else 4)
    assert not run.attempts.filter(state="leased").exists()


def test_a_paused_run_resumes_where_it_stopped(lead):
    run = plan(samples_each=4)

    class Interrupted(MirrorSampler):
        def sample(self, requests):
            for position, outcome in super().sample(requests):
                yield position, outcome
                pause_run(actor=lead, run=run)

    sample(run, {"symbolic": Interrupted})
    resume_run(actor=lead, run=run)
    sample(run)
    assert_counters_add_up(run)
    assert run.done_count == 4
    assert list(run.traces.order_by("seed").values_list("seed", flat=True)) == sorted(
        run.attempts.values_list("seed", flat=True)
    )


ACTIONS = st.lists(
    st.sampled_from(["sample", "verify", "pause", "resume", "cancel", "lose", "requeue"]), min_size=1, max_size=12
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(actions=ACTIONS, fail_from=st.integers(0, 3))
def test_the_counters_always_add_up_and_nothing_is_lost_or_doubled(lead, actions, fail_from):
    run = plan(
        problems=[make_problem(), make_problem()],
        samples_each=3,
        sampler=make_sampler(parameters={"fail_from": fail_from}),
    )
    for action in actions:
        act(action, run, lead)
        assert_counters_add_up(run)
    finish(run, lead)
    assert_counters_add_up(run)
    assert run.state in Run.ENDED_STATES
    assert run.done_count + run.failed_count + run.cancelled_count == 6
    if run.state != "cancelled":
        assert run.done_count == 2 * fail_from


def act(action, run, lead):
    if action == "sample":
        sample(run)
    elif action == "verify":
        verify_traces(trace_ids=list(run.traces.filter(pending__isnull=False).values_list("pk", flat=True)[:2]))
    elif action == "lose" and (batch := claim_batch(run_id=run.pk)):
        lose_worker(batch)
    elif action == "requeue":
        requeue_expired()
    elif action in {"pause", "resume", "cancel"}:
        try:
            {"pause": pause_run, "resume": resume_run, "cancel": cancel_run}[action](actor=lead, run=run)
        except RunStateError:
            run.refresh_from_db()
            assert (run.state == "paused") == (action == "pause") or run.state in Run.ENDED_STATES


def finish(run, lead):
    run.refresh_from_db()
    if run.state == "paused":
        resume_run(actor=lead, run=run)
    run.attempts.update(claims=F("claims") * 0)
    requeue_expired()
    while sample(run).more:
        pass
    verify_traces(trace_ids=list(Trace.objects.filter(run=run).values_list("pk", flat=True)))
    run.refresh_from_db()
