import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from trajectories.adapters.files import UNTOUCHED_SECONDS, sweep_parts, write_whole

ROOT = Path(__file__).resolve().parents[2]


def test_a_written_file_is_described_exactly(tmp_path):
    path = tmp_path / "deep" / "file.jsonl"
    written = write_whole(path, [b"one\n", b"two\n"])
    assert path.read_bytes() == b"one\ntwo\n"
    assert (written.byte_size, written.chunks) == (8, 2)
    assert written.sha256 == hashlib.sha256(b"one\ntwo\n").hexdigest()


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "file.jsonl"
    write_whole(path, [b"old"])

    def breaking():
        yield b"new"
        raise RuntimeError("half-way")

    with pytest.raises(RuntimeError, match="half-way"):
        write_whole(path, breaking())
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def make_old(path, seconds=UNTOUCHED_SECONDS + 1):
    past = time.time() - seconds
    os.utime(path, (past, past))


def test_the_part_of_a_killed_writer_is_swept_once_it_is_old(tmp_path):
    program = (
        "import os, signal, sys; from pathlib import Path; from trajectories.adapters.files import write_whole\n"
        "def chunks():\n    yield b'x' * 100_000\n    os.kill(os.getpid(), signal.SIGKILL)\n"
        "write_whole(Path(sys.argv[1]), chunks())"
    )
    path = tmp_path / "export-1.jsonl"
    killed = subprocess.run([sys.executable, "-c", program, str(path)], cwd=ROOT, check=False)
    assert killed.returncode == -signal.SIGKILL
    [part] = tmp_path.iterdir()
    assert sweep_parts(tmp_path) == 0  # it could be somebody's who has just begun
    make_old(part)
    assert sweep_parts(tmp_path) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_part_that_somebody_writes_stays_however_old_it_is(tmp_path):
    path = tmp_path / "export-1.jsonl"

    def chunks():
        yield b"one\n"
        [part] = tmp_path.glob("*.part")
        make_old(part)
        assert sweep_parts(tmp_path) == 0
        yield b"two\n"

    write_whole(path, chunks())
    assert path.read_bytes() == b"one\ntwo\n"
    make_old(path)
    assert sweep_parts(tmp_path) == 0
    assert sweep_parts(tmp_path / "no such folder") == 0
