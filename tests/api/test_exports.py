import uuid

import pytest

from tests import factories
from tests.api.programs import Program
from trajectories.core.curation.reviews import Decision, ReviewDraft
from trajectories.models import Export
from trajectories.services.curation.reviews import submit_review
from trajectories.services.releases.exports import write_export
from trajectories.services.releases.freezing import freeze_accepted


@pytest.fixture
def release(lead, settings, tmp_path):
    settings.EXPORT_DIR = tmp_path
    settings.STORAGES = {
        **settings.STORAGES,
        "exports": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(tmp_path)}},
    }
    trace = factories.make_trace(correctness="pass")
    submit_review(reviewer=lead, trace=trace, draft=ReviewDraft(Decision.ACCEPT), key=uuid.uuid4())
    return freeze_accepted(actor=lead, title="First", key=uuid.uuid4())


def test_a_file_is_asked_for_made_and_downloaded_without_a_token(engineer, release, client):
    program, at = Program(engineer), f"/releases/{release.pk}"
    assert program.get("/releases").json()["items"][0]["items"] == 1
    assert program.get(at).json()["manifest"] == release.manifest
    made = program.post(f"{at}/exports", {"format": "full"}, key="k")
    assert (made.status_code, made.json()["state"]) == (201, "queued")
    key = made.json()["id"]
    waiting = program.get(f"/exports/{key}/link")
    assert (waiting.status_code, waiting.json()["detail"]) == (
        409, "The file is queued; only a ready one can be downloaded.",
    )  # fmt: skip
    write_export(job_id=key)
    link = program.get(f"/exports/{key}/link").json()
    assert program.get(f"/exports/{key}").json()["sha256"] == link["sha256"]
    answer = client.get(link["url"])
    content = b"".join(answer.streaming_content)
    assert (answer.status_code, len(content)) == (200, link["byte_size"])
    assert client.get(link["url"].replace("?key=", "?key=x")).status_code == 403
    assert [row["id"] for row in program.get(f"{at}/exports").json()["items"]] == [key]


def test_a_format_that_there_is_not_is_refused(engineer, release):
    refused = Program(engineer).post(f"/releases/{release.pk}/exports", {"format": "exe"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "format")
    assert not Export.objects.exists()


def test_pairs_are_made_as_asked(engineer, release):
    program, at = Program(engineer), f"/releases/{release.pk}/exports"
    asked = {"format": "preference", "longest": 2, "most": 4, "rewrite": True}
    assert program.post(at, asked).status_code == 201
    assert Export.objects.get().options == {"longest": 2, "most": 4, "rewrite": True}
    assert program.post(at, {"format": "preference"}).json()["id"] != Export.objects.first().pk
    for wrong in ({"most": 0}, {"most": 1_001}, {"longest": 0.5}, {"longest": 101}, {"rewrite": "yes"}):
        refused = program.post(at, {"format": "preference", **wrong})
        assert (refused.status_code, [each["field"] for each in refused.json()["errors"]]) == (422, [*wrong])
