"""Verifying again by a real worker process, through the broker."""

from datetime import timedelta

from django.db.models.functions import Now

from tests.factories import make_problem, make_trace
from tests.verifiers import DEADLY, DeadlyVerifier
from tests.worker import WorkerProcess, wait_for
from trajectories.core.selections import Selection
from trajectories.core.verifiers import VERIFIERS
from trajectories.models import Reverification, Verdict
from trajectories.services.verification.reverifications import plan_reverification
from trajectories.services.verification.verdicts import MAX_CLAIMS
from trajectories.tasks.jobs import sweep_kind

WORKER_INCLUDES = ["tests.worker_verifiers"]


def plan(problem, monkeypatch) -> Reverification:
    monkeypatch.setitem(VERIFIERS, "deadly", DeadlyVerifier())
    return plan_reverification(actor=None, scope=Selection(problem=problem.pk), verifiers=["deadly"])


def let_time_pass(job: Reverification) -> None:
    """As if the lease of the killed worker had run out and its bell had gone unheard for long."""
    long_ago = Now() - timedelta(hours=1)
    Reverification.objects.filter(pk=job.pk).update(lease_expires_at=long_ago, rung_at=long_ago)


def deaths(worker: WorkerProcess) -> int:
    return worker.output().count("was ended by signal 9")


def is_done(job: Reverification) -> bool:
    return Reverification.objects.filter(pk=job.pk, state="finished").exists()


def test_a_trace_that_kills_its_workers_gets_an_error_and_the_job_goes_on(celery_worker_process, monkeypatch):
    problem = make_problem()
    traces = [make_trace(problem=problem, run=None, reasoning=text) for text in ("good", DEADLY, "good too")]
    job = plan(problem, monkeypatch)
    for death in range(1, MAX_CLAIMS + 2):  # the first one does not say which trace it was
        wait_for(lambda: deaths(celery_worker_process) >= death or is_done(job), f"death {death}")  # noqa: B023
        let_time_pass(job)
        sweep_kind("reverification")
    wait_for(lambda: is_done(job), "the job to end")
    assert MAX_CLAIMS <= deaths(celery_worker_process) <= MAX_CLAIMS + 1
    words = {verdict.trace_id: verdict for verdict in Verdict.objects.filter(verifier="deadly")}
    assert [words[trace.pk].outcome for trace in traces] == ["pass", "error", "pass"]
    assert words[traces[1].pk].message == "Verifying this trace was begun 3 times and never came to an end."
    job.refresh_from_db()
    assert (job.done_count, job.written_count) == (3, 3)
