"""The mark of a restoring under way: a file in the data folder from its first file to its end.

Rows come in in one transaction, and what was under way in them is paused in a later one. What was killed in between is
finished by the next start, so that nothing goes on beside its original.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from trajectories.adapters.backups import BackupError, Manifest
from trajectories.core.identity import text_hash
from trajectories.services.installation.restored_jobs import pause_restored

MARKER = "restoring"
"""The name of the file."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class RestoreMark:
    """What is being restored: the hash of the backup's manifest, when the backup was made, and whether jobs that were
    under way in it go on by themselves."""

    manifest: str
    made_at: str
    goes_on: bool

    @classmethod
    def of(cls, manifest: Manifest, *, goes_on: bool) -> "RestoreMark":
        """The mark of a restoring of that backup."""
        return cls(text_hash(manifest.text()), manifest.made_at, goes_on)

    def write(self) -> None:
        """Put it into the data folder, whole or not at all."""
        path = _path()
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_suffix(".part")
        aside.write_text(json.dumps(asdict(self)))
        aside.replace(path)


def is_marked() -> bool:
    """Whether a restoring is under way in the data folder, or was cut short."""
    return _path().exists()


def read_mark() -> RestoreMark | None:
    """The mark of the data folder; None where there is none, or what stands there tells nothing."""
    with suppress(OSError, ValueError, TypeError):
        told: dict[str, Any] = json.loads(_path().read_text())
        return RestoreMark(**told)
    return None


def clear_mark() -> None:
    """Take the mark away: what it is of has come to its end, or nothing is left of it."""
    _path().unlink(missing_ok=True)


def end_restoring(mark: RestoreMark, say: Say) -> None:
    """Pause what was under way, once the rows are in, unless it goes on; then take the mark away."""
    if not mark.goes_on:
        with transaction.atomic():
            paused = pause_restored(datetime.fromisoformat(mark.made_at))
        if paused:
            jobs = "1 job that was" if paused == 1 else f"{paused:,} jobs that were"
            say(
                f"Paused {jobs} under way, since the original may still run and pay for the same: resume on the page "
                "Jobs."
            )
    clear_mark()


def finish_restoring(say: Say) -> None:
    """Before an installation starts: end what was killed once its rows were in.

    Raises BackupError where it was killed before: its files are there, and none of its rows.
    """
    if not is_marked():
        return
    if not connection.introspection.table_names():
        raise BackupError(
            f"{settings.VAR_DIR}: found a restoring that was cut short, expected a whole one or none: repeat "
            "`manage.py restore`, or delete this folder to begin anew."
        )
    if mark := read_mark():
        say("Finishing a restoring that was cut short ...")
        end_restoring(mark, say)
    else:
        clear_mark()


def _path() -> Path:
    return Path(settings.VAR_DIR) / MARKER
