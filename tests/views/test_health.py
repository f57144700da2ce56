import pytest

from tests.factories import make_worker


def test_health_is_told_to_anyone(client, db):
    make_worker()
    make_worker(name="quick worker")
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
    make_worker()
    answer = client.get("/health/work/")
    assert (answer.status_code, answer.content) == (200, b"1 worker alive.\n")
    make_worker(name="worker 2", silent=True)
    answer = client.get("/health/work/")
    assert (answer.status_code, answer.content) == (503, b"1 worker alive, 1 silent.\n")
