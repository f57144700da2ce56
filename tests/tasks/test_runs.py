"""Runs worked on by a real worker process, through the broker."""

from collections import Counter
from datetime import timedelta
from pathlib import Path

from django.db.models.functions import Now

from tests.factories import assert_counters_add_up, make_problem, make_sampler, plan
from tests.worker import wait_for
from trajectories.models import Bell, PendingVerification, Run, Trace
from trajectories.services.endpoints.samplers import ensure_symbolic
from trajectories.services.jobs.ringers import ring
from trajectories.services.prompts.instructions import ensure_symbolic_views
from trajectories.services.runs.lifecycle import cancel_run, pause_run, resume_run
from trajectories.tasks.sweeps import sweep

WORKER_INCLUDES = ["tests.worker_samplers"]


def has_ended(run: Run) -> bool:
    run.refresh_from_db()
    return run.state in Run.ENDED_STATES


def gated(gate: Path, gate_from: int, problems: int = 2) -> Run:
    """Planned; samples from ordinal `gate_from` on are held back until the file `gate` exists."""
    sampler = make_sampler(kind="mirror", parameters={"gate": str(gate), "gate_from": gate_from})
    return plan(sampler=sampler, problems=[make_problem() for _ in range(problems)], samples_each=6)


def let_time_pass(run: Run) -> None:
    """As if the lease time had passed and the bells had gone unheard for long."""
    # What waits at a provider is leased without an end.
    run.attempts.filter(state="leased", lease_expires_at__isnull=False).update(lease_expires_at=Now())
    long_ago = Now() - timedelta(hours=1)
    Run.objects.filter(pk=run.pk).update(rung_at=long_ago)
    PendingVerification.objects.filter(trace__run=run).update(rung_at=long_ago)
    Bell.objects.filter(source=run.pk).update(rung_at=long_ago, lease_expires_at=long_ago)


def assert_exactly_as_planned(run: Run) -> None:
    assert_counters_add_up(run)
    assert (run.state, run.done_count, run.failed_count) == ("finished", run.planned_count, 0)
    per_attempt = Counter(Trace.objects.filter(run=run).values_list("attempt_id", flat=True))
    assert sorted(per_attempt) == sorted(run.attempts.values_list("pk", flat=True))
    assert set(per_attempt.values()) == {1}


def test_a_run_goes_from_bell_to_verdicts_in_the_worker(celery_worker_process):
    run = plan(sampler=make_sampler(kind="mirror"), problems=[make_problem() for _ in range(3)], samples_each=4)
    ring("run", run.pk)
    wait_for(lambda: has_ended(run), "the run to end")
    assert_exactly_as_planned(run)
    assert (run.verified_count, run.correct_count) == (12, 6)


def test_the_symbolic_sampler_solves_a_task_in_the_worker(celery_worker_process):
    run = plan(sampler=ensure_symbolic(), instructions=ensure_symbolic_views(), samples_each=2)
    ring("run", run.pk)
    wait_for(lambda: has_ended(run), "the run to end")
    assert_counters_add_up(run)
    assert run.state == "finished"
    assert run.correct_count > 0


def test_a_killed_worker_loses_nothing_and_doubles_nothing(celery_worker_process, tmp_path):
    gate = tmp_path / "gate"
    run = gated(gate, gate_from=3)
    ring("run", run.pk)
    wait_for(lambda: Trace.objects.filter(run=run).count() == 3, "three traces")
    celery_worker_process.kill()
    assert run.attempts.filter(state="leased").count() == 3
    gate.touch()
    let_time_pass(run)
    celery_worker_process.start()
    sweep.delay()
    wait_for(lambda: has_ended(run), "the run to end")
    assert_exactly_as_planned(run)


def test_a_bell_that_was_lost_is_rung_by_the_sweep(celery_worker_process):
    run = plan(sampler=make_sampler(kind="mirror"))
    let_time_pass(run)
    sweep.delay()
    wait_for(lambda: has_ended(run), "the run to end")
    assert_exactly_as_planned(run)


def test_a_pause_stops_between_samples_and_a_resume_goes_on(celery_worker_process, tmp_path, lead):
    gate = tmp_path / "gate"
    run = gated(gate, gate_from=3)
    ring("run", run.pk)
    wait_for(lambda: Trace.objects.filter(run=run).count() == 3, "three traces")
    pause_run(actor=lead, run=run)
    gate.touch()
    wait_for(lambda: not run.attempts.filter(state="leased").exists(), "the worker to let go")
    run.refresh_from_db()
    assert (run.state, run.done_count) == ("paused", 4)
    resume_run(actor=lead, run=run)
    wait_for(lambda: has_ended(run), "the run to end")
    assert_exactly_as_planned(run)


def test_a_cancelled_run_brings_nothing_more(celery_worker_process, tmp_path, lead):
    gate = tmp_path / "gate"
    run, other = gated(gate, gate_from=3), plan(sampler=make_sampler(kind="mirror"))
    ring("run", run.pk)
    wait_for(lambda: Trace.objects.filter(run=run).count() == 3, "three traces")
    cancel_run(actor=lead, run=run)
    gate.touch()
    ring("run", other.pk)
    wait_for(lambda: has_ended(other), "the worker to do something else")
    assert_counters_add_up(run)
    assert (run.state, run.done_count, run.cancelled_count) == ("cancelled", 3, 9)


def test_a_plan_rings_only_once_it_is_committed(db, django_capture_on_commit_callbacks):
    run = plan(problems=[make_problem() for _ in range(3)])
    with django_capture_on_commit_callbacks() as bells:
        ring("run", run.pk)
    assert not Bell.objects.exists()
    for bell in bells:
        bell()
    assert Bell.objects.count() == 3, "one bell for each worker that may help, at most one per problem"
