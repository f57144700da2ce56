"""Files written so that nobody ever sees half of one."""

import hashlib
import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """What was written: its length in bytes, its SHA-256 and the number of chunks it came in."""

    byte_size: int
    sha256: str
    chunks: int


def write_whole(path: Path, chunks: Iterable[bytes]) -> WrittenFile:
    """Write the chunks to a temporary file beside `path`, sync it to the disk and put it in place in one step.

    Whatever fails, `path` is as it was before and the temporary file is gone. Raises OSError, and whatever `chunks`
    raises.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, aside = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.", suffix=".part")
    digest, size, count = hashlib.sha256(), 0, 0
    try:
        with os.fdopen(descriptor, "wb") as file:
            for chunk in chunks:
                file.write(chunk)
                digest.update(chunk)
                size, count = size + len(chunk), count + 1
            file.flush()
            os.fsync(file.fileno())
        Path(aside).replace(path)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)
    return WrittenFile(size, digest.hexdigest(), count)


def _sync_folder(folder: Path) -> None:
    """Make the renaming itself survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
