"""Finished files in a folder and in a bucket (moto speaks S3's language on this machine): the same rules for both."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import boto3
import pytest
from django.core.files.storage import InMemoryStorage
from moto.server import ThreadedMotoServer
from storages.backends.s3 import S3Storage

from trajectories.adapters.stores import FolderStore, RemoteStore, StoreError, open_store

BUCKET = "files-of-releases"
LARGE = 9 * 1024 * 1024
"""More than goes in one piece: a file of several parts."""


@pytest.fixture(scope="module")
def server():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(server, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "an-id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret")
    client = boto3.client("s3", endpoint_url=server, region_name="us-east-1")
    client.create_bucket(Bucket=BUCKET)
    yield client
    for each in client.list_objects_v2(Bucket=BUCKET).get("Contents", ()):
        client.delete_object(Bucket=BUCKET, Key=each["Key"])
    client.delete_bucket(Bucket=BUCKET)


def s3(server, **options):
    return S3Storage(
        bucket_name=BUCKET, endpoint_url=server, region_name="us-east-1", location="of/releases", **options
    )


@pytest.fixture(params=["folder", "bucket", "any other"])
def store(request, tmp_path, server):
    if request.param == "folder":
        return FolderStore(tmp_path)
    if request.param == "any other":
        return RemoteStore(InMemoryStorage(), tmp_path)
    request.getfixturevalue("bucket")
    return open_store(s3(server, file_overwrite=True), tmp_path)


def read(store, name, start, length):
    return b"".join(store.read(name, start, length))


def test_what_is_put_is_there_whole_and_read_from_any_byte(store, tmp_path):
    written = store.put("a.jsonl", iter([b"one ", b"two ", b"three"]))
    assert (written.byte_size, written.chunks) == (13, 3)
    assert store.has("a.jsonl")
    assert read(store, "a.jsonl", 0, 13) == b"one two three"
    assert read(store, "a.jsonl", 4, 3) == b"two"
    assert read(store, "a.jsonl", 12, 1) == b"e"
    assert [path.name for path in tmp_path.iterdir()] in ([], ["a.jsonl"]), "nothing is left on the way"


def test_an_empty_file_is_a_file(store):
    store.put("empty", iter(()))
    assert store.has("empty")
    assert read(store, "empty", 0, 0) == b""


def test_what_fails_half_way_leaves_what_was_there(store, tmp_path):
    def failing():
        yield b"half"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.put("a", failing())
    assert not store.has("a")
    store.drop("a")  # nothing there is no error


def test_what_is_not_there_is_said_before_the_first_byte(store):
    assert not store.has("nothing")
    with pytest.raises(FileNotFoundError):
        store.read("nothing", 0, 5)


def test_a_file_is_replaced_and_dropped(tmp_path, server, bucket):
    for store in (FolderStore(tmp_path), open_store(s3(server, file_overwrite=True), tmp_path)):
        store.put("a", [b"first"])
        store.put("a", [b"second, longer"])
        assert read(store, "a", 0, 14) == b"second, longer"
        store.drop("a")
        assert not store.has("a")


def test_a_large_file_goes_in_parts_and_appears_with_the_last_one(server, bucket, tmp_path):
    store = open_store(s3(server), tmp_path)
    written = store.put("large", (bytes([number]) * 1024 * 1024 for number in range(LARGE // 1024 // 1024)))
    assert written.byte_size == LARGE
    assert bucket.head_object(Bucket=BUCKET, Key="of/releases/large")["ContentLength"] == LARGE
    assert read(store, "large", LARGE - 3, 3) == bytes([8]) * 3
    assert bucket.list_multipart_uploads(Bucket=BUCKET).get("Uploads", []) == []


def test_a_range_is_fetched_as_a_range(server, bucket, tmp_path, monkeypatch):
    """A storage's own file would fetch all of an object for its first byte."""
    store = open_store(s3(server), tmp_path)
    store.put("a", [b"x" * 100_000])
    monkeypatch.setattr(S3Storage, "_open", lambda *_: pytest.fail("the whole object was opened"))
    assert read(store, "a", 10, 5) == b"x" * 5


def test_a_storage_that_keeps_what_is_there_is_refused(server, bucket, tmp_path):
    store = open_store(s3(server, file_overwrite=False), tmp_path)
    store.put("a", [b"first"])
    with pytest.raises(StoreError, match="expected one that overwrites"):
        store.put("a", [b"second"])
    assert [each["Key"] for each in bucket.list_objects_v2(Bucket=BUCKET)["Contents"]] == ["of/releases/a"]


def test_a_storage_that_cannot_be_reached_says_so_without_a_key(tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "an-id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    store = open_store(s3("http://127.0.0.1:9"), tmp_path)
    for act in (lambda: store.put("a", [b"x"]), lambda: store.has("a"), lambda: store.read("a", 0, 1)):
        with pytest.raises(StoreError) as told:
            act()
        assert "storage: " in str(told.value)
        assert "a-secret" not in str(told.value)
        assert told.value.__cause__ is None
    assert list(tmp_path.iterdir()) == []


def test_a_bucket_that_is_not_there_says_so(server, tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "an-id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret")
    with pytest.raises(StoreError, match="NoSuchBucket"):
        open_store(s3(server), tmp_path).put("a", [b"x"])


WRITER = """
import os, sys, time
from pathlib import Path
from django.conf import settings
settings.configure()
from trajectories.adapters.stores import FolderStore
def chunks():
    for number in range(10_000):
        yield b"x" * 1000
        if number == 50:
            print("half", flush=True)
        time.sleep(0.005 if number > 50 else 0)
FolderStore(Path(sys.argv[1])).put("a", chunks())
"""


def test_a_writer_that_is_killed_leaves_nothing_that_is_taken_for_a_file(tmp_path):
    root = Path(__file__).resolve().parents[2]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(root)}
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)], cwd=root, env=environment, stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout.readline() == "half\n"
        writer.send_signal(signal.SIGKILL)
    assert not FolderStore(tmp_path).has("a")
    [left] = tmp_path.iterdir()
    assert left.suffix == ".part"
    from trajectories.adapters.files import sweep_parts

    assert sweep_parts(tmp_path) == 0, "it may be somebody's who has not locked it yet"
    os.utime(left, (time.time() - 120, time.time() - 120))
    assert sweep_parts(tmp_path) == 1
