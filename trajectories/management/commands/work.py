"""`manage.py work`: the workers of this machine, and who looks after them."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from typing import Any

from celery import current_app
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, InterfaceError, connections

from trajectories.adapters.supervision import Supervisor
from trajectories.management.working import places, served, work
from trajectories.services.jobs.workers import SilenceWatch, forget_the_dead, sign_off, silent_seconds

logger = logging.getLogger(__name__)

LOOKS_PER_SILENCE = 12
LONGEST_LOOK = 5.0
CONNECT_SECONDS = 3
PRELOADED = ("celery.apps.worker", "celery.bin.celery", "celery.concurrency.solo", "pgmq", "psycopg_pool")
"""What the workers would load each for itself, and then keep in memory of its own."""


class Command(BaseCommand):
    help = "Start the workers of this machine, and start another one whenever one ends or hangs."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--processes",
            type=int,
            metavar="N",
            help="workers beside those for short and for long work; one for each core, two at least",
        )
        parser.add_argument(
            "--grace", type=float, default=8.0, metavar="SECONDS", help="what a task in hand has at the end"
        )
        parser.add_argument(
            "--serves", metavar="QUEUES", help="only these queues, separated by commas; all unless WORKER_SERVES says"
        )
        parser.add_argument("--include", action="append", default=[], metavar="MODULE", help="more modules with tasks")

    def handle(self, *, processes: int | None, grace: float, include: list[str], serves: str | None, **_: Any) -> None:
        count = processes if processes is not None else default_processes()
        if count < 1:
            raise CommandError(f"--processes is {count}; expected 1 or more.")
        meant = places(count, served_queues(serves))
        if not meant:
            raise CommandError("No worker is left: the one queue named is training, and WORKER_TRAINING is 0.")
        current_app.conf.include = [*(current_app.conf.include or ()), *include]
        current_app.loader.import_default_modules()
        for module in PRELOADED:
            import_module(module)
        with _passing_connection():
            forget_the_dead()
        supervisor = Supervisor({place.name: partial(work, place) for place in meant}, grace_seconds=grace)
        watch = SilenceWatch(silent_seconds())

        def look() -> None:
            with _passing_connection():
                for pid in watch.silent(supervisor.children):
                    place = supervisor.children[pid]
                    logger.error(
                        "%s (process %d) was silent for %d s; ending it.", place.capitalize(), pid, watch.seconds
                    )
                    supervisor.kill(pid)

        def forget(pid: int) -> None:
            with _passing_connection():
                sign_off(pids=[pid])

        supervisor.run(
            watch=look,
            watch_seconds=min(LONGEST_LOOK, silent_seconds() / LOOKS_PER_SILENCE),
            on_end=forget,
        )


def default_processes() -> int:
    """The WORKER_PROCESSES setting, or one for each core and two at least: one that waits for a language model must not
    keep all else waiting. Raises CommandError."""
    text = os.environ.get("WORKER_PROCESSES") or str(max(2, len(os.sched_getaffinity(0))))
    if not text.isdecimal():
        raise CommandError(f"WORKER_PROCESSES is {text!r}; expected a number.")
    return int(text)


def served_queues(text: str | None) -> frozenset[str]:
    """The queues that this machine serves, by the option or the WORKER_SERVES setting. Raises CommandError."""
    named = os.environ.get("WORKER_SERVES", "") if text is None else text
    try:
        return served([word.strip() for word in named.split(",") if word.strip()])
    except ValueError as fault:
        raise CommandError(f"{'WORKER_SERVES' if text is None else '--serves'}: {fault}") from fault


@contextmanager
def _passing_connection() -> Iterator[None]:
    """A connection without the pool, whose threads would not survive a fork, closed at the end. A database that is away
    is said: the workers wait for it by themselves."""
    options = connections["default"].settings_dict["OPTIONS"]
    kept = dict(options)
    options.update(pool=False, connect_timeout=CONNECT_SECONDS)
    try:
        yield
    except (DatabaseError, InterfaceError) as fault:
        logger.warning("The database did not answer: %s", fault)
    finally:
        connections.close_all()
        options.clear()
        options.update(kept)
