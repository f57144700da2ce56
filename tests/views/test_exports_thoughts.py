"""Choosing how a file writes thoughts, on the page of a release."""

import json
import uuid

import pytest
from django.urls import reverse

from tests import factories
from tests.pages import squeezed
from trajectories.core.curation.reviews import Decision, ReviewDraft
from trajectories.models import Export
from trajectories.services.curation.reviews import submit_review
from trajectories.services.releases.exports import export_filename, export_path, write_export
from trajectories.services.releases.freezing import freeze_accepted

pytestmark = pytest.mark.django_db


@pytest.fixture
def release(settings, tmp_path, lead):
    settings.EXPORT_DIR = tmp_path / "exports"
    parts = [{"kind": "thinking", "start": 0, "end": 9}, {"kind": "content", "start": 11, "end": 12}]
    trace = factories.make_trace(reasoning="Two twos.\n\n4", parts=parts, program="", steps=[])
    submit_review(reviewer=lead, trace=trace, draft=ReviewDraft(Decision.ACCEPT), key=uuid.uuid4())
    return freeze_accepted(actor=lead, title="First", key=uuid.uuid4())


def ask(client, release, **values):
    data = {"format": "sft-messages", "form_key": str(uuid.uuid4()), **values}
    return client.post(reverse("export_create", args=[release.pk]), data)


def last_message(export):
    write_export(job_id=export.pk)
    return json.loads(export_path(export).read_text())["messages"][-1]


def test_each_choice_is_a_file_of_its_own(client, lead, release):
    client.force_login(lead)
    for thoughts in ("", "tags", "none", "thinking", "tags"):
        assert ask(client, release, **({"thoughts": thoughts} if thoughts else {})).status_code == 302
    field, tags, none, thinking = Export.objects.order_by("pk")
    assert last_message(field) == {"role": "assistant", "content": "4", "reasoning_content": "Two twos."}
    assert last_message(tags)["content"] == "<think>\nTwo twos.\n</think>\n\n4"
    assert last_message(none) == {"role": "assistant", "content": "4"}
    assert last_message(thinking)["thinking"] == "Two twos."
    assert [export_filename(export) for export in (field, tags, none)] == [
        f"release-{release.pk}-sft-messages{how}.jsonl" for how in ("", "-tags", "-none")
    ]
    page = client.get(reverse("release_detail", args=[release.pk])).content.decode()
    assert "without thoughts" in page
    assert "thoughts in tags" in page


def test_an_archive_has_one_way_only(client, lead, release):
    client.force_login(lead)
    for thoughts in ("tags", "none"):
        ask(client, release, format="full", thoughts=thoughts)
    assert Export.objects.get().thoughts == ""


def test_an_unknown_choice_is_refused_with_what_there_is(client, lead, release):
    client.force_login(lead)
    answer = ask(client, release, thoughts="loud")
    assert (answer.status_code, answer.content.decode()) == (
        422,
        "Thoughts: expected one of reasoning_content, thinking, reasoning, tags, none.",
    )
    assert not Export.objects.exists()
    assert client.get(reverse("release_detail", args=[release.pk]) + "?thoughts=loud").status_code == 404


def test_the_first_rows_show_the_choice(client, lead, release):
    client.force_login(lead)
    address = reverse("release_detail", args=[release.pk])
    shown = client.get(f"{address}?format=sft-messages&thoughts=thinking").context
    assert json.loads(shown["rows"][0])["messages"][-1]["thinking"] == "Two twos."
    assert client.get(f"{address}?format=full").context["row_thoughts"] == ""


def test_a_file_from_before_says_so(client, lead, release):
    made = {"format": "sft-messages", "state": "ready", "rows_written": 1, "byte_size": 9}
    Export.objects.create(release=release, thoughts="", **made)
    client.force_login(lead)
    page = client.get(reverse("release_detail", args=[release.pk])).content.decode()
    assert "made before thoughts were kept apart" in page
    assert "sft-messages-thoughts-in-text.jsonl" in page


def test_the_form_takes_container_template_and_pairs(client, lead, release):
    client.force_login(lead)
    assert ask(client, release, container="recommended").status_code == 302
    assert ask(client, release, container="recommended", template="trl").status_code == 302
    asked = {"format": "preference", "container": "recommended", "most": "2", "longest": "1.5", "rewrite": "on"}
    assert ask(client, release, **asked).status_code == 302
    plain, objects, pairs = Export.objects.order_by("pk")
    assert (plain.container, plain.arguments) == ("parquet", "text")
    assert (objects.container, objects.arguments) == ("jsonl", "objects")
    assert pairs.options == {"longest": 1.5, "most": 2, "rewrite": True}
    page = client.get(reverse("release_detail", args=[release.pk])).content.decode()
    assert "lengths up to 1 : 1.5" in page
    assert "at most 2 pairs of a problem" in page


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"container": "rar"}, "Container: expected one of jsonl, jsonl.gz, parquet, folder, json."),
        ({"format": "full", "container": "parquet"}, "Container: found 'parquet', expected one of jsonl, jsonl.gz."),
        ({"most": "0"}, "Pairs: at most of one problem: Found 0, expected a whole number from 1 to 1,000."),
    ],
)
def test_what_does_not_fit_is_refused_in_one_sentence(client, lead, release, asked, said):
    client.force_login(lead)
    answer = ask(client, release, **asked)
    assert (answer.status_code, answer.content.decode()) == (422, said)
    assert not Export.objects.exists()


def test_a_file_without_rows_says_what_it_needs(client, lead, release):
    client.force_login(lead)
    ask(client, release, format="preference", container="recommended")
    write_export(job_id=Export.objects.get().pk)
    page = squeezed(client.get(reverse("release_detail", args=[release.pk])))
    assert (
        "No trace of this release has a row in this format: it needs for a problem both right and wrong traces" in page
    )
