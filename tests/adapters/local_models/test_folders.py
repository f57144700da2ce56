import io
import tarfile

import pytest

from tests.local_models import make_folder
from trajectories.adapters.local_models.folders import (
    MADE,
    ModelFolderError,
    list_models,
    model_folder,
    pack_model,
    unpacked_model,
)


def test_models_are_the_folders_that_hold_one(tmp_path):
    make_folder(tmp_path, "small")
    (tmp_path / "gguf").mkdir()
    (tmp_path / "gguf" / "model.gguf").write_text("")
    (tmp_path / "empty").mkdir()
    make_folder(tmp_path, MADE)
    assert list_models(tmp_path) == ["gguf", "small"]
    assert list_models(tmp_path / "nowhere") == []


@pytest.mark.parametrize("name", ["", "..", "../small", "/etc", "small/..", ".made", "other", "a" * 200])
def test_a_name_that_is_no_model_is_refused(tmp_path, name):
    make_folder(tmp_path / "models", "small")
    make_folder(tmp_path, "outside")
    with pytest.raises(ModelFolderError, match=r"expected .* small"):
        model_folder(tmp_path / "models", name)


def test_the_same_model_is_packed_to_the_same_bytes_and_comes_back(tmp_path):
    folder = make_folder(tmp_path, "small")
    (folder / "deep").mkdir()
    (folder / "deep" / "more.txt").write_text("é")
    pack_model(folder, tmp_path / "one.tar")
    (folder / "config.json").touch()
    pack_model(folder, tmp_path / "two.tar")
    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()
    found = unpacked_model(tmp_path / "models", tmp_path / "one.tar", "abc")
    assert {str(path.relative_to(found)) for path in found.rglob("*") if path.is_file()} == {
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "deep/more.txt",
    }
    assert unpacked_model(tmp_path / "models", tmp_path / "gone.tar", "abc") == found


@pytest.mark.parametrize("name", ["../outside.txt", "/absolute.txt"])
def test_a_packed_model_writes_nothing_outside_its_folder(tmp_path, name):
    packed = tmp_path / "bad.tar"
    with tarfile.open(packed, "w") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = 4
        archive.addfile(entry, io.BytesIO(b"mark"))
    with pytest.raises(ModelFolderError):
        unpacked_model(tmp_path / "models", packed, "abc")
    assert not (tmp_path / "models" / "outside.txt").exists()
    assert not (tmp_path / "models" / MADE / "abc").exists()


def test_a_file_that_is_no_packed_model_is_refused(tmp_path):
    (tmp_path / "text.tar").write_text("no archive")
    with pytest.raises(ModelFolderError, match="is no packed model"):
        unpacked_model(tmp_path / "models", tmp_path / "text.tar", "abc")
