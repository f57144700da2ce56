"""Verification by a real worker process, through the broker."""

from datetime import timedelta

from django.db.models.functions import Now

from tests.factories import make_problem, make_trace
from tests.verifiers import DEADLY
from tests.worker import wait_for
from trajectories.models import Bell, PendingVerification, Verdict
from trajectories.services.verification.verdicts import MAX_CLAIMS
from trajectories.tasks.sweeps import sweep
from trajectories.tasks.verdicts import ring_verification

WORKER_INCLUDES = ["tests.worker_verifiers"]


def test_a_trace_that_kills_its_verifiers_gets_an_error_and_all_others_their_verdicts(celery_worker_process):
    problem = make_problem()
    traces = [make_trace(problem=problem, run=None, reasoning=text) for text in ("good", DEADLY, "good too")]
    PendingVerification.objects.bulk_create([PendingVerification(trace=trace) for trace in traces])
    ring_verification([trace.pk for trace in traces])
    long_ago = Now() - timedelta(hours=1)
    for death in range(1, MAX_CLAIMS + 1):
        wait_for(lambda: celery_worker_process.output().count("was ended by signal 9") >= death, f"death {death}")  # noqa: B023
        assert PendingVerification.objects.get(trace=traces[1]).claims == death
        PendingVerification.objects.update(lease_expires_at=long_ago, rung_at=long_ago)
        Bell.objects.update(lease_expires_at=long_ago, rung_at=long_ago)
        sweep.delay()
    wait_for(lambda: not PendingVerification.objects.exists(), "every trace to have its verdicts")
    words = {verdict.trace_id: verdict for verdict in Verdict.objects.filter(verifier="deadly")}
    assert [words[trace.pk].outcome for trace in traces] == ["pass", "error", "pass"]
    assert words[traces[1].pk].message == "Verifying this trace was begun 3 times and never came to an end."
