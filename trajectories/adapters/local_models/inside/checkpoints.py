"""Checkpoints that are whole: each gets a list of its files once all are on the disk, and counts only with it."""

import json
import os
import shutil
from pathlib import Path

MARK = "whole.json"
PREFIX = "checkpoint-"


def seal(folder: Path) -> None:
    """Say that a checkpoint is whole, after everything in it is on the disk."""
    sizes = {}
    for file in sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MARK):
        with file.open("rb") as held:
            os.fsync(held.fileno())
        sizes[str(file.relative_to(folder))] = file.stat().st_size
    waiting = folder / f"{MARK}.part"
    with waiting.open("w", encoding="utf-8") as held:
        json.dump(sizes, held)
        held.flush()
        os.fsync(held.fileno())
    waiting.replace(folder / MARK)


def is_whole(folder: Path) -> bool:
    """Whether every file that was sealed is there, as long as it was."""
    try:
        sizes = json.loads((folder / MARK).read_text(encoding="utf-8"))
        return bool(sizes) and all((folder / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError, AttributeError):
        return False


def newest_whole(folder: Path) -> Path | None:
    """The checkpoint to go on from; those that are not whole are deleted."""
    found = []
    for path in folder.glob(f"{PREFIX}*"):
        number = path.name.removeprefix(PREFIX)
        if not number.isdecimal():
            continue
        if is_whole(path):
            found.append((int(number), path))
        else:
            shutil.rmtree(path, ignore_errors=True)
    return max(found)[1] if found else None
