"""Rows of JSON set aside in a file: appended, cut back to an earlier length, and read again in order."""

import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from trajectories.core.records import JSON

IN_MEMORY = 4 * 1024 * 1024
"""A spool without a name stays in memory up to this many bytes."""


class Spool:
    """A file of JSON rows. `size` is its length in bytes, `count` how many rows were appended by this object."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.size = file.seek(0, os.SEEK_END)
        self.count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def append(self, row: JSON) -> None:
        """Add a row of plain JSON with finite numbers. Raises OSError where the disk does not take it."""
        line = json.dumps(row, separators=(",", ":")).encode() + b"\n"
        self._file.write(line)
        self.size += len(line)
        self.count += 1

    def flush(self) -> None:
        """Hand everything appended so far to the operating system. Raises OSError."""
        self._file.flush()

    def cut(self, size: int) -> bool:
        """Drop everything past `size` bytes; False, and nothing done, where there is less than that."""
        if self.size < size:
            return False
        self._file.flush()
        self._file.truncate(size)
        self.size = self._file.seek(0, os.SEEK_END)
        return True

    def rows(self) -> Iterator[JSON]:
        """Every row from the first on; nothing may be appended meanwhile."""
        self._file.flush()
        self._file.seek(0)
        for line in self._file:
            yield json.loads(line)
        self._file.seek(0, os.SEEK_END)


def open_spool(path: Path) -> Spool:
    """The spool of that name, made if it is new; only the application may read it. Raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Spool(os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b"))


def nameless_spool(folder: Path) -> Spool:
    """A spool that is gone once it is closed: in memory while it is small, then in the folder. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Spool(tempfile.SpooledTemporaryFile(IN_MEMORY, dir=str(folder)))
