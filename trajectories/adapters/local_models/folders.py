"""Folders of models: those that people put on this machine, and those that trainings made, each packed in a file."""

import fcntl
import os
import re
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trajectories.adapters.local_models.inside.checkpoints import MARK

MADE = ".made"
"""Below the folder of models: what was unpacked, by the SHA-256 of what it was packed into."""

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
CONFIG, GGUF = "config.json", "*.gguf"


class ModelFolderError(ValueError):
    """A model that is not there; the message says what was found and expected."""


def list_models(root: Path) -> list[str]:
    """The names of the folders that hold a model, in order."""
    if not root.is_dir():
        return []
    return sorted(path.name for path in root.iterdir() if NAME.fullmatch(path.name) and _holds_model(path))


def model_folder(root: Path, name: str) -> Path:
    """The folder of a model. Raises ModelFolderError, also for a name that leads elsewhere."""
    known = ", ".join(list_models(root)[:8]) or "there is none"
    if not NAME.fullmatch(name):
        raise ModelFolderError(
            f"Found the model {name[:60]!r}, expected the name of a folder in {root.name}/: {known}."
        )
    folder = root / name
    if not _holds_model(folder):
        raise ModelFolderError(
            f"Found no model named {name!r}, expected a folder in {root.name}/ with {CONFIG} or a GGUF file: {known}."
        )
    return folder.resolve()


def _holds_model(folder: Path) -> bool:
    return folder.is_dir() and ((folder / CONFIG).is_file() or any(folder.glob(GGUF)))


def pack_model(folder: Path, file: Path) -> None:
    """One file of a model's folder: the same files give the same bytes. Raises OSError."""
    waiting = file.with_name(f"{file.name}.part")
    with tarfile.open(waiting, "w", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(each for each in folder.rglob("*") if each.is_file() and each.name != MARK):
            entry = tarfile.TarInfo(str(path.relative_to(folder)))
            entry.size, entry.mode = path.stat().st_size, 0o644
            with path.open("rb") as source:
                archive.addfile(entry, source)
    waiting.replace(file)


def unpacked_model(root: Path, packed: Path, sha256: str) -> Path:
    """The folder of a model that a training made, unpacked once a machine. Raises ModelFolderError, OSError."""
    folder = root / MADE / sha256
    if folder.is_dir():
        return folder
    with _alone(root / MADE):
        if folder.is_dir():
            return folder
        waiting = root / MADE / f"{sha256}.part"
        shutil.rmtree(waiting, ignore_errors=True)
        waiting.mkdir(parents=True)
        try:
            with tarfile.open(packed, "r:") as archive:
                archive.extractall(waiting, filter="data")
        except tarfile.TarError as fault:
            raise ModelFolderError(f"The file {packed.name} is no packed model: {fault}") from fault
        if not _holds_model(waiting):
            raise ModelFolderError(f"The file {packed.name} holds no model; expected {CONFIG} in it.")
        waiting.rename(folder)
    return folder


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process at a time unpacks."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
