"""Writing a release to a folder from the command line."""

import errno
import json
import uuid
import zipfile

import pyarrow.parquet
import pytest
from django.core.management import CommandError, call_command

from tests import factories
from trajectories.core.curation.reviews import Decision, ReviewDraft
from trajectories.models import Export
from trajectories.services.curation.reviews import submit_review
from trajectories.services.releases.freezing import freeze_accepted
from trajectories.services.releases.tags import move_tag
from trajectories.services.releases.withdrawals import withdraw_trace

pytestmark = pytest.mark.django_db


@pytest.fixture
def release(curator, lead):
    trace = factories.make_trace()
    factories.make_verdict(trace=trace)
    submit_review(reviewer=curator, trace=trace, draft=ReviewDraft(Decision.ACCEPT), key=uuid.uuid4())
    return freeze_accepted(actor=lead, title="One", key=uuid.uuid4())


def test_the_recommended_file_with_what_goes_beside_it(release, tmp_path, capsys):
    call_command("export", str(release.pk), output=tmp_path)
    name = f"release-{release.pk}-sft-messages.parquet"
    assert {path.name for path in tmp_path.iterdir()} == {name, "dataset_info.json", "axolotl.yaml"}
    assert pyarrow.parquet.read_table(tmp_path / name).num_rows == 1
    assert json.loads((tmp_path / "dataset_info.json").read_text())["release"]["file_name"] == name
    assert "ds_type: parquet" in (tmp_path / "axolotl.yaml").read_text()
    assert "1 rows from 1 of 1 traces" in capsys.readouterr().out
    assert not Export.objects.exists()


def test_what_another_file_had_beside_it_is_not_replaced_in_silence(release, tmp_path, capsys):
    call_command("export", str(release.pk), output=tmp_path)
    call_command("export", str(release.pk), output=tmp_path)
    assert capsys.readouterr().err == ""
    call_command("export", str(release.pk), format="sharegpt", output=tmp_path)
    told = capsys.readouterr().err
    assert f"{tmp_path / 'dataset_info.json'}: it told of something else before" in told
    assert f"tells of release-{release.pk}-sharegpt" in told


def test_a_folder_is_unpacked_and_a_tag_names_a_release(release, lead, tmp_path):
    move_tag(actor=lead, release=release, name="prod")
    call_command("export", "prod", container="folder", template="plain", output=tmp_path)
    folder = tmp_path / f"release-{release.pk}-sft-messages-none-objects"
    assert (folder / "data" / "train-00000-of-00001.parquet").is_file()
    assert (folder / "README.md").read_text().startswith("---\nlicense: other\n")
    assert json.loads((folder / "manifest.json").read_text())["sha256"] == release.content_hash


def test_what_cannot_be_unpacked_is_said_and_leaves_no_half_of_a_folder(release, tmp_path, monkeypatch):
    def fill_up(archive: zipfile.ZipFile, folder: str) -> None:
        archive.extract(archive.namelist()[0], folder)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "extractall", fill_up)
    with pytest.raises(CommandError, match=r"\.zip is whole; what belongs beside it .* \(No space left on device\)"):
        call_command("export", str(release.pk), container="folder", output=tmp_path)
    assert [path.suffix for path in tmp_path.iterdir()] == [".zip"]


def test_a_file_in_the_way_of_a_folder_is_said(release, tmp_path):
    (tmp_path / f"release-{release.pk}-sft-messages").touch()
    with pytest.raises(
        CommandError, match=r"\.zip is whole; what belongs beside it .* \((File exists|Not a directory)\)"
    ):
        call_command("export", str(release.pk), container="folder", output=tmp_path)


def test_splits_that_are_together_in_a_file_are_told(release, lead, tmp_path, capsys):
    for options in ({}, {"container": "folder"}):
        call_command("export", str(release.pk), output=tmp_path, **options)
    assert "are together" not in capsys.readouterr().err
    trace = factories.make_trace(problem=factories.make_problem(split="eval"))
    submit_review(reviewer=lead, trace=trace, draft=ReviewDraft(Decision.ACCEPT), key=uuid.uuid4())
    both = freeze_accepted(actor=lead, title="Both sides", key=uuid.uuid4())
    for options in ({"container": "folder"}, {"meta": True}, {"format": "full"}):
        call_command("export", str(both.pk), output=tmp_path, **options)
    assert "are together" not in capsys.readouterr().err
    told = "Rows of the splits eval, train are together in this file: "
    call_command("export", str(both.pk), output=tmp_path)
    assert f"{told}a folder has a file for each, and with meta each row says its own." in capsys.readouterr().err
    call_command("export", str(both.pk), format="rft-openai", output=tmp_path)
    assert f"{told}with meta each row says its own." in capsys.readouterr().err


def test_a_template_decides_what_is_not_chosen(release, tmp_path):
    call_command("export", str(release.pk), template="llama-factory", container="jsonl", output=tmp_path)
    assert (tmp_path / f"release-{release.pk}-sft-messages-tags.jsonl").is_file()
    call_command("export", str(release.pk), template="llama-factory", thoughts="none", output=tmp_path)
    assert (tmp_path / f"release-{release.pk}-sft-messages-none.parquet").is_file()


def test_a_superseded_release_and_a_format_without_rows_are_told(release, lead, tmp_path, capsys):
    trace = release.items.get().trace
    withdraw_trace(actor=lead, trace=trace, reason="Leaked.")
    call_command("export", str(release.pk), format="preference", output=tmp_path)
    told = capsys.readouterr().err
    assert f"This release is superseded: 1 of its traces were withdrawn since ([{trace.pk}])." in told
    assert "No trace has a row in this format: it needs for a problem both right and wrong traces" in told


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"release": "99"}, "Release: found '99', expected the id of a release, or a tag that one has."),
        ({"format": "full", "container": "parquet"}, "Container: found 'parquet', expected one of jsonl, jsonl.gz."),
        ({"most": 0}, "Pairs: found a number below 1, expected 1 or more."),
    ],
)
def test_what_cannot_be_written_is_said(release, tmp_path, options, said):
    named = options.pop("release", str(release.pk))
    with pytest.raises(CommandError) as refused:
        call_command("export", named, output=tmp_path, **options)
    assert str(refused.value) == said
    assert not list(tmp_path.iterdir())
