"""Files kept between two pages: who may read them, for how long, and what is left behind."""

import io
import os
import stat
import time

import pytest

from trajectories.adapters.kept_uploads import drop, find, keep, sweep

HOUR = 3600.0


def test_a_file_is_kept_under_a_random_name_for_its_owner(tmp_path):
    folder = tmp_path / "uploads"
    kept = keep(folder, 7, "../../etc/passwd", io.BytesIO(b"some text"))
    assert kept.path.parent == folder
    assert kept.path.read_bytes() == b"some text"
    assert find(folder, kept.token, 7, HOUR) == kept
    assert find(folder, kept.token, 8, HOUR) is None
    assert keep(folder, 7, "a", io.BytesIO(b"")).token != kept.token
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


@pytest.mark.parametrize("token", ["", "x", "../secret_key", "a" * 31, "A" * 32, "0" * 32 + "\n", "0" * 32])
def test_what_is_no_token_finds_nothing(tmp_path, token):
    (tmp_path / "secret_key").write_text("secret")
    assert find(tmp_path, token, 7, HOUR) is None


def test_a_file_is_gone_when_its_time_is_over(tmp_path):
    old, new = keep(tmp_path, 7, "old", io.BytesIO(b"1")), keep(tmp_path, 7, "new", io.BytesIO(b"2"))
    past = time.time() - 2 * HOUR
    for path in tmp_path.glob(f"{old.token}.*"):
        os.utime(path, (past, past))
    assert find(tmp_path, old.token, 7, HOUR) is None
    assert sweep(tmp_path, HOUR) == 2
    assert not list(tmp_path.glob(f"{old.token}.*"))
    assert find(tmp_path, new.token, 7, HOUR) == new
    assert sweep(tmp_path / "nothing here", HOUR) == 0


def test_dropping_twice_is_no_error(tmp_path):
    kept = keep(tmp_path, 7, "a", io.BytesIO(b"1"))
    drop(tmp_path, kept.token)
    drop(tmp_path, kept.token)
    assert list(tmp_path.iterdir()) == []


def test_a_stream_that_breaks_leaves_nothing(tmp_path):
    class Broken(io.BytesIO):
        def read(self, *_):
            raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        keep(tmp_path, 7, "a", Broken())
    assert list(tmp_path.iterdir()) == []
