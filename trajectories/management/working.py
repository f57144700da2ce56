"""What a worker process is: Celery's worker without a pool of its own, which takes one task at a time and shows that it
gets on.

Celery's usual pool hands tasks to its children through a pipe under a lock that they share. A child that is killed
while it waits there keeps the lock for ever, and nobody gets another task. Here nothing is shared: each process has its
own connection to the queue, and a supervisor starts another one when it ends.
"""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from celery import Celery, current_app, signals
from celery.worker.consumer import Consumer
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection

from trajectories.services.jobs.workers import beat, sign_off, sign_on, silent_seconds
from trajectories.services.training.abilities import abilities_of

logger = logging.getLogger(__name__)

BEATS_PER_SILENCE = 12
LONGEST_BEAT = 5.0
QUICK, FILES, TRAINING = "quick worker", "file worker", "training worker"
"""The places that serve only what is done within moments, so that it is done whatever else goes on; only what may take
minutes in one piece, so that nothing else waits for it; and only trainings, which may take hours."""


@dataclass(frozen=True, slots=True)
class Place:
    """What the worker in one place is called, and the queues that it serves, most urgent first."""

    name: str
    queues: Sequence[str]


def served(words: Sequence[str]) -> frozenset[str]:
    """The queues that this machine serves: those named, or all where none is. Raises ValueError for any other."""
    known = (*settings.WORKER_QUEUES, *settings.FILE_QUEUES, *settings.TRAINING_QUEUES)
    if unknown := [word for word in words if word not in known]:
        raise ValueError(f"found no queue called {unknown[0][:40]!r}, expected some of {', '.join(known)}.")
    return frozenset(words or known)


def places(workers: int, queues: Collection[str] | None = None) -> list[Place]:
    """One place for each of the `workers` that do everything else, the quick one, the one for files, and the one for
    trainings on a machine that is meant to train (the WORKER_TRAINING setting); of these, those that serve some of
    `queues`, and no other queues."""
    chosen = served(()) if queues is None else queues
    training = settings.TRAINING_QUEUES if settings.WORKER_TRAINING else ()
    by_name = {
        **{f"worker {number + 1}": settings.WORKER_QUEUES for number in range(workers)},
        QUICK: settings.QUICK_QUEUES,
        FILES: settings.FILE_QUEUES,
        TRAINING: training,
    }
    found = [Place(name, tuple(each for each in meant if each in chosen)) for name, meant in by_name.items()]
    # What the quick worker serves alone needs no further workers.
    quick = set(settings.QUICK_QUEUES)
    return [place for place in found if place.queues and (place.name == QUICK or not set(place.queues) <= quick)]


class Pulse:
    """Signs of life from a thread of their own, for as long as the main thread gets on.

    It does where it has turned its loop a moment ago, or where the task that it is at is within its time limit: one
    that is over it ends this process, since nothing else would. So does the end of the supervisor.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._parent = os.getppid()
        self._turned = time.monotonic()
        self._task, self._limit = "", 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="signs of life", daemon=True)

    def start(self) -> None:
        """Begin to give signs of life."""
        self._thread.start()

    def stop(self) -> None:
        """End in good order: this process is forgotten."""
        self._ended.set()
        self._thread.join()
        try:
            sign_off(pids=[os.getpid()])
        except (DatabaseError, InterfaceError) as fault:
            logger.warning("The database did not take the end of this worker: %s", fault)

    def turn(self) -> None:
        """The main loop goes round."""
        self._turned = time.monotonic()

    def begin(self, task: str, limit: float) -> None:
        """The main thread takes a task that may last `limit` seconds."""
        self._turned, self._limit, self._task = time.monotonic(), limit, task

    def end(self) -> None:
        """The task is done."""
        self._turned, self._task = time.monotonic(), ""

    def _run(self) -> None:
        wait = min(LONGEST_BEAT, silent_seconds() / BEATS_PER_SILENCE)
        next_beat = 0.0
        try:
            while not self._ended.wait(min(wait, 1.0)):
                if os.getppid() != self._parent:
                    os.kill(os.getpid(), signal.SIGKILL)  # nobody would start another one, and nobody wants two
                if time.monotonic() >= next_beat:
                    next_beat = time.monotonic() + wait
                    self._beat()
        finally:
            connection.close()

    def _beat(self) -> None:
        task, seconds = self._task, time.monotonic() - self._turned
        if task and seconds > self._limit:
            logger.error("%s took longer than its %d s; this worker ends.", task, self._limit)
            os.kill(os.getpid(), signal.SIGKILL)
        if not task and seconds > silent_seconds():
            return
        try:
            abilities = abilities_of(self._place.queues)
            if not beat(task=task, seconds=seconds, abilities=abilities):
                sign_on(name=self._place.name, queues=self._place.queues, abilities=abilities)
        except (DatabaseError, InterfaceError) as fault:
            logger.warning("A sign of life was missed: %s", fault)
            connection.close()


class LivelyConsumer(Consumer):
    """Celery's loop, which tells when it goes round."""

    turn: Callable[[], None] = staticmethod(lambda: None)

    def perform_pending_operations(self) -> None:
        """Called in each round where the transport blocks."""
        self.turn()
        super().perform_pending_operations()

    def register_with_event_loop(self, hub: Any) -> None:
        """Called with the loop of a transport that does not."""
        super().register_with_event_loop(hub)
        hub.call_repeatedly(1.0, self.turn)


def work(place: Place) -> None:
    """Be the worker of a place until asked to end. Raises SystemExit."""
    app: Celery = current_app  # a proxy of it
    pulse = Pulse(place)
    LivelyConsumer.turn = staticmethod(pulse.turn)
    app.conf.worker_consumer = f"{LivelyConsumer.__module__}:{LivelyConsumer.__name__}"

    def begin(task: Any, **_: Any) -> None:
        pulse.begin(task.name, task.time_limit or app.conf.task_time_limit)

    def end(**_: Any) -> None:
        pulse.end()

    signals.task_prerun.connect(begin, weak=False)
    signals.task_postrun.connect(end, weak=False)
    pulse.start()
    try:
        app.worker_main(["--quiet", "worker", *_options(place)])
    finally:
        pulse.stop()


def _options(place: Place) -> list[str]:
    """Celery's options of the worker in a place."""
    named = {
        "pool": "solo",
        "concurrency": "1",
        "queues": ",".join(place.queues),
        "hostname": f"{place.name.replace(' ', '-')}-{os.getpid()}@%h",
        "loglevel": os.environ.get("WORKER_LOG_LEVEL") or "WARNING",
    }
    return [
        *(f"--{name}={value}" for name, value in named.items()),
        *("--without-mingle", "--without-gossip", "--without-heartbeat"),
    ]
