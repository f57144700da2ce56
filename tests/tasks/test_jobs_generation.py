"""A job with a real worker, which is killed in the middle."""

import pytest

from tests.endpoint import sampler_for
from tests.generation import augmenting_plan, check_with, writing_plan
from tests.worker import wait_for
from trajectories.models import CandidateAnswer, GenerationJob, ProblemCandidate
from trajectories.services.generation.jobs import plan_generation
from trajectories.stand_ins.fake_endpoint import Behaviour, FakeEndpoint, problem_writer
from trajectories.tasks.jobs import TASKS, sweep_kind

pytestmark = pytest.mark.django_db(transaction=True)


def state_of(job):
    return GenerationJob.objects.values_list("state", flat=True).get(pk=job.pk)


def test_a_killed_worker_loses_and_doubles_nothing(celery_worker_process):
    with FakeEndpoint(Behaviour(latency=0.1), problem_writer()) as endpoint:
        sampler = sampler_for(endpoint, max_output_tokens=2_000, concurrency=2)
        job = plan_generation(actor=None, plan=writing_plan(sampler, wanted=4, check=check_with(sampler)))
        wait_for(lambda: CandidateAnswer.objects.count() >= 3, "some answers")
        celery_worker_process.kill()
        made = CandidateAnswer.objects.count()
        GenerationJob.objects.update(lease_expires_at=None, rung_at="2020-01-01T00:00Z")
        celery_worker_process.start()
        sweep_kind("generation")
        wait_for(lambda: state_of(job) == "finished", "the job to finish")
        assert CandidateAnswer.objects.count() > made
        outcomes = job.calls.count() + CandidateAnswer.objects.count()
        # What was in flight when the worker died may have been asked for twice.
        assert outcomes <= len(endpoint.calls) <= outcomes + 2
    assert not ProblemCandidate.objects.filter(state="proposed").exists()


def test_a_sweep_leaves_alone_what_was_rung_just_now(problem):
    job = plan_generation(actor=None, plan=augmenting_plan(problem.problem_set))
    sweep_kind("generation")
    assert state_of(job) == "queued"
    TASKS["generation"](job.pk)
    assert state_of(job) in ("running", "finished")
