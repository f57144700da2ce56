"""Uploads kept for a while between two pages: random names, readable by the application only, each with its owner."""

import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

TOKEN = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class KeptUpload:
    """A file that `owner` (the id of an account, 0 for nobody) sent under `name`, which is never part of a path."""

    token: str
    owner: int
    name: str
    path: Path


def keep(folder: Path, owner: int, name: str, stream: IO[bytes]) -> KeptUpload:
    """Copy an open file into the folder. Raises OSError where that fails, and then leaves nothing."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    token = secrets.token_hex(16)
    data, about = _paths(folder, token)
    try:
        with _new_file(data) as copy:
            shutil.copyfileobj(stream, copy)
        with _new_file(about) as note:
            note.write(json.dumps({"owner": owner, "name": name}).encode())
    except BaseException:
        drop(folder, token)
        raise
    return KeptUpload(token, owner, name, data)


def refer(folder: Path, owner: int, name: str, file: Path) -> KeptUpload:
    """Keep a note of a file where it lies, for as long as it is not changed. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    token, lies = secrets.token_hex(16), file.resolve(strict=True)
    _, about = _paths(folder, token)
    told = {"owner": owner, "name": name, "path": str(lies), "unchanged": _stamp(lies)}
    with _new_file(about) as note:
        note.write(json.dumps(told).encode())
    return KeptUpload(token, owner, name, lies)


def _stamp(file: Path) -> list[int]:
    """What is another one once a file is changed."""
    found = file.stat()
    return [found.st_size, found.st_mtime_ns]


def find(folder: Path, token: str, owner: int, seconds: float) -> KeptUpload | None:
    """The upload of that token, None where there is none, it is somebody else's, or older than `seconds`."""
    found = find_any(folder, token)
    if found is None or found.owner != owner:
        return None
    try:
        age = time.time() - _paths(folder, token)[1].stat().st_mtime
    except FileNotFoundError:  # a sweep was quicker
        return None
    return found if age <= seconds else None


def find_any(folder: Path, token: str) -> KeptUpload | None:
    """The upload of that token, whoever's and however old; None where there is none, or a file that lies elsewhere is
    gone or changed."""
    if not TOKEN.fullmatch(token):
        return None
    data, about = _paths(folder, token)
    try:
        told = json.loads(about.read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    path = Path(told.get("path", data))
    try:
        same = path.is_file() and told.get("unchanged") in (None, _stamp(path))
    except OSError:
        return None
    return KeptUpload(token, told["owner"], told["name"], path) if same else None


def touch(folder: Path, token: str) -> None:
    """Make an upload as young as a new one, if it is there."""
    for path in _paths(folder, token):
        with suppress(FileNotFoundError):
            os.utime(path)


def drop(folder: Path, token: str) -> None:
    """Delete an upload; one that is gone already is no error."""
    for path in _paths(folder, token):
        path.unlink(missing_ok=True)


def sweep(folder: Path, seconds: float, in_use: Collection[str] = ()) -> int:
    """Delete every file older than `seconds` whose token is not `in_use`; returns how many."""
    oldest = time.time() - seconds
    swept = 0
    for path in folder.glob("*") if folder.is_dir() else ():
        try:
            if path.stem not in in_use and path.is_file() and path.stat().st_mtime < oldest:
                path.unlink()
                swept += 1
        except FileNotFoundError:  # another sweep was quicker
            continue
    return swept


def _paths(folder: Path, token: str) -> tuple[Path, Path]:
    return folder / f"{token}.data", folder / f"{token}.json"


def _new_file(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
