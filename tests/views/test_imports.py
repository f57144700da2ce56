"""The pages of imports: who may see them, what they say at each stage, and what can be done."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.urls import reverse

from tests import factories
from tests.imports import finish, latest
from tests.jobs import steering
from tests.pages import squeezed
from trajectories.models import Import, PendingVerification, Trace

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
ROW = {"problem_id": "sum-1", "response": "4", "model": "m-1"}


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.VAR_DIR = tmp_path
    factories.make_problem(name="sum-1", kind="numeric", spec={}, reference="4")


def send(client, *rows, name="rows.jsonl"):
    data = "".join(f"{json.dumps(row)}\n" for row in rows).encode()
    return client.post(reverse("trace_import"), {"traces": [SimpleUploadedFile(name, data)]})


def test_a_waiting_import_polls_and_says_that_it_waits(as_lead, django_assert_num_queries):
    address = send(as_lead, ROW)["Location"]
    assert address == reverse("import_detail", args=[latest().pk])
    with django_assert_num_queries(4):
        page = as_lead.get(address)
    text = page.content.decode()
    assert "It waits for a worker." in text
    assert "hx-get" in text
    assert "HX-Request" in page["Vary"]
    part = as_lead.get(address, headers=HTMX).content.decode()
    assert "<html" not in part
    assert "Queued" in part


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"cursor": 1200, "done": 5, "total": 10}, "1,200 rows read and checked."),
        ({"cursor": 1200, "done": 5, "total": 10, "fault_count": 7}, "1,200 rows read and checked, 7 of them bad."),
        ({"writing": True, "staged_count": 99_000}, "All 99,000 are read and checked; now they are written."),
        ({"reason": "No space left on the disk; goes on by itself once there is space."}, "No space left on the disk"),
        ({"faults": [["a.jsonl", "line 3", "found <b>"]], "total": 1, "fault_count": 1}, "found &lt;b&gt;"),
    ],
)
def test_it_says_how_far_it_is(as_lead, values, words):
    address = send(as_lead, ROW)["Location"]
    Import.objects.update(**values)
    assert words in as_lead.get(address, headers=HTMX).content.decode()


def test_a_finished_import_links_to_what_came_in_and_polls_no_more(as_lead, django_assert_num_queries):
    address = send(as_lead, ROW)["Location"]
    page = finish(as_lead, as_lead.get(address) and send(as_lead, {**ROW, "response": "5"})).content.decode()
    assert "hx-get" not in page.split("<main")[1]
    assert "The traces are being verified" in page
    assert f"/traces/?sampler={Trace.objects.get().sampler_id}" in page
    address = reverse("import_detail", args=[latest().pk])
    with django_assert_num_queries(5):
        as_lead.get(address)
    PendingVerification.objects.all().delete()
    done = as_lead.get(address).content.decode()
    assert "The traces are verified." in done
    assert "being verified" not in done


def test_a_refused_import_says_how_problems_that_are_missing_come_in(as_lead):
    page = finish(as_lead, send(as_lead, {**ROW, "problem_id": "none"})).content.decode()
    assert "Where problems are missing, tick “Make the problems that are not here”." in page


def test_a_refused_import_offers_the_good_rows(as_lead):
    page = finish(as_lead, send(as_lead, ROW, {**ROW, "problem_id": "none"})).content.decode()
    refused = latest()
    assert "line 2" in page
    repeat = reverse("import_repeat", args=[refused.pk])
    assert repeat in page
    assert as_lead.get(repeat).status_code == 405
    finish(as_lead, as_lead.post(repeat))
    assert (latest().state, latest().inserted) == ("finished", 1)
    assert latest().pk != refused.pk
    assert "The files are gone" in as_lead.post(repeat, follow=True).content.decode()


def test_an_import_can_be_cancelled_once(as_lead):
    send(as_lead, ROW)
    cancel = steering("import", latest(), "cancel")
    assert "Nothing was imported." in as_lead.post(cancel, follow=True).content.decode()
    assert "The import is cancelled already." in as_lead.post(cancel, follow=True).content.decode()
    assert as_lead.get(cancel).status_code == 405


def test_the_list_goes_by_key(as_lead, monkeypatch, django_assert_num_queries):
    assert "Nothing was imported yet" in as_lead.get(reverse("import_list")).content.decode()
    for name in ("one.jsonl", "two.jsonl", "three.jsonl"):
        send(as_lead, ROW, name=name)
    monkeypatch.setattr("trajectories.views.imports.PAGE_ROWS", 2)
    with django_assert_num_queries(4):
        newest = as_lead.get(reverse("import_list")).content.decode()
    assert "three.jsonl" in newest
    assert "one.jsonl" not in newest
    oldest = as_lead.get(
        reverse("import_list", query={"before": Import.objects.earliest("pk").pk + 1})
    ).content.decode()
    assert "one.jsonl" in oldest
    assert 'rel="next"' not in oldest


@pytest.mark.parametrize("role", ["curator", "engineer", "nobody"])
def test_only_who_may_import_sees_imports(client, as_lead, role, request):
    send(as_lead, ROW)
    job = latest()
    client.force_login(request.getfixturevalue(role))
    for address in (reverse("import_list"), reverse("import_detail", args=[job.pk])):
        assert client.get(address).status_code == 403
    for address in (steering("import", job, "cancel"), reverse("import_repeat", args=[job.pk])):
        assert client.post(address).status_code == 403
    job.refresh_from_db()
    assert job.state == "queued"
    assert as_lead.get("/imports/999999/").status_code in (403, 404)


def test_names_of_files_are_shown_as_they_are(as_lead):
    address = send(as_lead, ROW, name="<b>rows.jsonl")["Location"]
    page = as_lead.get(address).content.decode()
    assert "<b>rows" not in page
    assert "&lt;b&gt;rows.jsonl" in page


def test_an_upload_that_does_not_fit_on_the_disk_is_said_and_keeps_nothing(as_lead, monkeypatch, tmp_path):
    import errno

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("trajectories.adapters.kept_uploads.shutil.copyfileobj", full)
    page = send(as_lead, ROW)
    assert page.status_code == 422
    assert "No space left on the disk, so nothing was kept." in page.content.decode()
    assert not Import.objects.exists()
    assert list((tmp_path / "uploads").iterdir()) == []


def test_what_did_not_come_in_is_told_with_its_count(as_lead, capsys, tmp_path):
    picture = {"role": "user", "content": [{"type": "text", "text": "2?"}, {"type": "image_url", "image_url": {}}]}
    shown = {"problem_id": "sum-1", "messages": [picture, {"role": "assistant", "content": "4"}], "uuid": "u"}
    page = finish(as_lead, send(as_lead, shown, {**shown, "tags": ["<b>"]}, {**ROW, "uuid": "v"}))
    told = latest().told
    kind = "parts of messages that are no text: image_url"
    assert (told["left_out"], told["unread"]) == ({kind: 2}, {"uuid": 3, "tags": 1})
    text = squeezed(page)
    assert "What did not come in: 3 kinds" in text
    for what, count in ((kind, 2), ("column uuid", 3), ("column tags", 1)):
        assert f'<td class="wrapped">{what}</td><td class="num">{count}</td>' in text
    file = tmp_path / "rows.jsonl"
    file.write_text(f"{json.dumps(shown)}\n")
    call_command("import_traces", file)
    assert f"left out: {kind} (1)\ncolumns not read: uuid (1)\n" in capsys.readouterr().err
