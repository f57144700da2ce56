"""A worker's signs of life: given while it gets on, withheld while it hangs."""

import os
import signal
from types import SimpleNamespace

import pytest
from django.core.management.base import CommandError
from django.db import OperationalError
from kombu.asynchronous import Hub

from tests.worker import wait_for
from trajectories.management import working
from trajectories.management.commands.work import default_processes, served_queues
from trajectories.management.working import FILES, QUICK, TRAINING, LivelyConsumer, Place, Pulse, places, served
from trajectories.services.jobs.workers import Abilities

PLACE = Place("worker 1", ["sweeps", "files"])


class Clock:
    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(working, "time", clock)
    return clock


@pytest.fixture
def beats(monkeypatch):
    """The signs that were given, as (task, seconds)."""
    given = []

    def beat(*, task, seconds, abilities):
        assert abilities == Abilities(), "none of its queues needs any"
        given.append((task, seconds))
        return True

    monkeypatch.setattr(working, "beat", beat)
    return given


@pytest.fixture
def kills(monkeypatch):
    sent = []
    monkeypatch.setattr(working.os, "kill", lambda pid, number: sent.append((pid, number)))
    return sent


def test_it_beats_while_it_waits_for_work_and_not_once_it_hangs(clock, beats, settings):
    pulse = Pulse(PLACE)
    clock.now += settings.WORKER_SILENT_SECONDS - 1
    pulse._beat()
    assert beats == [("", settings.WORKER_SILENT_SECONDS - 1)]
    clock.now += 2
    pulse._beat()
    assert len(beats) == 1
    pulse.turn()
    pulse._beat()
    assert beats[1:] == [("", 0.0)]


def test_it_beats_through_a_long_task_and_ends_with_one_that_is_over_its_limit(clock, beats, kills, settings):
    pulse = Pulse(PLACE)
    limit = 10 * settings.WORKER_SILENT_SECONDS
    pulse.begin("trajectories.write_export", limit)
    clock.now += limit - 1
    pulse._beat()
    assert beats == [("trajectories.write_export", limit - 1)]
    assert kills == []
    clock.now += 2
    pulse._beat()
    assert kills == [(os.getpid(), signal.SIGKILL)]


def test_after_a_task_it_waits_for_work_again(clock, beats):
    pulse = Pulse(PLACE)
    pulse.begin("trajectories.sweep", 10)
    clock.now += 5
    pulse.end()
    clock.now += 20
    pulse._beat()
    assert beats == [("", 20.0)]


def test_one_that_nobody_knows_signs_on_and_a_database_that_is_away_ends_nothing(monkeypatch, clock):
    signed = []
    monkeypatch.setattr(working, "sign_on", lambda **values: signed.append(values))
    monkeypatch.setattr(working, "beat", lambda **_: False)
    Pulse(PLACE)._beat()
    assert signed == [{"name": "worker 1", "queues": ["sweeps", "files"], "abilities": Abilities()}]

    def away(**_):
        raise OperationalError("away")

    monkeypatch.setattr(working, "beat", away)
    Pulse(PLACE)._beat()


def test_it_ends_with_its_supervisor(monkeypatch, beats, kills, settings):
    settings.WORKER_SILENT_SECONDS = 0.5
    pulse = Pulse(PLACE)
    monkeypatch.setattr(working.os, "getppid", lambda: 1)
    monkeypatch.setattr(working, "sign_off", lambda **_: None)
    pulse.start()
    wait_for(lambda: (os.getpid(), signal.SIGKILL) in kills, "its end")
    pulse.stop()


def test_both_kinds_of_loop_tell_when_they_go_round(monkeypatch):
    turns = []
    monkeypatch.setattr(LivelyConsumer, "turn", staticmethod(lambda: turns.append(1)))
    consumer = LivelyConsumer.__new__(LivelyConsumer)
    consumer.hub, consumer._pending_operations = None, []
    consumer.perform_pending_operations()
    assert turns == [1]
    hub = Hub()
    consumer.blueprint = SimpleNamespace(send_all=lambda *_, **__: None)
    consumer.register_with_event_loop(hub)
    (entry,) = [each.entry for each in hub.timer.queue]
    entry()
    assert turns == [1, 1]
    hub.close()


def test_there_is_a_place_for_short_and_one_for_long_work_however_few_workers_there_are():
    assert [place.name for place in places(1)] == ["worker 1", QUICK, FILES, TRAINING]
    assert len(places(4)) == 7


@pytest.mark.parametrize(
    ("queues", "meant"),
    [
        (["sampling", "starts"], {"worker 1": ("starts", "sampling"), "worker 2": ("starts", "sampling")}),
        (["verification"], {"worker 1": ("verification",), "worker 2": ("verification",)}),
        (["sweeps", "interactive", "files"], {QUICK: ("sweeps", "interactive"), FILES: ("files",)}),
        (["training"], {TRAINING: ("training",)}),
        (["training", "models"], {"worker 1": ("models",), "worker 2": ("models",), TRAINING: ("training",)}),
    ],
)
def test_a_machine_may_serve_some_queues_alone(queues, meant):
    assert {place.name: place.queues for place in places(2, served(queues))} == meant


def test_every_queue_is_served_where_none_is_named_and_one_that_is_none_is_refused(monkeypatch, settings):
    assert places(2, served([])) == places(2)
    settings.WORKER_TRAINING = False
    assert places(2, served(["training"])) == []
    monkeypatch.setenv("WORKER_SERVES", "sampling, sampels")
    with pytest.raises(
        CommandError, match=r"^WORKER_SERVES: found no queue called 'sampels', expected some of sweeps, "
    ):
        served_queues(None)
    assert served_queues("files,training") == {"files", "training"}


@pytest.mark.parametrize(("text", "cores", "count"), [("", 8, 8), ("", 1, 2), ("1", 8, 1), ("12", 1, 12)])
def test_there_are_as_many_workers_as_asked_for_or_cores_and_two_at_least(monkeypatch, text, cores, count):
    monkeypatch.setenv("WORKER_PROCESSES", text)
    monkeypatch.setattr(working.os, "sched_getaffinity", lambda _: set(range(cores)))
    assert default_processes() == count
