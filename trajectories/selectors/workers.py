"""Who does the background work, and whether anybody does."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import BooleanField, ExpressionWrapper, Q
from django.db.models.functions import Now

from trajectories.models import Worker


@dataclass(frozen=True, slots=True)
class Workforce:
    """The workers by their signs of life. `alive` counts those heard of within the last WORKER_SILENT_SECONDS, `silent`
    are the others that nobody has signed off, and `seen_at` is the last sign of any; None where there never was one."""

    alive: int
    silent: Sequence[Worker]
    seen_at: datetime | None

    @property
    def is_well(self) -> bool:
        """Whether somebody is there, and nobody is missed."""
        return bool(self.alive) and not self.silent

    @property
    def said(self) -> str:
        """The state in one sentence without a time, for pages and for whatever watches over the installation."""
        if not self.alive:
            return "No worker is alive."
        alive = f"{self.alive} worker{'' if self.alive == 1 else 's'} alive"
        return f"{alive}, {len(self.silent)} silent." if self.silent else f"{alive}."


def list_workers() -> list[Worker]:
    """Every process that signed on and was not signed off; `is_heard` says whether it gave a sign lately."""
    return list(Worker.objects.annotate(is_heard=_heard()).order_by("host", "name", "pid"))


def _heard() -> "ExpressionWrapper[Q]":
    lately = Now() - timedelta(seconds=settings.WORKER_SILENT_SECONDS)
    return ExpressionWrapper(Q(seen_at__gt=lately), output_field=BooleanField())


def living_trainers() -> frozenset[str]:
    """The keys of the trainers that workers heard of lately can do trainings with."""
    found = Worker.objects.exclude(trainers="").filter(_heard()).values_list("trainers", flat=True)
    return frozenset(key for trainers in found for key in trainers.split())


def is_served() -> bool:
    """Whether a worker heard of lately can draw samples of models that live on its machine."""
    return Worker.objects.filter(_heard(), serves_models=True).exists()


def get_workforce() -> Workforce:
    """The workers, in one query: there are as many as processes."""
    workers = [(worker, worker.is_heard) for worker in Worker.objects.annotate(is_heard=_heard()).order_by("-seen_at")]
    return Workforce(
        alive=sum(is_heard for _, is_heard in workers),
        silent=[worker for worker, is_heard in workers if not is_heard],
        seen_at=workers[0][0].seen_at if workers else None,
    )
