"""Signs of life of worker processes, written by each of them and looked at by its supervisor, and of the scheduler."""

import logging
import os
import socket
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import psutil
from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.db.models.functions import Now

from trajectories.adapters.acting import FIRST, acting_project
from trajectories.models import Scheduler, Worker

logger = logging.getLogger(__name__)

FORGOTTEN = timedelta(days=1)
"""A worker of another machine that was silent for so long is not coming back."""


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a worker can do that others may not: the keys of its trainers, and whether it can draw samples of models
    that live on its machine."""

    trainers: Sequence[str] = ()
    serves_models: bool = False

    def as_columns(self) -> dict[str, Any]:
        """The values of a worker's row."""
        return {"trainers": " ".join(self.trainers), "serves_models": self.serves_models}


def silent_seconds() -> float:
    """After how long without a sign of life a worker counts as hung (the WORKER_SILENT_SECONDS setting)."""
    return float(settings.WORKER_SILENT_SECONDS)


def this_host() -> str:
    """The name under which the workers of this machine, or of this container, are known."""
    return socket.gethostname()[:255]


def sign_on(*, name: str, queues: Sequence[str], abilities: Abilities) -> None:
    """Write this process down as a worker that waits for work."""
    Worker.objects.update_or_create(
        host=this_host(),
        pid=os.getpid(),
        defaults={"name": name, "queues": " ".join(queues), "started_at": Now(), "seen_at": Now()}
        | {"task": "", "task_started_at": None, **abilities.as_columns()},
    )


def beat(*, task: str, seconds: float, abilities: Abilities) -> bool:
    """A sign of life of this process, with what it has been at for `seconds` and what it can do; False where it is not
    written down."""
    started = Now() - timedelta(seconds=seconds) if task else None
    ours = Worker.objects.filter(host=this_host(), pid=os.getpid())
    return bool(ours.update(seen_at=Now(), task=task[:100], task_started_at=started, **abilities.as_columns()))


def sign_off(*, pids: Collection[int]) -> None:
    """Forget processes of this machine that have ended."""
    Worker.objects.filter(host=this_host(), pid__in=pids).delete()


def forget_the_dead() -> None:
    """Forget this machine's processes that are no more, and those of others that were silent for a day."""
    ours = Worker.objects.filter(host=this_host()).values_list("pid", flat=True)
    sign_off(pids=[pid for pid in ours if not psutil.pid_exists(pid)])
    Worker.objects.filter(seen_at__lt=Now() - FORGOTTEN).delete()


def hear_scheduler() -> None:
    """Write down that the scheduler has rung: for the first project, as its bells are for all."""
    if acting_project() == FIRST:
        rung = Scheduler(pk=Scheduler.THE_ONE, rang_at=Now())
        Scheduler.objects.bulk_create([rung], update_conflicts=True, unique_fields=["id"], update_fields=["rang_at"])


@dataclass(slots=True)
class SilenceWatch:
    """Which workers of this machine have been silent for too long, by a clock that stands still while nobody can tell.

    What counts is how long this process has looked on without a new sign, not what a row says: a database that was
    away for an hour makes nobody hang.
    """

    seconds: float
    _heard: dict[int, tuple[datetime | None, float]] = field(default_factory=dict)

    def silent(self, pids: Collection[int]) -> list[int]:
        """Those of the processes that gave no sign for `seconds` of looking on."""
        try:
            rows = Worker.objects.filter(host=this_host(), pid__in=pids).values_list("pid", "seen_at")
            seen: dict[int, datetime | None] = dict.fromkeys(pids) | dict(rows)
        except (DatabaseError, InterfaceError) as fault:
            logger.warning("The workers' signs of life could not be read: %s", fault)
            self._heard.clear()
            return []
        now = time.monotonic()
        before = self._heard
        self._heard = {
            pid: before[pid] if pid in before and before[pid][0] == at else (at, now) for pid, at in seen.items()
        }
        return [pid for pid, (_, since) in self._heard.items() if now - since > self.seconds]
