"""Knowing a full disk when it is met."""

import errno

import psycopg
import pytest
from django.db import OperationalError

from trajectories.adapters.disk import free_bytes, is_full


def caused(fault: Exception, by: BaseException) -> Exception:
    fault.__cause__ = by
    return fault


@pytest.mark.parametrize(
    ("fault", "full"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), True),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), True),
        (OSError(errno.EACCES, "Permission denied"), False),
        (caused(OperationalError("could not extend file"), psycopg.errors.DiskFull()), True),
        (caused(OperationalError("server closed"), psycopg.OperationalError()), False),
        (caused(ValueError("row 7"), OSError(errno.ENOSPC, "")), True),
        (None, False),
    ],
)
def test_a_full_disk_is_known_by_its_error_or_by_what_caused_it(fault, full):
    assert is_full(fault) is full


def test_there_is_room_where_a_folder_will_be(tmp_path):
    assert free_bytes(tmp_path / "a" / "b") == pytest.approx(free_bytes(tmp_path), rel=0.5)
