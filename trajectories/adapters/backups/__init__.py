"""Copies of an installation: dumps of its database, copies of its files, and a list of both with their hashes."""

from trajectories.adapters.backups.dumps import DumpError, Tools, dump, libpq_environment, restore, tools_for
from trajectories.adapters.backups.folders import (
    DATABASE,
    BackupError,
    check,
    copy_area,
    keep_file,
    new_backup,
    put_back,
    write_manifest,
)
from trajectories.adapters.backups.manifests import KeptFile, Manifest

__all__ = [
    "DATABASE",
    "BackupError",
    "DumpError",
    "KeptFile",
    "Manifest",
    "Tools",
    "check",
    "copy_area",
    "dump",
    "keep_file",
    "libpq_environment",
    "new_backup",
    "put_back",
    "restore",
    "tools_for",
    "write_manifest",
]
