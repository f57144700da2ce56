"""Files of releases in a bucket: written, downloaded in ranges, opened, dropped; nothing stays on this machine."""

import uuid
from datetime import timedelta

import boto3
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse
from django.utils import timezone
from moto.server import ThreadedMotoServer

from tests import factories
from trajectories.core.curation.reviews import Decision, ReviewDraft
from trajectories.models import Delivery, Export
from trajectories.services.curation.reviews import submit_review
from trajectories.services.releases.deliveries import deliver_next, request_environment
from trajectories.services.releases.exports import request_export, stored_name, write_export
from trajectories.services.releases.freezing import freeze_accepted
from trajectories.services.releases.retention import drop_unused
from trajectories.services.releases.stores import file_folder, open_file
from webapp.storages import export_storage

BUCKET = "files-of-releases"


@pytest.fixture
def bucket(settings, tmp_path, monkeypatch):
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    values = {
        "EXPORT_BUCKET": BUCKET,
        "EXPORT_PREFIX": "/ours/",
        "EXPORT_ENDPOINT": f"http://{host}:{port}",
        "EXPORT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "an-id",
        "AWS_SECRET_ACCESS_KEY": "a-secret",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    settings.EXPORT_DIR = tmp_path / "exports"
    settings.STORAGES = {**settings.STORAGES, "exports": export_storage(settings.EXPORT_DIR)}
    client = boto3.client("s3", endpoint_url=values["EXPORT_ENDPOINT"], region_name="us-east-1")
    client.create_bucket(Bucket=BUCKET)
    yield client
    server.stop()


@pytest.fixture
def release(lead, curator):
    trace = factories.make_trace()
    submit_review(reviewer=curator, trace=trace, draft=ReviewDraft(Decision.ACCEPT), key=uuid.uuid4())
    return freeze_accepted(actor=lead, title="First", key=uuid.uuid4())


def held(bucket):
    return {each["Key"] for each in bucket.list_objects_v2(Bucket=BUCKET).get("Contents", ())}


def test_a_file_is_in_the_bucket_and_comes_from_it_in_ranges(bucket, release, engineer, client):
    export = request_export(actor=engineer, release=release, export_format="full")
    assert write_export(job_id=export.pk)
    export.refresh_from_db()
    assert held(bucket) == {f"ours/{stored_name(export)}"}
    assert list(file_folder().iterdir()) == []
    client.force_login(engineer)
    address = reverse("export_download", args=[export.pk])
    content = client.get(address).getvalue()
    assert len(content) == export.byte_size
    part = client.get(address, headers={"Range": "bytes=10-19", "If-Range": f'"{export.sha256}"'})
    assert (part.status_code, part.getvalue()) == (206, content[10:20])
    with open_file(stored_name(export), export.byte_size) as file:
        assert file.read() == content
    assert list(file_folder().iterdir()) == []
    Export.objects.update(used_at=timezone.now() - timedelta(days=400))
    assert drop_unused() == 1
    assert held(bucket) == set()
    assert client.get(address).status_code == 404
    again = request_export(actor=engineer, release=release, export_format="full")
    assert write_export(job_id=again.pk)
    assert client.get(address).getvalue() == content


def test_a_bucket_that_fails_is_told_and_leaves_nothing(bucket, release, engineer, client):
    made = request_environment(actor=engineer, release=release)
    assert deliver_next(job_id=made.pk)
    for key in held(bucket):
        bucket.delete_object(Bucket=BUCKET, Key=key)
    bucket.delete_bucket(Bucket=BUCKET)
    client.force_login(engineer)
    assert client.get(reverse("delivery_download", args=[made.pk])).status_code in (404, 503)
    Delivery.objects.update(state="queued")
    assert not deliver_next(job_id=made.pk)
    made.refresh_from_db()
    assert made.state == "failed"
    assert "storage: NoSuchBucket" in made.reason
    assert list(file_folder().iterdir()) == []


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("EXPORT_BUCKET", "No Bucket!", "expected the name of a bucket"),
        ("EXPORT_ENDPOINT", "s3.example.org", "expected one such as https://s3.example.org"),
        ("EXPORT_ENDPOINT", "https://key:secret@s3.example.org", "expected one such as"),
    ],
)
def test_a_setting_that_makes_no_sense_is_told_at_the_start(monkeypatch, tmp_path, name, value, said):
    monkeypatch.setenv("EXPORT_BUCKET", BUCKET)
    monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match=said) as told:
        export_storage(tmp_path)
    assert "secret" not in str(told.value)


def test_without_a_bucket_it_is_the_folder(monkeypatch, tmp_path):
    monkeypatch.delenv("EXPORT_BUCKET", raising=False)
    assert export_storage(tmp_path)["OPTIONS"] == {"location": str(tmp_path)}
