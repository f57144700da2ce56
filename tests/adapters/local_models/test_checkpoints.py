import pytest

from trajectories.adapters.local_models.inside.checkpoints import MARK, is_whole, newest_whole, seal


def make(folder, step, *, sealed=True):
    path = folder / f"checkpoint-{step}"
    path.mkdir(parents=True)
    (path / "model.safetensors").write_bytes(b"weights")
    (path / "optimizer.pt").write_bytes(b"state")
    if sealed:
        seal(path)
    return path


def test_the_newest_whole_checkpoint_is_taken_by_number(tmp_path):
    make(tmp_path, 9)
    newest = make(tmp_path, 10)
    (tmp_path / "model").mkdir()
    assert newest_whole(tmp_path) == newest


@pytest.mark.parametrize("torn", ["unsealed", "short", "missing", "no mark"])
def test_a_checkpoint_that_is_not_whole_is_deleted_and_the_one_before_taken(tmp_path, torn):
    before, last = make(tmp_path, 5), make(tmp_path, 10, sealed=torn != "unsealed")
    if torn == "short":
        (last / "model.safetensors").write_bytes(b"wei")
    elif torn == "missing":
        (last / "optimizer.pt").unlink()
    elif torn == "no mark":
        (last / MARK).write_text("[")
    assert not is_whole(last)
    assert newest_whole(tmp_path) == before
    assert not last.exists()


def test_without_any_there_is_none(tmp_path):
    assert newest_whole(tmp_path) is None
