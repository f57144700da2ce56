"""`manage.py backup FOLDER`: a copy of the database and of all files, made while everything goes on."""

import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from trajectories.adapters.backups import BackupError, DumpError, Manifest, check
from trajectories.services.installation.backups import make_backup


class Command(BaseCommand):
    help = "Back up the database and the files of this installation, also while it runs."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="where to: a folder that is new or empty")
        parser.add_argument("--check", action="store_true", help="write nothing: check the backup that is there")

    def handle(self, *, folder: Path, check: bool, **_: Any) -> None:
        """Raises CommandError with one sentence; nothing is left then."""
        started = time.monotonic()
        try:
            manifest = verified(folder) if check else make_backup(folder=folder.resolve(), say=self.stdout.write)
        except (BackupError, DumpError) as fault:
            raise CommandError(str(fault)) from fault
        except OSError as fault:
            raise CommandError(f"{folder}: cannot be written ({fault.strerror or fault}).") from fault
        self.stdout.write(f"{folder}: {described(manifest)}, in {time.monotonic() - started:.1f} s.")
        for line in warnings(manifest):
            self.stderr.write(line)


def verified(folder: Path) -> Manifest:
    """What a backup that is whole and unchanged holds. Raises BackupError."""
    return check(folder)


def described(manifest: Manifest) -> str:
    """What a backup holds, in one line."""
    files = len(manifest.files) - 1
    return (
        f"{manifest.row_count:,} rows of {len(manifest.tables)} tables and {files:,} "
        f"{'file' if files == 1 else 'files'} as of {manifest.made_at} ({manifest.byte_size / 1e6:,.1f} MB)"
    )


def warnings(manifest: Manifest) -> list[str]:
    """What a backup does not hold, a line each."""
    lines = []
    if manifest.elsewhere:
        lines.append(f"Not in it, since they are in a bucket: the files of {' and '.join(manifest.elsewhere)}.")
    if manifest.lost:
        lines.append(
            f"Not in it, since they are not where they belong: {len(manifest.lost):,} files that rows name, such as "
            f"{manifest.lost[0]}."
        )
    return lines
