"""The processes of one installation, for drills that kill them."""

import os
import signal
from datetime import timedelta

from django.db.models.functions import Now

from tests.nursery import Forked, nursery_of
from tests.worker import WorkerProcess, database_url
from trajectories.models import JOB_KINDS, Attempt, Bell, PendingVerification

SETTINGS = {"DJANGO_SETTINGS_MODULE": "tests.drills.settings"}


class Storm:
    """The workers and two schedulers of one installation."""

    def __init__(self, folder) -> None:
        from django.db import connection

        url, self.folder = database_url(connection.settings_dict), folder
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
    """As if every lease had run out and no bell had been heard for long."""
    long_ago = Now() - timedelta(hours=1)
    for kind in JOB_KINDS.values():
        fields = {field.name for field in kind.model._meta.fields} & {"lease_expires_at", "rung_at"}
        for name in fields:
            kind.model._default_manager.filter(**{f"{name}__isnull": False}).update(**{name: long_ago})
    Attempt.objects.filter(state="leased").update(lease_expires_at=long_ago)
    for model in (PendingVerification, Bell):
        model.objects.update(rung_at=long_ago, lease_expires_at=long_ago)
