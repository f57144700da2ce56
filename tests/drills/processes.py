"""The processes of one installation, for drills that kill them."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import psutil
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connection
from django.db.models.functions import Now
from django.test import Client

from tests.nursery import Forked, nursery_of
from tests.worker import WorkerProcess, connect_queues, database_url, wait_for
from trajectories.adapters import embedded_postgres
from trajectories.models import JOB_KINDS, Attempt, Bell, PendingVerification, Worker
from webapp.celery import app
from webapp.database import WEB_PATIENCE, be_impatient

SETTINGS = {"DJANGO_SETTINGS_MODULE": "tests.drills.settings"}
NAME = "drill"


class Database:
    """A PostgreSQL server of a drill's own, on a data folder of its own, so that it may be killed whatever other tests
    run meanwhile."""

    def __init__(self, var) -> None:
        self._var = var

    def start(self) -> None:
        """Start it, and wait until it has recovered from whatever ended it."""
        embedded_postgres.ensure_running(self._var, NAME)

    def kill(self) -> None:
        """End the server as a power cut would."""
        pid = embedded_postgres.server_pid(self._var)
        assert pid is not None, "it runs"
        os.kill(pid, signal.SIGKILL)
        connection.close()
        wait_for(lambda: not psutil.pid_exists(pid), "the server to be gone")

    def crash(self, client: Client) -> None:
        """Kill it and start it again. In between a page says that it is away, and so does whatever is sent."""
        self.kill()
        client.raise_request_exception = False
        for answer in (client.get("/jobs/"), client.post("/jobs/")):
            assert (answer.status_code, "The database is away" in answer.content.decode()) == (503, True)
        client.raise_request_exception = True
        self.start()
        connection.close()
        connection.close_pool()

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Let this process, and whatever it starts, use this server instead of the one of all tests."""
        self.start()
        before = dict(connection.settings_dict)
        here = {"HOST": str(embedded_postgres.socket_folder(self._var)), "NAME": NAME, "USER": embedded_postgres.USER}
        used = {**before, **here, "PORT": "", "PASSWORD": "", "OPTIONS": dict(before["OPTIONS"])}
        be_impatient(used, {}, WEB_PATIENCE)  # as the web server is
        _turn_to(used)
        call_command("migrate", verbosity=0)
        connect_queues()
        try:
            yield
        finally:
            _turn_to(before)
            connect_queues()
            embedded_postgres.stop(self._var)


def _turn_to(settings) -> None:
    """Use another database from now on: nothing that is known of the one before holds."""
    app.pool.force_close_all(close_pool=False)
    connection.close()
    connection.close_pool()
    connection.settings_dict.clear()
    connection.settings_dict.update(settings)
    ContentType.objects.clear_cache()
    app._after_fork()  # the pools of connections to the broker are made anew


class Storm:
    """The workers and two schedulers of one installation, and its database server."""

    def __init__(self, folder, database: Database) -> None:
        url, self.folder, self.database = database_url(connection.settings_dict), folder, database
        self.worker = WorkerProcess(url, folder, ["tests.drills.worker"], 1, SETTINGS)
        self.beats: list[Forked] = []

    def start(self) -> None:
        self.worker.start()
        for number in range(2 - len(self.beats)):
            words = ["celery", "-A", "webapp", "beat", "--pidfile=", f"--schedule={self.folder}/beat-{number}"]
            nursery = nursery_of(self.worker.environment)
            log = self.folder / f"beat-{number}.log"
            self.beats.append(nursery.start([*words, "--loglevel=WARNING"], str(self.folder / "var"), log))

    def kill(self, *, beat: bool) -> None:
        """All workers with their supervisor, at once, and a scheduler."""
        self.worker.kill()
        if beat and self.beats:
            os.killpg(self.beats[0].pid, signal.SIGKILL)
            self.beats.pop(0).wait()

    def end(self) -> None:
        self.worker.kill()
        while self.beats:
            self.kill(beat=True)


def forgive() -> None:
    """As if every job had come to an outcome since its worker was killed last: one whose workers die five times in a
    row is given up, which is another matter than what a drill asks."""
    for kind in JOB_KINDS.values():
        if any(field.name == "claims" for field in kind.model._meta.fields):
            kind.model._default_manager.filter(claims__gt=0).update(claims=0)


def let_time_pass() -> None:
    """As if every lease had run out, no bell had been heard for long, and no worker had given a sign."""
    long_ago = Now() - timedelta(hours=1)
    for kind in JOB_KINDS.values():
        fields = {field.name for field in kind.model._meta.fields} & {"lease_expires_at", "rung_at"}
        for name in fields:
            kind.model._default_manager.filter(**{f"{name}__isnull": False}).update(**{name: long_ago})
    Attempt.objects.filter(state="leased").update(lease_expires_at=long_ago)
    for model in (PendingVerification, Bell):
        model.objects.update(rung_at=long_ago, lease_expires_at=long_ago)
    Worker.objects.update(seen_at=long_ago)
