"""Model judges in a real worker process, through the broker."""

from datetime import timedelta
from decimal import Decimal

from django.db.models.functions import Now

from tests.endpoint import sampler_for
from tests.judging import job_over, judging_endpoint, works
from tests.worker import wait_for
from trajectories.models import JudgeJob, JudgeJobAnswer, Verdict
from trajectories.stand_ins.fake_endpoint import Behaviour
from trajectories.tasks.jobs import sweep_kind

PRICES = {"input_price": Decimal(1), "output_price": Decimal(10)}


def has_ended(job: JudgeJob) -> bool:
    job.refresh_from_db()
    return job.state in JudgeJob.ENDED_STATES


def test_a_job_goes_from_bell_to_verdicts_in_the_worker(celery_worker_process):
    traces = works("this is right", "this is wrong", "wrong too")
    with judging_endpoint() as endpoint:
        job = job_over(traces, sampler_for(endpoint), form="compare", opponents=2)
        wait_for(lambda: has_ended(job), "the job to end")
    assert (job.state, job.done_count, job.error_count) == ("finished", 3, 0)
    assert Verdict.objects.filter(judge_job=job, outcome="pass").get().trace == traces[0]


def test_a_killed_worker_loses_nothing_and_pays_for_nothing_twice(celery_worker_process):
    traces = works(*(f"this is right {number}" for number in range(12)))
    with judging_endpoint(Behaviour(latency=0.3)) as endpoint:
        sampler = sampler_for(endpoint, concurrency=2, **PRICES)
        job = job_over(traces, sampler)
        wait_for(lambda: JudgeJobAnswer.objects.count() >= 3, "three answers")
        celery_worker_process.kill()
        stored = JudgeJobAnswer.objects.count()
        assert 3 <= stored < 12
        long_ago = Now() - timedelta(hours=1)
        JudgeJob.objects.update(lease_expires_at=long_ago, rung_at=long_ago)
        celery_worker_process.start()
        sweep_kind("judge_job")
        wait_for(lambda: has_ended(job), "the job to end")
    assert (job.state, job.done_count, job.call_count) == ("finished", 12, 12)
    assert Verdict.objects.filter(judge_job=job).count() == 12
    assert job.cost == sum(answer.cost for answer in JudgeJobAnswer.objects.all())
    # Only what was in flight when the worker died may have been asked for again.
    assert len(endpoint.calls) <= 12 + 2
