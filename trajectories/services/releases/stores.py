"""Where the files made of releases are kept."""

from pathlib import Path

from django.conf import settings
from django.core.files.storage import storages

from trajectories.adapters.files import sweep_parts
from trajectories.adapters.stores import FileStore, open_store

ALIAS = "exports"
"""The entry of STORAGES that says where the files are."""


def file_folder() -> Path:
    """The folder of this machine that files are written to; they stay there unless a storage is set."""
    return Path(settings.EXPORT_DIR)


def file_store() -> FileStore:
    """Where finished files are. Raises InvalidStorageError for a storage that cannot be used."""
    return open_store(storages[ALIAS], file_folder())


def sweep_leftovers() -> int:
    """Delete what killed writers have left half-written, or on its way to a storage; returns how many files."""
    return sweep_parts(file_folder())
