"""Where the files made of releases are kept."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from django.conf import settings
from django.core.files.storage import FileSystemStorage, storages

from trajectories.adapters.acting import folder_of
from trajectories.adapters.files import sweep_parts
from trajectories.adapters.stores import FileStore, open_store

ALIAS = "exports"
"""The entry of STORAGES that says where the files are."""


def file_folder() -> Path:
    """The folder of this machine that files are written to; they stay there unless a storage is set."""
    return folder_of(Path(settings.EXPORT_DIR))


def file_store() -> FileStore:
    """Where finished files are. Raises InvalidStorageError for a storage that cannot be used."""
    return open_store(storages[ALIAS], file_folder())


@contextmanager
def open_file(name: str, byte_size: int) -> Iterator[IO[bytes]]:
    """A finished file, open and seekable: the file itself, or a copy without a name where it is elsewhere.

    Raises FileNotFoundError, StoreError.
    """
    local = file_folder() / name
    if local.is_file() and isinstance(storages[ALIAS], FileSystemStorage):
        with local.open("rb") as file:
            yield file
        return
    file_folder().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=file_folder()) as copy:
        for chunk in file_store().read(name, 0, byte_size):
            copy.write(chunk)
        copy.seek(0)
        yield copy


def sweep_leftovers() -> int:
    """Delete what killed writers have left half-written, or on its way to a storage; returns how many files."""
    return sweep_parts(file_folder())
