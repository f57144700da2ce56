"""The folder of a backup: made aside and put in place whole, checked by hash, copied back.

A backup is `manifest.json`, `database.dump` and `files/AREA/...`. The manifest is written last.
"""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from trajectories.adapters.backups.manifests import KeptFile, Manifest, ManifestError, read_manifest
from trajectories.adapters.files import PART, sync_folder

MANIFEST = "manifest.json"
DATABASE = "database.dump"
FILES = "files"
CHUNK = 1024 * 1024
UNFINISHED = (PART, ".sending")
"""How files end that somebody is still writing, and that no row names yet."""


class BackupError(RuntimeError):
    """A backup was not made or cannot be restored; the message says why in one sentence."""


@contextmanager
def new_backup(folder: Path) -> Iterator[Path]:
    """A folder to fill, which takes its name at the end; whatever fails, nothing of it is left.

    What a killed backup left there is cleared away. Raises BackupError where there is something already, or another
    backup is being written there.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BackupError(f"{folder}: found something there already, expected a folder that is new or empty.")
    aside = folder.with_name(f"{folder.name}{PART}")
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside.mkdir(mode=0o700, exist_ok=True)
    lock = os.open(aside, os.O_RDONLY)
    try:
        _lock(lock, aside)
        for leftover in aside.iterdir():
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        try:
            yield aside
            aside.rename(folder)  # an empty folder gives way
        except BaseException:
            shutil.rmtree(aside, ignore_errors=True)
            raise
        sync_folder(folder.parent)
    finally:
        os.close(lock)


def _lock(descriptor: int, aside: Path) -> None:
    """Take a folder for this process until it ends. Raises BackupError where another one has it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        ours = os.path.samestat(os.fstat(descriptor), aside.stat())
    except OSError:
        ours = False
    if not ours:  # taken, or finished and renamed a moment ago
        raise BackupError(f"{aside}: another backup is being written there; wait for its end.")


def copy_area(source: Path, backup: Path, area: str) -> list[KeptFile]:
    """Copy a folder's files into a backup; the files as they were copied.

    Links are not followed. Files that are still being written are left out, and those that are deleted meanwhile.
    """
    kept = []
    for path in _files(source):
        if not path.name.endswith(UNFINISHED):
            with suppress(FileNotFoundError):
                kept.append(_copy(path, backup / FILES / area / path.relative_to(source), backup))
    return kept


def keep_file(file: Path, backup: Path) -> KeptFile:
    """A file that is in a backup already, with its hash."""
    with file.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
        os.fsync(opened.fileno())
    return KeptFile(file.relative_to(backup).as_posix(), file.stat().st_size, digest)


def write_manifest(backup: Path, manifest: Manifest) -> None:
    """Write the list of a backup's files, to the disk, as the last of them."""
    with (backup / MANIFEST).open("x", encoding="utf-8") as file:
        file.write(manifest.text())
        file.flush()
        os.fsync(file.fileno())
    sync_folder(backup)


def check(folder: Path) -> Manifest:
    """Check that a backup is whole and unchanged, reading every file of it. Raises BackupError."""
    if not folder.is_dir():
        raise BackupError(f"{folder}: found no folder there, expected one that `manage.py backup` made.")
    try:
        manifest = read_manifest((folder / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError as fault:
        raise BackupError(
            f"{folder}: found no {MANIFEST}, which is written last: this backup was never finished."
        ) from fault
    except (ManifestError, UnicodeDecodeError) as fault:
        raise BackupError(f"{folder}: {fault}") from fault
    if DATABASE not in {file.path for file in manifest.files}:
        raise BackupError(f"{folder}: its manifest names no {DATABASE}.")
    for file in manifest.files:
        _check(folder, file)
    return manifest


def put_back(folder: Path, files: Sequence[KeptFile], area: str, target: Path) -> None:
    """Copy a backup's files of an area to where they belong, checking each again. Raises BackupError, OSError."""
    inside = f"{FILES}/{area}/"
    for file in files:
        if file.path.startswith(inside):
            put = _copy(folder / file.path, target / file.path.removeprefix(inside), target)
            if put.sha256 != file.sha256:
                raise BackupError(f"{folder}: {file.path} was changed while it was copied.")


def _check(folder: Path, file: KeptFile) -> None:
    try:
        with (folder / file.path).open("rb") as opened:
            size = os.fstat(opened.fileno()).st_size
            if size != file.byte_size:
                raise BackupError(
                    f"{folder}: {file.path} is damaged: found {size:,} bytes, expected {file.byte_size:,}."
                )
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
    except FileNotFoundError as fault:
        raise BackupError(f"{folder}: {file.path} is missing.") from fault
    except OSError as fault:
        raise BackupError(f"{folder}: {file.path} cannot be read: {fault.strerror or fault}.") from fault
    if digest != file.sha256:
        raise BackupError(
            f"{folder}: {file.path} is damaged: found the SHA-256 {digest[:12]}…, expected {file.sha256[:12]}…."
        )


def _files(folder: Path) -> Iterator[Path]:
    for inside, names, files in os.walk(folder):
        names.sort()
        for name in sorted(files):
            path = Path(inside) / name
            if path.is_file() and not path.is_symlink():
                yield path


def _copy(source: Path, target: Path, base: Path) -> KeptFile:
    """Copy a file, for its owner only, with the hash of what was written and the time of the original."""
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as original:
        status = os.fstat(original.fileno())
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as copy:
            while chunk := original.read(CHUNK):
                copy.write(chunk)
                digest.update(chunk)
                size += len(chunk)
            copy.flush()
            os.fsync(copy.fileno())
    os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))
    return KeptFile(target.relative_to(base).as_posix(), size, digest.hexdigest())
