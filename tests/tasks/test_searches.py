"""Words of many traces, read by a real worker process through the broker, and what is left where it is killed."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from tests.services.traces.test_searches import found, many, waiting
from tests.worker import wait_for
from trajectories.models import Bell, SearchBacklog
from trajectories.services.jobs.ringers import ring
from trajectories.tasks.searches import sweep_searches

pytestmark = pytest.mark.django_db(transaction=True)
WORKER_INCLUDES = ["tests.worker_readers"]


def test_traces_are_found_soon_after_they_came_though_their_reader_was_killed(celery_worker_process):
    traces = many(60)
    ring("words")
    wait_for(lambda: waiting() < 60, "some to be read")
    celery_worker_process.kill()
    assert waiting() > 0, "the rest waits for another reader"
    long_ago = Now() - timedelta(hours=1)
    Bell.objects.update(lease_expires_at=long_ago, rung_at=long_ago)
    celery_worker_process.start()
    sweep_searches.delay()
    wait_for(lambda: not SearchBacklog.objects.exists(), "all to be read")
    assert found("mirror") == set(traces)
    wait_for(lambda: not Bell.objects.exists(), "the bell to be put away")
