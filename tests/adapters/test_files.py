import hashlib

import pytest

from trajectories.adapters.files import write_whole


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
