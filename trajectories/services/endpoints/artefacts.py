"""Files that trainings made: kept by the hash of their bytes, read with that hash checked."""

import hashlib
import re
from pathlib import Path

from django.conf import settings
from django.core.files.storage import FileSystemStorage, storages

from trajectories.adapters.acting import folder_of
from trajectories.adapters.files import chunks_of, write_whole
from trajectories.adapters.stores import FileStore, open_store
from trajectories.models import Artefact

ALIAS = "artefacts"
_SUFFIX = re.compile(r"[a-z0-9]{1,10}(\.[a-z0-9]{1,5})?")


class ArtefactError(RuntimeError):
    """A file that a training made cannot be used; the message says why."""


def artefact_folder() -> Path:
    """The folder of this machine that artefacts are written to; they stay there unless a storage is set."""
    return folder_of(Path(settings.ARTEFACT_DIR))


def store_artefact(file: Path, *, suffix: str) -> Artefact:
    """Keep a file; one of the same bytes is kept once. Raises OSError."""
    if not _SUFFIX.fullmatch(suffix):
        raise ValueError(f"Found the suffix {suffix!r}, expected letters and digits.")
    digest = hash_of(file)
    known = Artefact.objects.filter(sha256=digest).first()
    name = known.name if known else f"artefact-{digest}.{suffix}"
    if known is None or not _store().has(name):
        _store().put(name, chunks_of(file))
    artefact, _ = Artefact.objects.get_or_create(
        sha256=digest, defaults={"name": name, "byte_size": file.stat().st_size}
    )
    return artefact


def artefact_file(artefact: Artefact) -> Path:
    """The file on this machine, fetched once where it is kept elsewhere. Raises ArtefactError where it is gone or is no
    longer what was kept."""
    path = artefact_folder() / artefact.name
    try:
        if not path.is_file() and not isinstance(storages[ALIAS], FileSystemStorage):
            write_whole(path, _store().read(artefact.name, 0, artefact.byte_size))
        found = hash_of(path)
    except FileNotFoundError as fault:
        raise ArtefactError(
            f"The file {artefact.name} that a training made is not in the folder or storage of artefacts; put it back, "
            "or train again."
        ) from fault
    except OSError as fault:
        raise ArtefactError(f"The file {artefact.name} cannot be read: {fault.strerror or fault}") from fault
    if found != artefact.sha256:
        raise ArtefactError(
            f"The file {artefact.name} has the SHA-256 {found[:12]}…, expected {artefact.sha256[:12]}…: it was changed "
            "after its training; put the original back, or train again."
        )
    return path


def hash_of(file: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal. Raises OSError."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _store() -> FileStore:
    return open_store(storages[ALIAS], artefact_folder())
