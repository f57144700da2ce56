from datetime import timedelta

import pytest
from django.db import OperationalError
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from tests import factories
from tests.factories import make_ring, make_worker
from trajectories.adapters.pgvector import ensure_vector_search, find_vector_search
from trajectories.selectors.broker_queues import Queues


def test_health_is_told_to_anyone(client, db):
    make_worker()
    make_worker(name="quick worker")
    answer = client.get("/health/")
    assert (answer.status_code, answer.content) == (200, b"ok\n2 workers alive.\n")
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize("path", ["/health/", "/health/workers/"])
def test_health_is_only_read(client, db, path):
    assert client.post(path).status_code == 405


def test_pages_are_healthy_without_workers_and_work_is_not(client, db):
    assert client.get("/health/").content == b"ok\nNo worker is alive.\n"
    answer = client.get("/health/workers/")
    assert (answer.status_code, answer.content) == (503, b"No worker is alive.\nThe scheduler has never rung.\n")


def test_work_is_healthy_only_while_nobody_is_missed(client, db):
    make_worker()
    answer = client.get("/health/workers/")
    assert (answer.status_code, answer.content) == (200, b"1 worker alive.\nThe scheduler has never rung.\n")
    make_worker(name="worker 2", silent=True)
    answer = client.get("/health/workers/")
    assert (answer.status_code, answer.content) == (
        503, b"1 worker alive, 1 silent.\nThe scheduler has never rung.\n",
    )  # fmt: skip


def test_work_is_not_healthy_while_the_scheduler_is_silent(client, db):
    began = timezone.now() - timedelta(minutes=9)
    make_worker(started_at=began)
    make_ring(seconds=3)
    answer = client.get("/health/workers/")
    assert (answer.status_code, answer.content) == (200, b"1 worker alive.\nThe scheduler has last rung 3 s ago.\n")
    make_ring(seconds=120)
    answer = client.get("/health/workers/")
    assert (answer.status_code, answer.content) == (
        503, b"1 worker alive. The scheduler is silent.\nThe scheduler has last rung 120 s ago.\n",
    )  # fmt: skip
    assert client.get("/health/").content == b"ok\n1 worker alive. The scheduler is silent.\n"


def test_a_full_disk_is_told_here_and_on_every_page(client, lead, settings):
    settings.DISK_RESERVE_BYTES = 2**62
    answer = client.get("/health/")
    assert answer.status_code == 200
    assert answer.content.startswith(b"degraded\nNo space left on the disk: ")
    assert b"No space left" not in client.get("/login/").content
    client.force_login(lead)
    assert b"No space left on the disk: " in client.get("/releases/").content


def test_a_run_under_way_says_that_the_disk_is_full(client, lead, settings):
    client.force_login(lead)
    address = f"/runs/{factories.plan().pk}/"
    assert b"No space left" not in client.get(address).content
    settings.DISK_RESERVE_BYTES = 2**62
    part = client.get(address + "?part=live", headers={"HX-Request": "true"}).content
    assert b"It goes on by itself once there is space." in part


def test_a_living_process_says_so_whatever_else_is_away(client, monkeypatch):
    """No fixture of a database: the test fails where one is asked."""
    answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok\n")


def test_it_is_ready_with_a_database_of_this_version_and_a_broker(client, db, monkeypatch):
    answer = client.get("/readyz")
    assert (answer.status_code, answer.text) == (200, f"ready\n{find_vector_search().words}\n")
    assert "exactly in the process, without pgvector: the " in answer.text
    if ensure_vector_search():  # where the server has it
        assert client.get("/readyz").text == "ready\nThe nearest embeddings are found by pgvector in the database.\n"
    monkeypatch.setattr("trajectories.views.health.get_queues", lambda: Queues([], "The broker is away."))
    answer = client.get("/readyz")
    assert (answer.status_code, answer.content) == (503, b"The broker is away.\n")


def test_it_is_not_ready_while_migrations_are_missing(client, db, monkeypatch):
    monkeypatch.setattr("trajectories.selectors.schema._ready", set())
    monkeypatch.setattr(MigrationExecutor, "migration_plan", lambda *_: [("trajectories.0001_initial", False)])
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert b"lacks 1 migration(s): trajectories.0001_initial" in answer.content
    monkeypatch.undo()
    assert client.get("/readyz").status_code == 200


def test_it_is_not_ready_without_a_database(client, db, monkeypatch):
    def away():
        raise OperationalError("away")

    monkeypatch.setattr("trajectories.views.health.unready_migrations", away)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.content) == (503, b"The database does not answer.\n")
