"""`manage.py restore FOLDER`: a backup becomes an installation that is empty so far."""

import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from trajectories.adapters.backups import BackupError, DumpError
from trajectories.adapters.instance import InstanceError, lock
from trajectories.management.commands.backup import described, warnings
from trajectories.services.installation.backups import restore_backup


class Command(BaseCommand):
    help = "Restore a backup into an empty installation, before its first start."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="a folder that `manage.py backup` made")
        parser.add_argument(
            "--go-on", action="store_true", help="leave jobs under way: the original is gone, this takes its place"
        )

    def handle(self, *, folder: Path, go_on: bool, **_: Any) -> None:
        """Raises CommandError with one sentence; the installation is as empty as before then."""
        started = time.monotonic()
        try:
            with lock(settings.VAR_DIR / "up.lock", "restoring a backup"):
                manifest = restore_backup(folder=folder.resolve(), say=self.stdout.write, goes_on=go_on)
        except (BackupError, DumpError, InstanceError) as fault:
            raise CommandError(str(fault)) from fault
        except OSError as fault:
            raise CommandError(f"{folder}: cannot be restored ({fault.strerror or fault}).") from fault
        self.stdout.write(f"Restored {described(manifest)}, in {time.monotonic() - started:.1f} s.")
        for line in warnings(manifest):
            self.stderr.write(line)
        self.stdout.write("Start it as ever: `make run`, or `manage.py prepare` before its processes.")
