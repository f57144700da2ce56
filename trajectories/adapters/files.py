"""Files written so that nobody ever sees half of one."""

import fcntl
import hashlib
import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from trajectories.adapters.behind import Behind

CHUNK = 256 * 1024
"""Bytes that are read at a time."""

PART = ".part"
UNTOUCHED_SECONDS = 60.0
"""A part this young may belong to a process that has not locked it yet."""


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """What was written: its length in bytes, its SHA-256 and the number of chunks it came in."""

    byte_size: int
    sha256: str
    chunks: int


def write_whole(path: Path, chunks: Iterable[bytes]) -> WrittenFile:
    """Write the chunks to a temporary file beside `path`, sync it to the disk and put it in place in one step; each is
    written and hashed while the next one is made.

    Whatever fails, `path` is as it was before and the temporary file is gone; that of a process that was killed is
    left to `sweep_parts`. Raises OSError, and whatever `chunks` raises.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, aside = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.", suffix=PART)
    fcntl.flock(descriptor, fcntl.LOCK_EX)  # until it is closed, by the end of this process at the latest
    digest, size, count = hashlib.sha256(), 0, 0
    try:
        with os.fdopen(descriptor, "wb") as file, Behind() as behind:
            for chunk in chunks:
                behind.run(_take, file, digest, chunk)
                size, count = size + len(chunk), count + 1
            behind.wait()
            file.flush()
            os.fsync(file.fileno())
        Path(aside).replace(path)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)
    return WrittenFile(size, digest.hexdigest(), count)


def _take(file: IO[bytes], digest: Any, chunk: bytes) -> None:
    """Hash and write a chunk, and have the disk begin with it, so that little is left to sync at the end.

    What takes longest comes first: it runs beside whoever makes the next chunk, and what follows has to wait for
    Python's lock.
    """
    digest.update(chunk)
    start = file.tell()
    file.write(chunk)
    if hasattr(os, "posix_fadvise"):
        with suppress(OSError):  # no more than advice: what is on no disk yet stays in memory, and its writing begins
            os.posix_fadvise(file.fileno(), start, len(chunk), os.POSIX_FADV_DONTNEED)


def sweep_parts(folder: Path, seconds: float = UNTOUCHED_SECONDS) -> int:
    """Delete temporary files that nobody has written to for so long and that no living process holds; how many."""
    oldest, swept = time.time() - seconds, 0
    for part in folder.glob(f"*{PART}") if folder.is_dir() else ():
        with suppress(FileNotFoundError, BlockingIOError), part.open("rb") as file:
            if os.fstat(file.fileno()).st_mtime >= oldest:
                continue
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            part.unlink()
            swept += 1
    return swept


def sync_folder(folder: Path) -> None:
    """Make the renaming itself survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def chunks_of(path: Path) -> Iterator[bytes]:
    """The bytes of a file, CHUNK at a time. Raises OSError."""
    with path.open("rb") as opened:
        while chunk := opened.read(CHUNK):
            yield chunk
