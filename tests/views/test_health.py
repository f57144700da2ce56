from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from trajectories.models import Worker


def worker(name, *, silent=False):
    """A worker heard of just now, or too long ago."""
    ago = timedelta(seconds=settings.WORKER_SILENT_SECONDS + 1 if silent else 0)
    pid = Worker.objects.count() + 1
    return Worker.objects.create(host="here", pid=pid, name=name, queues="sweeps", seen_at=timezone.now() - ago)


def test_health_is_told_to_anyone(client, db):
    worker("worker 1")
    worker("quick worker")
    answer = client.get("/health/")
    assert (answer.status_code, answer.content) == (200, b"ok\n2 workers alive.\n")
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize("path", ["/health/", "/health/work/"])
def test_health_is_only_read(client, db, path):
    assert client.post(path).status_code == 405


def test_pages_are_healthy_without_workers_and_work_is_not(client, db):
    assert client.get("/health/").content == b"ok\nNo worker is alive.\n"
    answer = client.get("/health/work/")
    assert (answer.status_code, answer.content) == (503, b"No worker is alive.\n")


def test_work_is_healthy_only_while_nobody_is_missed(client, db):
    worker("worker 1")
    answer = client.get("/health/work/")
    assert (answer.status_code, answer.content) == (200, b"1 worker alive.\n")
    worker("worker 2", silent=True)
    answer = client.get("/health/work/")
    assert (answer.status_code, answer.content) == (503, b"1 worker alive, 1 silent.\n")
