"""What holds for every kind of background job, whatever it does."""

import uuid
from datetime import timedelta

import pytest
from celery.app.task import Task
from django.apps import apps
from django.utils import timezone

from tests import factories
from tests.generation import augmenting_plan, chain_of_thought
from tests.jobs import MAKERS, make_job, model
from tests.judging import job_over, works
from trajectories.models import JOB_KINDS, AuditEvent, GenerationJob, Run
from trajectories.models.job_kinds import ACTIVE, CANCEL, PAUSE, RESUME, RETRY
from trajectories.models.leased_jobs import LeasedJob
from trajectories.selectors.jobs import list_jobs
from trajectories.services.generation.jobs import plan_generation
from trajectories.services.generation.work import generate_next
from trajectories.services.installation.roles import roles_with
from trajectories.services.jobs.leases import LEASE, claim_job
from trajectories.services.jobs.steering import JobError, may_move
from trajectories.services.jobs.sweeps import claim_lost_bells
from trajectories.services.judging.work import judge_next
from trajectories.services.runs.chat_sampling import sample_session
from trajectories.services.runs.embedded_sampling import sample_next_batch
from trajectories.services.runs.plans import Budget
from trajectories.tasks.jobs import KINDS, ControlDeniedError, controls_of, steer_job

pytestmark = pytest.mark.django_db

EVERY = pytest.mark.parametrize("kind", KINDS)
PAUSABLE = [kind for kind, each in KINDS.items() if PAUSE in each.acts]
LEASED = [kind for kind, each in JOB_KINDS.items() if issubclass(each.model, LeasedJob)]


def work(kind, job_id):
    """What a worker does that hears a bell; runs have bells of their own. Returns whether there is more to do."""
    found = KINDS[kind].work
    return sample_next_batch(run_id=job_id, limit=1).more if found is None else found.go_on(job_id=job_id)


def lost(kind):
    """What a sweep finds that nobody is at."""
    return claim_lost_bells() if kind == "run" else KINDS[kind].lost()


@pytest.fixture
def rung(monkeypatch):
    """The names of the tasks that are rung for, instead of ringing."""
    names = []
    monkeypatch.setattr(Task, "apply_async", lambda task, *_, **__: names.append(task.name))
    return names


def do(kind, verb, job, actor):
    steer_job(actor=actor, kind=kind, verb=verb, job_id=job.pk)
    job.refresh_from_db()


def events(job, kind):
    found = AuditEvent.objects.filter(object_type=JOB_KINDS[kind].object_type, object_id=job.pk)
    return list(found.order_by("pk").values_list("verb", "actor"))


def test_the_tables_are_of_the_same_kinds():
    assert set(KINDS) == set(JOB_KINDS) == set(MAKERS)
    for word, kind in JOB_KINDS.items():
        assert word == kind.word == kind.model.job_kind.word
        assert set(KINDS[word].moves) <= set(kind.moves)


def test_every_model_of_a_job_is_of_a_kind():
    jobs = {model for model in apps.get_models() if issubclass(model, LeasedJob)} | {Run}
    assert {kind.model for kind in JOB_KINDS.values()} == jobs


@EVERY
def test_every_state_that_a_move_names_is_one_of_the_kind(kind):
    states = set(JOB_KINDS[kind].model.State.values)
    for move in JOB_KINDS[kind].moves.values():
        assert {*move.sources, move.target} <= states | {"paused"}, move
        assert move.target in states


@EVERY
def test_some_role_may_steer_it(kind):
    for permission in JOB_KINDS[kind].control(make_job(kind)):
        assert "lead" in roles_with(permission.partition(".")[2])


@EVERY
def test_cancelling_ends_it_for_good(kind, chief):
    job = make_job(kind)
    do(kind, CANCEL, job, chief)
    assert job.state == "cancelled"
    assert job.finished_at is not None
    assert events(job, kind)[-1] == (JOB_KINDS[kind].verb("cancelled"), chief.pk)
    assert not work(kind, job.pk)
    job.refresh_from_db()
    assert job.state == "cancelled"
    before = events(job, kind)
    for verb in KINDS[kind].acts:
        if not may_move(kind, verb, job):
            with pytest.raises(JobError, match=r"cancelled"):
                do(kind, verb, job, chief)
    job.refresh_from_db()
    assert (job.state, events(job, kind)) == ("cancelled", before)


@EVERY
def test_a_worker_that_is_at_it_finds_it_gone_when_it_is_cancelled(kind, chief):
    job = make_job(kind)
    held = timezone.now() + LEASE
    if kind == "run":
        attempt = job.attempts.order_by("pk")[0]
        attempt.state, attempt.lease_token, attempt.lease_expires_at = "leased", uuid.uuid4(), held
        attempt.save()
        do(kind, CANCEL, job, chief)
        attempt.refresh_from_db()
        assert (attempt.state, attempt.lease_token) == ("cancelled", None)
        return
    type(job).objects.filter(pk=job.pk).update(state="running", lease_expires_at=held)
    do(kind, CANCEL, job, chief)
    assert job.lease_expires_at is None
    assert getattr(job, "lease_token", None) is None


@EVERY
def test_what_somebody_does_not_hold_the_permission_for_is_not_done(kind, nobody):
    job = make_job(kind)
    before = events(job, kind)
    for verb in KINDS[kind].acts:
        with pytest.raises(ControlDeniedError) as refusal:
            do(kind, verb, job, nobody)
        assert set(refusal.value.missing) == {*JOB_KINDS[kind].permissions, *JOB_KINDS[kind].control(job)}
    job.refresh_from_db()
    assert (job.state, events(job, kind)) == ("queued", before)
    [row] = [row for row in list_jobs([kind]).rows if row.job.pk == job.pk]
    assert controls_of(nobody, kind, row.job) == []


@EVERY
def test_the_permission_is_enough(kind, lead):
    job = make_job(kind)
    do(kind, CANCEL, job, lead)
    assert job.state == "cancelled"


@pytest.mark.parametrize("kind", PAUSABLE)
def test_a_paused_job_is_left_alone_and_a_resumed_one_rung_for(kind, chief, rung, django_capture_on_commit_callbacks):
    job = make_job(kind)
    do(kind, PAUSE, job, chief)
    assert (job.state, job.finished_at) == ("paused", None)
    work(kind, job.pk)
    job.refresh_from_db()
    assert job.state == "paused"
    with pytest.raises(JobError, match="already"):
        do(kind, PAUSE, job, chief)
    with django_capture_on_commit_callbacks(execute=True):
        do(kind, RESUME, job, chief)
    assert job.state == "queued"
    assert len(rung) >= 1
    assert [verb for verb, _ in events(job, kind)][-2:] == [
        JOB_KINDS[kind].verb("paused"),
        JOB_KINDS[kind].verb("resumed"),
    ]
    with pytest.raises(JobError, match="only a paused one can be resumed"):
        do(kind, RESUME, job, chief)


@pytest.mark.parametrize("kind", [kind for kind in PAUSABLE if kind in LEASED])
def test_a_job_that_a_dead_worker_had_goes_on_at_once_when_it_is_resumed(kind, chief):
    job = make_job(kind)
    jobs = type(job).objects.filter(pk=job.pk, state__in=ACTIVE)
    assert claim_job(jobs, uuid.uuid4(), state="running"), "the worker that dies now"
    assert not claim_job(jobs, uuid.uuid4()), "its lease holds"
    do(kind, PAUSE, job, chief)
    assert (job.lease_token, job.lease_expires_at, job.claims) == (None, None, 0)
    do(kind, RESUME, job, chief)
    assert claim_job(jobs, uuid.uuid4(), state="running"), "the bell of the resumption is answered"


def test_generation_goes_on_at_once_where_its_worker_was_killed(chief, problem):
    job = plan_generation(actor=None, plan=augmenting_plan(problem.problem_set))
    jobs = GenerationJob.objects.filter(pk=job.pk)
    claim_job(jobs, uuid.uuid4(), state="running")
    generate_next(job_id=job.pk)
    assert job.calls.count() == 0, "the dead worker's lease holds"
    do("generation", PAUSE, job, chief)
    do("generation", RESUME, job, chief)
    generate_next(job_id=job.pk)
    assert job.calls.count() > 0


@pytest.mark.parametrize("kind", [kind for kind, each in KINDS.items() if RETRY in each.acts])
def test_a_job_that_failed_is_tried_again_from_the_beginning(kind, chief, rung, django_capture_on_commit_callbacks):
    job = make_job(kind)
    with pytest.raises(JobError, match="is queued; only a"):
        do(kind, RETRY, job, chief)
    reason = JOB_KINDS[kind].reason_field
    # Those that write no large file know of no full disk.
    besides = {"space_needed": 1} if hasattr(job, "space_needed") else {}
    if kind == "run":  # of which the samples that failed are drawn again
        besides = {"failed_count": job.attempts.update(state="failed", error_kind="timeout")}
    type(job).objects.filter(pk=job.pk).update(
        state="failed", claims=5, finished_at=timezone.now(), **besides, **{reason: "It did not work."}
    )
    with django_capture_on_commit_callbacks(execute=True):
        do(kind, RETRY, job, chief)
    assert (job.state, job.claims, job.finished_at) == ("queued", 0, None)
    assert getattr(job, "space_needed", None) is None
    assert getattr(job, reason) == ""
    assert len(rung) == 1


@EVERY
def test_a_lost_bell_is_found_while_the_job_is_active(kind, chief):
    job = make_job(kind)
    type(job).objects.filter(pk=job.pk).update(rung_at=timezone.now() - timedelta(hours=1))
    assert job.pk in lost(kind)
    do(kind, CANCEL, job, chief)
    type(job).objects.filter(pk=job.pk).update(rung_at=timezone.now() - timedelta(hours=1))
    assert job.pk not in lost(kind)


def _paid_run():
    instruction = chain_of_thought()
    problem = factories.make_problem(kind="numeric", statement="What is 2 + 2?", spec={}, reference="4")
    options = {"recalls": False, "prompt_tokens": 100}
    return factories.plan(
        sampler=model(), problems=[problem], instructions=[instruction], budget=Budget(tokens=1), options=options
    )


PAID = {
    "run": (_paid_run, lambda pk: sample_session(run_id=pk, on_traces=lambda _: None, seconds=1)),
    "judge_job": (lambda: job_over(works("right"), model()), judge_next),
    "generation": (lambda: make_job("generation"), generate_next),
}


def test_every_kind_that_pays_is_tried():
    rows = {kind: JOB_KINDS[kind].is_paid(make()) for kind, (make, _) in PAID.items()}
    assert all(rows.values())
    free = set(KINDS) - set(PAID)
    assert not any(JOB_KINDS[kind].is_paid(make_job(kind)) for kind in free)


@pytest.mark.parametrize("kind", PAID)
def test_no_call_starts_that_the_budget_does_not_allow(kind):
    make, work = PAID[kind]
    job = make()
    type(job).objects.filter(pk=job.pk).update(budget_tokens=1)
    if kind == "run":
        work(job.pk)
    else:
        work(job_id=job.pk)
    job.refresh_from_db()
    assert job.state == "paused"
    assert "token budget" in job.state_reason
    assert job.input_tokens + job.output_tokens == 0
    [row] = [row for row in list_jobs([kind]).rows if row.job.pk == job.pk]
    assert row.spending.budget_tokens == 1
    assert "token budget" in row.reason
