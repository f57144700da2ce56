"""Who does the background work, and whether anybody does."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import BooleanField, DateTimeField, ExpressionWrapper, F, Q, Subquery
from django.db.models.functions import Now

from trajectories.models import Scheduler, Worker


@dataclass(frozen=True, slots=True)
class Workforce:
    """The workers by their signs of life. `alive` counts those heard of within the last WORKER_SILENT_SECONDS, `silent`
    are the others that nobody has signed off, and `seen_at` is the last sign of any; None where there never was one.
    `rang_at` is when the scheduler was last heard of by one of them, None where it never was or nobody is there;
    `is_unrung` says that the workers alive have waited for it for longer than WORKER_SILENT_SECONDS."""

    alive: int
    silent: Sequence[Worker]
    seen_at: datetime | None
    rang_at: datetime | None = None
    is_unrung: bool = False

    @property
    def is_well(self) -> bool:
        """Whether somebody is there, and nobody is missed."""
        return bool(self.alive) and not self.silent and not self.is_unrung

    @property
    def said(self) -> str:
        """The state in one sentence without a time, for pages and for whatever watches over the installation."""
        if not self.alive:
            return "No worker is alive."
        alive = f"{self.alive} worker{'' if self.alive == 1 else 's'} alive"
        said = f"{alive}, {len(self.silent)} silent." if self.silent else f"{alive}."
        return f"{said} The scheduler is silent." if self.is_unrung else said


def list_workers() -> list[Worker]:
    """Every process that signed on and was not signed off; `is_heard` says whether it gave a sign lately."""
    return list(Worker.objects.annotate(is_heard=_heard()).order_by("host", "name", "pid"))


def _heard() -> "ExpressionWrapper[Q]":
    return ExpressionWrapper(Q(seen_at__gt=Now() - _patience()), output_field=BooleanField())


def _patience() -> timedelta:
    return timedelta(seconds=settings.WORKER_SILENT_SECONDS)


def living_trainers() -> frozenset[str]:
    """The keys of the trainers that workers heard of lately can do trainings with."""
    found = Worker.objects.exclude(trainers="").filter(_heard()).values_list("trainers", flat=True)
    return frozenset(key for trainers in found for key in trainers.split())


def is_served() -> bool:
    """Whether a worker heard of lately can draw samples of models that live on its machine."""
    return Worker.objects.filter(_heard(), serves_models=True).exists()


def get_workforce() -> Workforce:
    """The workers and the scheduler, in one query: there are as many workers as processes."""
    rang_at = Subquery(Scheduler.objects.values("rang_at")[:1])
    now = ExpressionWrapper(Now(), output_field=DateTimeField())
    rows = list(Worker.objects.annotate(is_heard=_heard(), rang_at=rang_at, now=now).order_by("-seen_at"))
    alive = [row for row in rows if row.is_heard]
    rung = rows[0].rang_at if rows else None
    return Workforce(
        alive=len(alive),
        silent=[row for row in rows if not row.is_heard],
        seen_at=rows[0].seen_at if rows else None,
        rang_at=rung,
        is_unrung=bool(alive) and _waited(alive, rung) > _patience(),
    )


def _waited(alive: Sequence[Any], rung: datetime | None) -> timedelta:
    """For how long workers have been there and have not heard the scheduler."""
    since: datetime = min(row.started_at for row in alive)
    waited: timedelta = alive[0].now - (max(since, rung) if rung else since)
    return waited


def get_scheduler_age() -> float | None:
    """Seconds since the scheduler was last heard of; None where it never was."""
    age = Scheduler.objects.annotate(age=Now() - F("rang_at")).values_list("age", flat=True).first()
    return age.total_seconds() if age is not None else None
