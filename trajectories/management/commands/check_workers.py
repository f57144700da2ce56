"""`manage.py check_workers`: whether this machine's workers give signs of life, for whatever watches over them."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from trajectories.selectors.workers import list_workers
from trajectories.services.jobs.workers import this_host


class Command(BaseCommand):
    help = "End with 0 where workers of this machine (or container) are alive and none is silent, else with 1."
    requires_system_checks: list[str] = []

    def handle(self, *_: Any, **__: Any) -> None:
        """Raises CommandError with one sentence."""
        try:
            ours = [worker for worker in list_workers() if worker.host == this_host()]
        except DatabaseError as fault:
            raise CommandError("The database does not answer.") from fault
        silent = [worker for worker in ours if not worker.is_heard]  # type: ignore[attr-defined]
        if silent:
            raise CommandError(f"{len(silent)} of {len(ours)} workers here are silent, {silent[0].name} among them.")
        if not ours:
            raise CommandError("No worker of this machine is alive.")
        self.stdout.write(f"{len(ours)} {'worker is' if len(ours) == 1 else 'workers are'} alive.")
