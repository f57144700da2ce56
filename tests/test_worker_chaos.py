"""Each process of a real set of workers is killed, stopped or kept busy, one at a time, and work goes on."""

import os
import signal

import psutil
import pytest
from django.contrib.auth.models import Group

from tests.worker import wait_for
from tests.worker_tasks import hold, make_group, overstay
from trajectories.models import Worker

WORKER_INCLUDES = ["tests.worker_tasks"]
WORKER_CONCURRENCY = 2
WORKER_SETTINGS = {"WORKER_SILENT_SECONDS": "6"}
PLACES = {"worker 1", "worker 2", "quick worker", "file worker", "training worker"}

KINDS = ("interactive", "sampling", "files", "training")
"""Queues of different workers."""


@pytest.fixture
def workers(celery_worker_process):
    wait_for_all(celery_worker_process)
    return celery_worker_process


def wait_for_all(workers) -> dict[int, str]:
    """The workers by process id, once there is one in each place."""
    wait_for(lambda: set(workers.children().values()) == PLACES, "a worker in each place")
    return workers.children()


def made(name: str) -> Group | None:
    return Group.objects.filter(name__startswith=f"{name} ").first()


def assert_work_goes_on(name: str) -> None:
    """Several tasks of each kind are done, so that nobody who is left can have missed them all."""
    names = [f"{name}-{kind}-{number}" for kind in KINDS for number in range(2)]
    for each in names:
        make_group.apply_async((each,), queue=each.split("-")[-2])
    for each in names:
        wait_for(lambda: made(each), f"the row {each}")  # noqa: B023


def pid_of(workers, place: str) -> int:
    return next(pid for pid, name in workers.children().items() if name == place)


def test_each_idle_worker_may_be_killed(workers):
    for place in sorted(PLACES):
        killed = pid_of(workers, place)
        os.kill(killed, signal.SIGKILL)
        assert_work_goes_on(f"without {place}".replace(" ", "_"))
        wait_for(lambda: killed not in workers.children(), "another one to have its place")  # noqa: B023
        wait_for_all(workers)
        assert not Worker.objects.filter(pid=killed).exists(), "the dead one is forgotten"
    for pid in workers.children():
        os.kill(pid, signal.SIGKILL)
    assert_work_goes_on("after_all")


def test_a_busy_worker_may_be_killed(workers, tmp_path):
    hold.apply_async((str(tmp_path / "gate"),), queue="sampling")
    busy = int(wait_for(lambda: made("held"), "a busy worker").name.split()[1])
    row = wait_for(lambda: Worker.objects.filter(pid=busy).exclude(task="").first(), "its word of what it is at")
    assert row.task == "tests.worker_tasks.hold"
    os.kill(busy, signal.SIGKILL)
    assert_work_goes_on("without_busy")
    wait_for_all(workers)


def test_a_worker_that_hangs_is_replaced(workers):
    for place in ("worker 1", "file worker"):
        stopped = pid_of(workers, place)
        os.kill(stopped, signal.SIGSTOP)
        wait_for(lambda: not psutil.pid_exists(stopped), f"the end of {place}")  # noqa: B023
        assert f"{place.capitalize()} (process {stopped}) was silent for 6 s; ending it." in workers.output()
        assert_work_goes_on(f"instead of {place}".replace(" ", "_"))
        wait_for_all(workers)


def test_a_task_that_overstays_its_limit_ends_with_its_worker(workers):
    overstay.apply_async(queue="sampling")
    busy = int(wait_for(lambda: made("overstays"), "a task without end").name.split()[1])
    wait_for(lambda: not psutil.pid_exists(busy), "its end")
    assert "tests.worker_tasks.overstay took longer than its 1 s; this worker ends." in workers.output()
    assert_work_goes_on("after_limit")


def test_workers_end_with_their_supervisor_and_the_next_one_goes_on(workers):
    orphans = list(workers.children())
    os.kill(workers.process.pid, signal.SIGKILL)
    workers.process.wait()
    wait_for(lambda: not any(psutil.pid_exists(pid) for pid in orphans), "the end of its workers")
    assert Worker.objects.count() == len(PLACES), "nobody has signed them off"
    workers.start()
    assert_work_goes_on("after_supervisor")
    wait_for_all(workers)
    assert Worker.objects.count() == len(PLACES), "the dead are forgotten"
