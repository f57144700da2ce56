"""Room on the disk, and failures that mean there is none."""

import errno
import shutil
from pathlib import Path

import psycopg

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def is_full(fault: BaseException | None) -> bool:
    """Whether an error, or one that caused it, says that the disk took no more: a file's or the database's."""
    while fault is not None:
        if isinstance(fault, psycopg.errors.DiskFull) or (isinstance(fault, OSError) and fault.errno in FULL):
            return True
        fault = fault.__cause__ or fault.__context__
    return False


def free_bytes(folder: Path) -> int:
    """Bytes that this process may still write in a folder, or where it will be made."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free
