"""Releases frozen by a real worker process, and what is left where it is killed."""

import uuid
from datetime import timedelta

import pytest
from django.db.models.functions import Now

from tests import factories
from tests.worker import wait_for
from trajectories.models import AuditEvent, Freezing, Release, ReleaseItem
from trajectories.services.releases.freezing import Order, freeze_accepted, plan_freezing
from trajectories.tasks.jobs import sweep_kind

pytestmark = pytest.mark.django_db(transaction=True)
WORKER_INCLUDES = ["tests.worker_slow"]
TRACES = 30


@pytest.fixture
def _accepted(curator):
    problem, run = factories.make_problem(), factories.make_run()
    for _ in range(TRACES):
        trace = factories.make_trace(problem=problem, run=run, decision="accepted")
        factories.make_review(trace=trace, reviewer=curator, score=4)


def is_read(job, count):
    job.refresh_from_db()
    return job.done_count >= count


def has_ended(job):
    job.refresh_from_db()
    return not job.is_active


@pytest.mark.usefixtures("_accepted")
def test_a_release_whose_worker_was_killed_is_the_same_release_later(lead, celery_worker_process):
    job = plan_freezing(actor=lead, order=Order("First", export_format="sft-messages"), key=uuid.uuid4())
    wait_for(lambda: is_read(job, 5), "a part to be read")
    celery_worker_process.kill()
    assert (Release.objects.count(), ReleaseItem.objects.count()) == (0, 0)
    long_ago = Now() - timedelta(hours=1)
    Freezing.objects.update(lease_expires_at=long_ago, rung_at=long_ago)
    celery_worker_process.start()
    sweep_kind("freezing")
    wait_for(lambda: has_ended(job), "the release to be frozen")
    release = Release.objects.get()
    assert job.release == release
    assert release.items.count() == release.item_count == TRACES
    assert AuditEvent.objects.filter(verb="release.freeze").count() == 1
    assert release.content_hash == freeze_accepted(actor=lead, title="Again", key=uuid.uuid4()).content_hash
    wait_for(lambda: release.exports.filter(state="ready").exists(), "its file")
