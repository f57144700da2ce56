"""The page that imports traces: who may, what it says, and that verification is rung for."""

import json
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests import factories
from tests.imports import finish, latest
from trajectories.models import Trace

pytestmark = pytest.mark.django_db
ADDRESS = "/traces/import/"
ROW = {"problem_id": "sum-1", "response": "4", "model": "m-1"}


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.VAR_DIR = tmp_path


@pytest.fixture(autouse=True)
def _problem():
    factories.make_problem(name="sum-1", kind="numeric", statement="What is 2 + 2?", spec={}, reference="4")


def send(client, *rows, **values):
    data = "".join(json.dumps(row) + "\n" for row in rows).encode()
    return client.post(ADDRESS, {"traces": [SimpleUploadedFile("rows.jsonl", data)], **values})


def test_the_form_says_what_is_read(as_lead, django_assert_num_queries):
    with django_assert_num_queries(3):
        text = as_lead.get(ADDRESS).content.decode()
    assert "problem_id" in text
    assert 'enctype="multipart/form-data"' in text


def test_import_rings_for_a_worker_who_rings_for_verification(as_lead, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as bells:
        sent = send(as_lead, ROW, {**ROW, "response": "5"})
    assert len(bells) == 1
    assert not Trace.objects.exists()
    with django_capture_on_commit_callbacks() as bells:
        page = finish(as_lead, sent)
    assert len(bells) == 2, "for verdicts and for words"
    assert (latest().state, latest().inserted) == ("finished", 2)
    sampler = Trace.objects.first().sampler
    assert f"/traces/?sampler={sampler.pk}" in page.content.decode()


def test_bad_rows_keep_everything_out_and_are_shown(as_lead):
    page = finish(as_lead, send(as_lead, ROW, {**ROW, "problem_id": "<b>"}))
    assert latest().state == "refused"
    text = page.content.decode()
    assert "Nothing was imported" in text
    assert "line 2" in text
    assert "&lt;b&gt;" in text
    assert not Trace.objects.exists()
    finish(as_lead, send(as_lead, ROW, {**ROW, "problem_id": "no"}, skip_bad="on"))
    assert Trace.objects.count() == 1


def test_no_file_is_an_error(as_lead):
    page = as_lead.post(ADDRESS, {})
    assert page.status_code == 422
    assert b"Choose at least one file of traces." in page.content


def test_an_upload_past_the_limit_is_not_read(as_lead, settings):
    settings.IMPORT_UPLOAD_BYTES = 1 << 20
    page = send(as_lead, {**ROW, "response": "x" * (2 << 20)})
    assert page.status_code == 422
    assert b"The upload is larger than 1 MB." in page.content
    assert not page.wsgi_request.FILES


@pytest.mark.parametrize("role", ["curator", "engineer", "nobody"])
def test_only_who_may_add_traces(client, role, request):
    client.force_login(request.getfixturevalue(role))
    assert client.get(ADDRESS).status_code == 403
    assert send(client, ROW).status_code == 403
    assert not Trace.objects.exists()


def test_the_csrf_token_is_checked(lead):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(lead)
    assert send(strict, ROW).status_code == 403
    token = strict.get(ADDRESS).context["csrf_token"]
    assert send(strict, ROW, csrfmiddlewaretoken=token).status_code == 302


def test_a_large_file_arrives_in_the_data_folder_and_the_limit_of_problems_is_another_one(as_lead, settings, tmp_path):
    settings.UPLOAD_LIMIT_BYTES = 1 << 20
    sent = send(as_lead, {**ROW, "response": "x" * (4 << 20)})
    arrived = Path(sent.wsgi_request.FILES["traces"].temporary_file_path())
    assert arrived.parent == tmp_path / "uploads"
    assert not arrived.exists(), "it is gone with the request: what is kept has another name"
    finish(as_lead, sent)
    assert latest().inserted == 1
