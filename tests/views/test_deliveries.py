import re
import uuid

import pytest
from django.urls import reverse

from tests import factories
from trajectories.core.curation.reviews import Decision, ReviewDraft
from trajectories.models import AuditEvent, Delivery, Export
from trajectories.services.curation.reviews import submit_review
from trajectories.services.releases.deliveries import deliver_next, delivery_filename, stored_name
from trajectories.services.releases.exports import request_export, write_export
from trajectories.services.releases.freezing import freeze_accepted
from trajectories.services.releases.stores import file_folder

HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def _export_dir(settings, tmp_path):
    settings.EXPORT_DIR = tmp_path / "exports"


@pytest.fixture
def release(lead, curator):
    trace = factories.make_trace()
    submit_review(reviewer=curator, trace=trace, draft=ReviewDraft(Decision.ACCEPT), key=uuid.uuid4())
    return freeze_accepted(actor=lead, title="The release", key=uuid.uuid4())


@pytest.fixture
def delivery(as_engineer, release):
    as_engineer.post(reverse("environment_create", args=[release.pk]))
    made = Delivery.objects.get()
    assert deliver_next(job_id=made.pk)
    made.refresh_from_db()
    return made


def page_of(client, release):
    return client.get(reverse("release_detail", args=[release.pk])).content.decode()


def test_the_page_offers_it_follows_it_and_gives_it(as_engineer, release):
    assert "Build the environment" in page_of(as_engineer, release)
    answer = as_engineer.post(reverse("environment_create", args=[release.pk]))
    made = Delivery.objects.get()
    assert answer["Location"].endswith(f"#delivery-{made.pk}")
    row = as_engineer.get(reverse("delivery_detail", args=[made.pk]), headers=HTMX).content.decode()
    assert 'hx-trigger="every 1s"' in row
    assert deliver_next(job_id=made.pk)
    row = as_engineer.get(reverse("delivery_detail", args=[made.pk]), headers=HTMX).content.decode()
    assert "every 1s" not in row
    assert f"pip install &#x27;./{delivery_filename(made)}[verifiers]&#x27;" in row or "[verifiers]" in row
    assert f"vf-eval minicolumn_release_{release.content_hash[:10]}" in row
    assert "1 problem ·" in row
    assert as_engineer.get(reverse("delivery_detail", args=[made.pk])).status_code == 302


def test_the_download_is_the_file_in_ranges_too(as_engineer, delivery, engineer):
    address = reverse("delivery_download", args=[delivery.pk])
    content = (file_folder() / stored_name(delivery)).read_bytes()
    whole = as_engineer.get(address)
    assert whole.getvalue() == content
    assert whole["Content-Disposition"] == f'attachment; filename="{delivery_filename(delivery)}"'
    part = as_engineer.get(address, headers={"Range": "bytes=100-", "If-Range": f'"{delivery.sha256}"'})
    assert (part.status_code, part.getvalue()) == (206, content[100:])
    assert AuditEvent.objects.get(verb="delivery.download").actor == engineer
    delivery.refresh_from_db()
    assert delivery.used_at is not None


def test_the_link_works_without_a_login_and_for_this_package_alone(as_engineer, delivery, release, lead):
    key = re.search(rf"deliveries/{delivery.pk}/download/(\?key=[\w:-]+)", page_of(as_engineer, release))[1]
    other = Delivery.objects.create(
        release=freeze_accepted(actor=lead, title="Another", key=uuid.uuid4()),
        what="environment",
        state="ready",
        sha256="0" * 64,
        byte_size=1,
    )
    as_engineer.logout()
    assert as_engineer.get(reverse("delivery_download", args=[delivery.pk])).status_code == 403
    assert as_engineer.get(reverse("delivery_download", args=[delivery.pk]) + key).status_code == 200
    assert as_engineer.get(reverse("delivery_download", args=[other.pk]) + key).status_code == 403


@pytest.mark.parametrize("gone", ["file", "row", "running"])
def test_a_package_that_is_not_there_is_a_404(as_engineer, delivery, gone):
    if gone == "file":
        (file_folder() / stored_name(delivery)).unlink()
    else:
        changes = {"dropped_at": "2026-01-01T00:00Z"} if gone == "row" else {"state": "running"}
        Delivery.objects.update(**changes)
    address = reverse("delivery_download", args=[delivery.pk])
    assert as_engineer.get(address).status_code == 404
    assert as_engineer.head(address).status_code == 404


def test_what_was_deleted_can_be_built_again(as_engineer, delivery, release):
    (file_folder() / stored_name(delivery)).unlink()
    Delivery.objects.update(dropped_at="2026-01-01T00:00Z")
    page = page_of(as_engineer, release)
    assert "since nobody had asked for it" in page
    assert "Build again" in page
    as_engineer.post(reverse("environment_create", args=[release.pk]))
    delivery.refresh_from_db()
    assert (delivery.state, delivery.dropped_at) == ("queued", None)


def test_a_file_is_kept_and_no_longer(as_engineer, delivery, release):
    address = reverse("file_pin", args=["delivery", delivery.pk])
    assert "kept until" in page_of(as_engineer, release)
    for pinned, words in (("1", "Do not keep"), ("0", "kept until")):
        assert as_engineer.post(address, {"pinned": pinned}).status_code == 302
        assert words in page_of(as_engineer, release)
    verbs = AuditEvent.objects.filter(verb__contains="pin").order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["delivery.pin", "delivery.unpin"]


@pytest.mark.parametrize("address", [("file_pin", ["model", 1]), ("file_pin", ["export", 999999])])
def test_what_is_no_file_cannot_be_kept(as_engineer, address):
    name, arguments = address
    assert as_engineer.post(reverse(name, args=arguments), {"pinned": "1"}).status_code == 404


@pytest.mark.parametrize("role", ["curator", "nobody"])
def test_who_may_not_cannot(client, request, delivery, release, role):
    client.force_login(request.getfixturevalue(role))
    assert client.post(reverse("environment_create", args=[release.pk])).status_code == 403
    assert client.get(reverse("delivery_detail", args=[delivery.pk])).status_code == 403
    assert client.get(reverse("delivery_download", args=[delivery.pk])).status_code == 403
    assert client.post(reverse("file_pin", args=["delivery", delivery.pk]), {"pinned": "1"}).status_code == 403
    delivery.refresh_from_db()
    assert not delivery.pinned


def test_the_file_of_an_export_is_kept_or_written_again(as_engineer, release, engineer):
    export = request_export(actor=engineer, release=release, export_format="prompt-only")
    write_export(job_id=export.pk)
    pin = reverse("file_pin", args=["export", export.pk])
    assert pin in page_of(as_engineer, release)
    as_engineer.post(pin, {"pinned": "1"})
    assert "Do not keep" in page_of(as_engineer, release)
    Export.objects.update(dropped_at="2026-01-01T00:00Z")
    page = page_of(as_engineer, release)
    again = reverse("job_steer", args=["export", export.pk, "retry"])
    assert again in page
    assert reverse("export_download", args=[export.pk]) not in page
    as_engineer.post(again)
    assert write_export(job_id=export.pk)
    export.refresh_from_db()
    assert (export.state, export.dropped_at) == ("ready", None)
    assert reverse("export_download", args=[export.pk]) in page_of(as_engineer, release)
