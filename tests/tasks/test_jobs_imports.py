"""Imports by a real worker process, through the broker, and what is left where it is killed."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from tests.imports import plan_rows
from tests.worker import wait_for
from trajectories.models import Import, PendingVerification, Trace, Verdict
from trajectories.services.problems.imports import spool_folder
from trajectories.tasks.jobs import sweep_kind

pytestmark = pytest.mark.django_db(transaction=True)
WORKER_INCLUDES = ["tests.worker_slow"]
ROWS = 40


def is_at(job, cursor):
    job.refresh_from_db()
    return job.cursor >= cursor


def has_ended(job):
    job.refresh_from_db()
    return not job.is_active


def test_a_planned_import_comes_in_and_is_verified(lead, celery_worker_process):
    job = plan_rows(lead, ROWS)
    wait_for(lambda: has_ended(job), "the import to end")
    assert (job.state, job.inserted) == ("finished", ROWS)
    wait_for(lambda: not PendingVerification.objects.exists(), "every trace to be verified")
    assert Verdict.objects.filter(trace__problem__name="sum-1").count() == ROWS


def test_one_whose_worker_was_killed_goes_on_and_comes_in_once(lead, celery_worker_process):
    job = plan_rows(lead, ROWS)
    wait_for(lambda: is_at(job, 10), "a part to be read")
    celery_worker_process.kill()
    job.refresh_from_db()
    reached = job.cursor
    assert job.state == "running"
    assert not Trace.objects.exists()
    long_ago = Now() - timedelta(hours=1)
    Import.objects.update(lease_expires_at=long_ago, rung_at=long_ago)
    celery_worker_process.start()
    sweep_kind("import")
    wait_for(lambda: has_ended(job), "the import to end")
    assert 10 <= reached < ROWS
    assert (job.state, job.inserted, job.duplicates) == ("finished", ROWS, 0)
    assert Trace.objects.count() == ROWS
    wait_for(lambda: not (spool_folder() / f"import-{job.pk}.rows").exists(), "what was set aside to be deleted")
