import re
import uuid
from datetime import timedelta
from unittest import mock

import pytest
from django.urls import reverse
from django.utils import timezone

from tests import factories
from tests.pages import squeezed
from trajectories.models import AuditEvent, Export
from trajectories.services.releases.exports import export_path, request_export, write_export
from trajectories.services.releases.freezing import freeze_accepted

HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def _export_dir(settings, tmp_path):
    settings.EXPORT_DIR = tmp_path


@pytest.fixture
def release(curator, lead):
    for _ in range(2):
        trace = factories.make_trace(decision="accepted")
        factories.make_review(trace=trace, reviewer=curator)
    return freeze_accepted(actor=lead, title="First light", key=uuid.uuid4())


@pytest.fixture
def export(release, engineer):
    export = request_export(actor=engineer, release=release, export_format="sft-messages")
    write_export(job_id=export.pk)
    export.refresh_from_db()
    return export


def download(client, export, query="", **headers):
    return client.get(reverse("export_download", args=[export.pk]) + query, headers=headers)


def test_asking_for_a_file_queues_it_and_leads_to_its_row(as_engineer, release, engineer):
    address = reverse("export_create", args=[release.pk])
    response = as_engineer.post(address, {"format": "full", "with_meta": "on"})
    export = Export.objects.get()
    assert (export.format, export.with_meta, export.state, export.created_by) == ("full", True, "queued", engineer)
    assert response["Location"] == f"{reverse('release_detail', args=[release.pk])}#export-{export.pk}"
    as_engineer.post(address, {"format": "full", "with_meta": "on"})
    assert Export.objects.count() == 1


def test_an_unknown_format_is_refused(as_engineer, release):
    response = as_engineer.post(reverse("export_create", args=[release.pk]), {"format": "xlsx"})
    assert response.status_code == 422
    assert "expected one of sft-messages" in squeezed(response)
    assert Export.objects.count() == 0


def test_the_row_is_polled_while_it_is_written_and_no_longer(as_engineer, release, engineer):
    export = request_export(actor=engineer, release=release, export_format="sft-messages")
    address = reverse("export_detail", args=[export.pk])
    assert "every 1s" in squeezed(as_engineer.get(address, headers=HTMX))
    write_export(job_id=export.pk)
    row = squeezed(as_engineer.get(address, headers=HTMX))
    assert "every 1s" not in row
    assert "2 rows" in row
    assert as_engineer.get(address)["Location"].endswith(f"#export-{export.pk}")


def test_a_failed_export_says_why_and_can_be_tried_again(as_engineer, export):
    Export.objects.update(state="failed", error="The file could not be written: No space left on device.")
    page = squeezed(as_engineer.get(reverse("release_detail", args=[export.release_id])))
    assert "No space left on device" in page
    assert "Try again" in page


def test_an_export_that_waits_can_be_cancelled_and_then_tried_again(as_engineer, release, engineer):
    export = request_export(actor=engineer, release=release, export_format="full")
    cancel = reverse("job_steer", args=["export", export.pk, "cancel"])
    assert cancel in squeezed(as_engineer.get(reverse("export_detail", args=[export.pk]), headers=HTMX))
    answer = as_engineer.post(f"{cancel}?then=page")
    assert answer["Location"] == reverse("export_detail", args=[export.pk])
    row = squeezed(as_engineer.get(answer["Location"], headers=HTMX))
    assert "Cancelled" in row
    assert "Try again" in row
    assert cancel not in row
    as_engineer.post(reverse("export_create", args=[release.pk]), {"format": "full"})
    export.refresh_from_db()
    assert export.state == "queued"


def test_a_download_is_the_file_to_the_byte(as_engineer, export, engineer):
    response = download(as_engineer, export, **{"Accept-Encoding": "gzip"})
    content = export_path(export).read_bytes()
    assert response.getvalue() == content
    assert response["Content-Length"] == str(len(content))
    assert response["Content-Disposition"] == f'attachment; filename="release-{export.release_id}-sft-messages.jsonl"'
    assert response["ETag"] == f'"{export.sha256}"'
    event = AuditEvent.objects.get(verb="export.download")
    assert (event.actor, event.object_id) == (engineer, export.pk)


@pytest.mark.parametrize(
    ("wanted", "part"),
    [
        ("bytes=0-9", slice(0, 10)),
        ("bytes=10-", slice(10, None)),
        ("bytes=-5", slice(-5, None)),
        ("bytes=3-3", slice(3, 4)),
        ("bytes=5-999999", slice(5, None)),
        ("bytes=-999999", slice(0, None)),
        ("bytes=0-", slice(0, None)),
        (f"bytes=0-{'9' * 30}", slice(0, None)),
        ("Bytes=2-4", slice(2, 5)),
    ],
)
def test_a_download_goes_on_from_any_byte(as_engineer, export, wanted, part):
    content = export_path(export).read_bytes()
    response = download(as_engineer, export, Range=wanted)
    assert response.getvalue() == content[part]
    start = range(len(content))[part][0]
    assert response.status_code == 206
    assert response["Content-Range"] == f"bytes {start}-{start + len(content[part]) - 1}/{len(content)}"


@pytest.mark.parametrize("wanted", ["bytes=a-b", "bytes=-", "lines=1-2", "bytes=0-1,4-5", "bytes=٣-٤", "bytes=5-2"])
def test_a_range_that_is_none_gives_the_whole_or_nothing(as_engineer, export, wanted):
    response = download(as_engineer, export, Range=wanted)
    assert response.status_code == (416 if wanted == "bytes=5-2" else 200)


@pytest.mark.parametrize("wanted", ["bytes=99999999-", f"bytes={'9' * 30}-", "bytes=-0"])
def test_a_range_past_the_end_is_refused_with_the_size(as_engineer, export, wanted):
    response = download(as_engineer, export, Range=wanted)
    assert (response.status_code, response["Content-Range"]) == (416, f"bytes */{export.byte_size}")


def test_a_changed_file_is_sent_whole_and_an_equal_one_not_at_all(as_engineer, export):
    changed = download(as_engineer, export, Range="bytes=5-", **{"If-Range": '"another"'})
    assert (changed.status_code, len(changed.getvalue())) == (200, export.byte_size)
    assert download(as_engineer, export, **{"If-None-Match": f'"{export.sha256}"'}).status_code == 304


def test_head_tells_the_size_without_the_file(as_engineer, export):
    response = as_engineer.head(reverse("export_download", args=[export.pk]), headers={"Range": "bytes=2-5"})
    assert (response.status_code, response["Content-Length"]) == (200, str(export.byte_size)), "ranges are for GET"
    assert response.getvalue() == b""
    assert not AuditEvent.objects.filter(verb="export.download").exists()


def test_a_file_that_is_not_there_is_a_404(as_engineer, export):
    export_path(export).unlink()
    assert download(as_engineer, export).status_code == 404
    Export.objects.update(state="running")
    assert download(as_engineer, export).status_code == 404


@pytest.mark.parametrize("role", ["curator", "nobody"])
def test_who_may_not_download_cannot(client, request, export, role):
    client.force_login(request.getfixturevalue(role))
    assert download(client, export).status_code == 403
    assert client.post(reverse("export_create", args=[export.release_id]), {"format": "full"}).status_code == 403


def link_of(client, export):
    page = squeezed(client.get(reverse("release_detail", args=[export.release_id])))
    return re.search(r"\?key=[\w:-]+", page)[0]


class TestLinks:
    """The address in the curl line: no login, one file, one person, one day."""

    def test_it_works_without_a_login(self, as_engineer, export):
        link = link_of(as_engineer, export)
        as_engineer.logout()
        assert download(as_engineer, export).status_code == 403
        assert download(as_engineer, export, link).getvalue() == export_path(export).read_bytes()

    def test_it_ends_after_a_day(self, as_engineer, export):
        link = link_of(as_engineer, export)
        later = (timezone.now() + timedelta(days=1, seconds=1)).timestamp()
        with mock.patch("django.core.signing.time.time", return_value=later):
            assert download(as_engineer, export, link).status_code == 403

    def test_it_is_good_for_one_file_only(self, as_engineer, export, release, engineer):
        other = request_export(actor=engineer, release=release, export_format="full")
        write_export(job_id=other.pk)
        link = link_of(as_engineer, export)
        keys = [download(as_engineer, found, link).status_code for found in (export, other)]
        assert sorted(keys) == [200, 403]

    def test_it_ends_with_the_permission_or_the_account(self, as_engineer, export, engineer):
        link = link_of(as_engineer, export)
        as_engineer.logout()
        engineer.is_active = False
        engineer.save()
        assert download(as_engineer, export, link).status_code == 403

    @pytest.mark.parametrize("link", ["?key=", "?key=x", "?key=eyJ4IjoxfQ:1tXyz:abc"])
    def test_a_made_up_one_is_refused(self, client, export, link):
        assert download(client, export, link).status_code == 403

    def test_who_may_not_download_gets_none(self, client, curator, export):
        client.force_login(curator)
        assert "?key=" not in squeezed(client.get(reverse("release_detail", args=[export.release_id])))


def test_the_row_says_that_training_and_held_out_rows_are_together(as_engineer, release, engineer, curator, lead):
    trace = factories.make_trace(decision="accepted", problem=factories.make_problem(split="eval"))
    factories.make_review(trace=trace, reviewer=curator)
    both = freeze_accepted(actor=lead, title="Both sides", key=uuid.uuid4())
    for frozen, is_told in ((release, False), (both, True)):
        export = request_export(actor=engineer, release=frozen, export_format="sft-messages")
        write_export(job_id=export.pk)
        page = squeezed(as_engineer.get(reverse("release_detail", args=[frozen.pk])))
        assert ("Rows of the splits eval, train are together in this file" in page) == is_told
