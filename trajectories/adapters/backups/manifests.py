"""What is in a backup: every file with its hash, every table with its rows, and what made it."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any

from trajectories.core.identity import content_hash

FORM = 1
"""The form of manifests; another one is not read."""
_SHA256 = re.compile(r"[0-9a-f]{64}")
_NAME = "sha256"
"""The key of a manifest's own hash: of everything else in it."""


class ManifestError(ValueError):
    """A manifest cannot be used; the message says why in one sentence."""


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file of a backup: its path within the backup's folder, its length in bytes, its SHA-256."""

    path: str
    byte_size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds.

    `made_at` is when, in UTC; `code` the version of the code; `server` and `tool` the major versions of the database's
    server and of the program that dumped it; `migrations` those that were applied, as "app.name"; `tables` the number
    of rows that were dumped, by "schema.table"; `areas` the folders that were copied; `elsewhere` those whose files are
    in a bucket and were not; `lost` files that rows name and that were not there to copy.
    """

    made_at: str
    code: str
    server: int
    tool: int
    migrations: tuple[str, ...]
    tables: Mapping[str, int]
    files: tuple[KeptFile, ...]
    areas: tuple[str, ...]
    elsewhere: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()

    def text(self) -> str:
        """As the text of its file, with its own hash."""
        told = {"form": FORM, **asdict(self)}
        return json.dumps({**told, _NAME: content_hash(told)}, indent=1, sort_keys=True) + "\n"

    @property
    def byte_size(self) -> int:
        """The length of all files together."""
        return sum(file.byte_size for file in self.files)

    @property
    def row_count(self) -> int:
        """The rows of all tables together."""
        return sum(self.tables.values())


def read_manifest(text: str) -> Manifest:
    """A manifest from its text. Raises ManifestError for one that was changed or that another version wrote."""
    try:
        told = json.loads(text)
        own = told.pop(_NAME)
        form = told.pop("form")
    except (ValueError, KeyError, AttributeError, TypeError) as fault:
        raise ManifestError("its manifest is damaged: found no list of files.") from fault
    if form != FORM:
        raise ManifestError(f"its manifest has the form {str(form)[:20]}, expected {FORM}: another version made it.")
    if own != content_hash({"form": form, **told}):
        raise ManifestError("its manifest is damaged: found another hash of it than the one written in it.")
    try:
        lists = {name: tuple(told[name]) for name in ("migrations", "areas", "elsewhere", "lost")}
        manifest = Manifest(**{**told, **lists, "files": tuple(KeptFile(**file) for file in told["files"])})
    except (KeyError, TypeError) as fault:
        raise ManifestError("its manifest is damaged: found other entries than a backup has.") from fault
    for file in manifest.files:
        _check(file)
    return manifest


def _check(file: KeptFile) -> None:
    path: Any = file.path
    if not isinstance(path, str) or not path or path.startswith("/") or ".." in PurePosixPath(path).parts:
        raise ManifestError(f"its manifest names the file {str(path)[:100]!r}, expected one inside the backup.")
    if not isinstance(file.byte_size, int) or not _SHA256.fullmatch(str(file.sha256)):
        raise ManifestError(f"its manifest has no length and hash of {path[:100]!r}.")
