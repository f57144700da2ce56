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
from django.conf import settings
from django.db import connection
from django.db.models.functions import Now

from tests.nursery import Forked, nursery_of
from tests.rabbitmq import free_port
from tests.worker import ROOT, WorkerProcess, database_url, wait_for
from trajectories.models import JOB_KINDS, Attempt, Bell, PendingVerification

SETTINGS = {"DJANGO_SETTINGS_MODULE": "tests.drills.settings"}


class Storm:
    """The workers and two schedulers of one installation, with more variables."""

    def __init__(self, folder: Path, **told: str) -> None:
        url, self.folder = database_url(connection.settings_dict), folder
        self.worker = WorkerProcess(url, folder, ["tests.drills.worker"], 1, {**SETTINGS, **told})
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
    """As if every lease had run out and no bell had been heard for long."""
    long_ago = Now() - timedelta(hours=1)
    for kind in JOB_KINDS.values():
        fields = {field.name for field in kind.model._meta.fields} & {"lease_expires_at", "rung_at"}
        for name in fields:
            kind.model._default_manager.filter(**{f"{name}__isnull": False}).update(**{name: long_ago})
    Attempt.objects.filter(state="leased").update(lease_expires_at=long_ago)
    for model in (PendingVerification, Bell):
        model.objects.update(rung_at=long_ago, lease_expires_at=long_ago)


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
