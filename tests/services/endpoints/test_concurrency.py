"""Who may have how many calls to one model in flight."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from tests.endpoint import flip_endpoint, sampler_for
from tests.factories import make_instruction, make_problem, plan
from tests.generation import plan_job
from tests.judging import rubric
from tests.projects import another_project
from trajectories.adapters.acting import acting_in
from trajectories.models import GenerationJob, JudgeJob, Sampler
from trajectories.services.endpoints.concurrency import job_slots
from trajectories.services.runs.chat_attempts import ahead_of, claim_attempts

CONCURRENCY = 12
SHARE = CONCURRENCY // 2


@pytest.fixture
def sampler(db) -> Sampler:
    return sampler_for(flip_endpoint(), concurrency=CONCURRENCY)


def in_minutes(minutes: float):
    return {"lease_token": uuid.uuid4(), "lease_expires_at": timezone.now() + timedelta(minutes=minutes)}


def judging(sampler, minutes=1.0) -> JudgeJob:
    return JudgeJob.objects.create(
        sampler=sampler, rubric=rubric(), form="grade", seed=1, total_count=1, **in_minutes(minutes)
    )


def claim(sampler):
    view = make_instruction(style="program", suits="chat")
    run = plan(sampler=sampler, problems=[make_problem()], instructions=[view], samples_each=50)
    return claim_attempts(run_id=run.pk, lease_token=uuid.uuid4(), concurrency=CONCURRENCY)


def test_by_itself_each_has_all_places(sampler):
    assert job_slots(sampler=sampler, holder=judging(sampler), concurrency=CONCURRENCY) == CONCURRENCY
    JudgeJob.objects.all().delete()
    assert claim(sampler).allowed == CONCURRENCY


def test_a_run_leaves_half_to_a_job_that_is_worked_on(sampler):
    judging(sampler)
    found = claim(sampler)
    assert found.allowed == SHARE
    assert len(found.attempts) == SHARE + ahead_of(SHARE)


def test_a_job_takes_what_a_run_leaves_and_one_place_at_the_least(sampler):
    job = judging(sampler, minutes=-1)
    assert len(claim(sampler).attempts) == CONCURRENCY + ahead_of(CONCURRENCY)
    assert job_slots(sampler=sampler, holder=job, concurrency=CONCURRENCY) == 1


def test_a_job_whose_worker_is_gone_and_another_model_take_nothing(sampler):
    judging(sampler, minutes=-1)
    judging(sampler_for(flip_endpoint(), concurrency=CONCURRENCY, model="another"))
    assert claim(sampler).allowed == CONCURRENCY


def test_jobs_of_both_kinds_share_with_each_other(sampler):
    first, writing = judging(sampler), plan_job("Written")
    GenerationJob.objects.filter(pk=writing.pk).update(solver=sampler, **in_minutes(1))
    writing.refresh_from_db()
    for holder in (first, writing):
        assert job_slots(sampler=sampler, holder=holder, concurrency=CONCURRENCY) == SHARE


def test_calls_of_another_project_to_the_same_endpoint_are_counted(db):
    endpoint, project = flip_endpoint(), another_project()
    mine = sampler_for(endpoint, concurrency=CONCURRENCY)
    assert len(claim(mine).attempts) == CONCURRENCY + ahead_of(CONCURRENCY)
    with acting_in(project.pk):
        theirs = sampler_for(endpoint, concurrency=CONCURRENCY)
        job = judging(theirs)
        assert job_slots(sampler=theirs, holder=job, concurrency=CONCURRENCY) == 1, "the run of the first has them all"
        assert claim(theirs).allowed == 0
        alone = sampler_for(endpoint, concurrency=CONCURRENCY, model="another")
        assert claim(alone).allowed == CONCURRENCY


def test_a_job_of_another_project_has_its_share(db):
    endpoint, project = flip_endpoint(), another_project()
    with acting_in(project.pk):
        judging(sampler_for(endpoint, concurrency=CONCURRENCY))
    assert claim(sampler_for(endpoint, concurrency=CONCURRENCY)).allowed == SHARE
