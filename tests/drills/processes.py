"""The processes of one installation, for drills that kill them."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import httpx2
import psutil
from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import OperationalError, connection
from django.db.models.functions import Now
from django.test import Client
from kombu import pools

from tests.nursery import Forked, nursery_of
from tests.rabbitmq import free_port
from tests.worker import ROOT, WorkerProcess, connect_queues, database_url, wait_for
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
        """Kill it and start it again. In between a page says that it is away, and so does whatever is sent; the client
        is somebody's who is logged in."""
        self.kill()
        client.raise_request_exception = False
        for answer in (client.get("/jobs/"), client.post("/jobs/")):
            shown = answer.content.decode()
            assert (answer.status_code, "The database is away" in shown) == (503, True), (
                answer.status_code,
                shown[:500],
            )
        client.raise_request_exception = True
        self.start()
        wait_for(_reaches_it, "the server to be reached again")

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


def _reaches_it() -> bool:
    """Whether this process gets at its database; for a moment after it was away, none that failed is asked again."""
    connection.close()
    connection.close_pool()
    try:
        connection.ensure_connection()
    except OperationalError:
        return False
    return True


def _turn_to(used) -> None:
    """Use another database from now on: nothing that is known of the one before holds."""
    connection.close()
    connection.close_pool()
    connection.settings_dict.clear()
    connection.settings_dict.update(used)
    ContentType.objects.clear_cache()
    pools.reset()  # one whose connections are closed would wait for them for ever
    app._after_fork()  # and is made anew here


class Storm:
    """The workers and two schedulers of one installation, with more variables, and the database server where it is one
    of their own."""

    def __init__(self, folder: Path, database: Database | None, **told: str) -> None:
        url, self.folder, self._database = database_url(connection.settings_dict), folder, database
        self.worker = WorkerProcess(url, folder, ["tests.drills.worker"], 1, {**SETTINGS, **told})
        self.beats: list[Forked] = []

    @property
    def database(self) -> Database:
        """The server of its own."""
        assert self._database is not None, "its tests take the fixture own_database for its database"
        return self._database

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


@contextmanager
def web_server(folder: Path, **told: str) -> Iterator[tuple[int, "subprocess.Popen[bytes]"]]:
    """gunicorn on the test database, with more variables; its port and its process, once it is up."""
    port = free_port()
    words = ["webapp.wsgi", f"--bind=127.0.0.1:{port}", "--worker-class=gthread", "--workers=2"]
    environment = {"DATABASE_URL": database_url(connection.settings_dict), "MINICOLUMN_VAR": str(folder)}
    with (folder / "web.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", *words, "--threads=4", "--no-control-socket", "--log-level=warning"],
            cwd=ROOT, stdout=log, stderr=log, start_new_session=True,
            env={**os.environ, **environment, "API_REQUESTS_A_MINUTE": "100000", "SECRET_KEY": settings.SECRET_KEY,
                 "DEBUG": "1", **told},  # no static files were collected there
        )  # fmt: skip
    try:
        wait_for(lambda: is_up(port), "the web server")
        yield port, process
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def is_up(port: int) -> bool:
    """Whether a web server answers."""
    try:
        return httpx2.get(f"http://127.0.0.1:{port}/healthz", timeout=5).status_code == 200
    except httpx2.HTTPError:
        return False
