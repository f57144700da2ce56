import os
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.db.models import F
from django.utils import timezone

from trajectories.models import Worker
from trajectories.services.jobs import workers
from trajectories.services.jobs.workers import (
    Abilities,
    SilenceWatch,
    beat,
    forget_the_dead,
    sign_off,
    sign_on,
    this_host,
)

pytestmark = pytest.mark.django_db

NONE = Abilities()
NO_PROCESS = 2**22 + 1
"""Beyond the largest process id that Linux gives."""


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now = 1000.0

        def monotonic(self) -> float:
            return self.now

    clock = Clock()
    monkeypatch.setattr(workers, "time", clock)
    return clock


def here(pid: int) -> Worker:
    return Worker.objects.create(host=this_host(), pid=pid, name="worker", queues="sweeps")


def test_a_worker_signs_on_beats_and_signs_off():
    assert not beat(task="", seconds=0, abilities=NONE), "nobody knows it yet"
    sign_on(name="worker 1", queues=["sweeps", "files"], abilities=NONE)
    assert beat(task="trajectories.sweep", seconds=30, abilities=NONE)
    found = Worker.objects.get()
    assert (found.name, found.queues, found.pid, found.task) == (
        "worker 1", "sweeps files", os.getpid(), "trajectories.sweep",
    )  # fmt: skip
    assert timedelta(seconds=29) < timezone.now() - found.task_started_at < timedelta(seconds=60)
    beat(task="", seconds=3, abilities=NONE)
    found.refresh_from_db()
    assert (found.task, found.task_started_at) == ("", None)
    sign_off(pids=[os.getpid()])
    assert not Worker.objects.exists()


def test_what_a_worker_can_do_is_told_with_every_sign_and_may_change():
    sign_on(name="training worker", queues=["training"], abilities=Abilities(trainers=("embedded",)))
    found = Worker.objects.get()
    assert (found.trainers, found.serves_models) == ("embedded", False)
    beat(task="", seconds=0, abilities=Abilities(trainers=("embedded", "trl"), serves_models=True))
    found.refresh_from_db()
    assert (found.trainers, found.serves_models) == ("embedded trl", True)


def test_a_process_id_that_comes_again_is_another_worker():
    sign_on(name="worker 1", queues=["sweeps"], abilities=NONE)
    Worker.objects.update(started_at=F("started_at") - timedelta(days=1), task="old")
    sign_on(name="worker 2", queues=["files"], abilities=NONE)
    found = Worker.objects.get()
    assert (found.name, found.task) == ("worker 2", "")
    assert timezone.now() - found.started_at < timedelta(hours=1)


def test_the_dead_of_this_machine_are_forgotten_and_the_living_are_not():
    here(NO_PROCESS)
    alive = here(os.getpid())
    elsewhere = Worker.objects.create(host="elsewhere", pid=NO_PROCESS, name="worker", queues="sweeps")
    gone = Worker.objects.create(host="gone", pid=1, name="worker", queues="sweeps")
    Worker.objects.filter(pk=gone.pk).update(seen_at=F("seen_at") - timedelta(days=2))
    forget_the_dead()
    assert set(Worker.objects.all()) == {alive, elsewhere}


def test_a_watch_tells_who_stays_silent_and_forgets_it_with_the_next_sign(clock):
    watch = SilenceWatch(60)
    quiet, lively = here(1), here(2)
    assert watch.silent([1, 2, 3]) == []
    for _ in range(6):
        clock.now += 11
        Worker.objects.filter(pk=lively.pk).update(seen_at=F("seen_at") + timedelta(seconds=11))
        silent = watch.silent([1, 2, 3])
    assert silent == [1, 3], "the one that beats no more, and the one that never did"
    Worker.objects.filter(pk=quiet.pk).update(seen_at=F("seen_at") + timedelta(seconds=66))
    assert watch.silent([1, 2]) == []


def test_a_row_as_old_as_the_hills_is_no_silence_yet(clock):
    here(1)
    Worker.objects.update(seen_at=F("seen_at") - timedelta(hours=1))
    watch = SilenceWatch(60)
    assert watch.silent([1]) == [], "it may have been the database that was away"
    clock.now += 59
    assert watch.silent([1]) == []
    clock.now += 2
    assert watch.silent([1]) == [1]


def test_nobody_is_silent_while_the_database_is_away(clock, monkeypatch):
    here(1)
    watch = SilenceWatch(60)
    watch.silent([1])
    clock.now += 100

    def away(*_, **__):
        raise OperationalError("away")

    with monkeypatch.context() as patch:
        patch.setattr(Worker.objects, "filter", away)
        assert watch.silent([1]) == []
    assert watch.silent([1]) == [], "the clock begins anew"
    clock.now += 61
    assert watch.silent([1]) == [1]
