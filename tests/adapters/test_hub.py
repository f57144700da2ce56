"""Pushing files to a hub, as the library does it, to one that listens on this machine."""

import io
import zipfile

import pytest

from tests.hub import COMMIT, KEY, running_hub
from trajectories.adapters import hub as adapter
from trajectories.adapters.hub import MISSING, HubError, HubTarget, push_files

LARGE = bytes(range(256)) * 64


def target(hub, repository="us/data", private=True):
    return HubTarget(hub.url, repository, private, "A_KEY")


def push(hub, key=KEY, files=None, **values):
    files = files or [("README.md", io.BytesIO(b"# Card\n")), ("data/rows.jsonl", io.BytesIO(LARGE))]
    return push_files(target=target(hub, **values), key=key, files=files, message="A release")


def test_files_go_in_one_commit_small_ones_in_it_and_large_ones_beside_it():
    with running_hub() as hub:
        pushed = push(hub)
        assert hub.repositories == {"us/data": {"README.md": b"# Card\n", "data/rows.jsonl": LARGE}}
        assert list(hub.objects.values()) == [LARGE]
        assert (hub.messages, hub.private) == (["A release"], {"us/data": True})
    assert (pushed.commit, pushed.address) == (COMMIT, f"{hub.url}/datasets/us/data")


def test_a_repository_that_is_there_gets_another_commit():
    with running_hub() as hub:
        push(hub, private=False)
        push(hub, files=[("more.txt", io.BytesIO(b"more"))], private=True)
        assert set(hub.repositories["us/data"]) == {"README.md", "data/rows.jsonl", "more.txt"}
        assert hub.private == {"us/data": False}, "what is there stays as open as it is"


def test_members_of_an_archive_go_as_they_are_read(tmp_path):
    path = tmp_path / "folder.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("data/train-00000-of-00001.parquet", LARGE)
    with running_hub() as hub, zipfile.ZipFile(path) as archive:
        member = archive.open("data/train-00000-of-00001.parquet")
        push(hub, files=[("data/train-00000-of-00001.parquet", member)])
        assert hub.repositories["us/data"] == {"data/train-00000-of-00001.parquet": LARGE}


@pytest.mark.parametrize(
    ("faults", "said"),
    [
        ({"create": 401}, "it does not accept the key in A_KEY"),
        ({"create": 403}, "the key in A_KEY may not write there"),
        ({"preupload": 404}, "there is no such repository, or the key in A_KEY may not see it"),
        ({"commit": 409}, "try again"),
        ({"commit": 418}, "it answered 418"),
    ],
)
def test_what_the_hub_refuses_is_one_sentence_without_the_key(faults, said):
    with running_hub(faults=faults) as hub, pytest.raises(HubError) as told:
        push(hub)
    assert said in str(told.value)
    assert str(told.value).startswith(f"The hub at {hub.url} did not take the files: ")
    assert KEY not in str(told.value)
    assert told.value.__cause__ is None
    assert hub.repositories.get("us/data", {}) == {}, "all or none"


def test_a_wrong_key_is_refused():
    with running_hub() as hub, pytest.raises(HubError, match="does not accept the key in A_KEY"):
        push(hub, key="hf_another")


@pytest.mark.parametrize("odd", ["preupload", "commit"])
def test_an_answer_that_makes_no_sense_is_told(odd):
    with running_hub(odd=odd) as hub, pytest.raises(HubError, match="makes no sense"):
        push(hub)


def test_a_hub_that_is_not_there_is_told(monkeypatch):
    with running_hub() as hub:
        pass
    with pytest.raises(HubError, match=rf"^The hub at {hub.url} could not be reached: \w+\.$"):
        push(hub)


def test_without_the_library_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(adapter.importlib.util, "find_spec", lambda _: None)
    with running_hub() as hub, pytest.raises(HubError, match="make cloud") as told:
        push(hub)
    assert str(told.value) == MISSING
