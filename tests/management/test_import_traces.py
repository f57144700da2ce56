"""`manage.py import_traces`."""

import json
import os

import pytest
from django.core.management import CommandError, call_command

from tests import factories
from trajectories.models import AuditEvent, Import, Trace
from trajectories.services.imports.jobs import import_next

pytestmark = pytest.mark.django_db
ROW = {"problem_id": "sum-1", "response": "4", "model": "m-1"}


@pytest.fixture
def rows(tmp_path):
    factories.make_problem(name="sum-1", kind="numeric", statement="What is 2 + 2?", spec={}, reference="4")

    def write(*values):
        path = tmp_path / "rows.jsonl"
        path.write_text("".join(json.dumps(value) + "\n" for value in values))
        return path

    return write


def test_import(rows, capsys):
    call_command("import_traces", rows(ROW, {**ROW, "response": "5"}))
    assert "2 new, 0 known already, 0 bad" in capsys.readouterr().out
    call_command("import_traces", rows(ROW))
    assert "0 new, 1 known already, 0 bad" in capsys.readouterr().out


def test_bad_rows(rows, capsys):
    path = rows(ROW, {**ROW, "problem_id": "no"})
    with pytest.raises(CommandError, match="1 bad, so nothing was imported; --skip-bad imports the rest"):
        call_command("import_traces", path)
    assert "line 2: found no problem named 'no'" in capsys.readouterr().err
    call_command("import_traces", path, "--skip-bad")
    assert Trace.objects.count() == 1


def test_rows_of_no_known_shape_come_in_by_what_is_said_of_them(rows, capsys):
    path = rows({"task": {"id": "sum-1"}, "out": ["4"]}, {"task": {"id": "sum-1"}, "out": []})
    given = ["--field", "response=out.0", "--field", "problem_id=task.id"]
    call_command("import_traces", path, *given, "--skip-bad")
    told = capsys.readouterr()
    assert "1 new, 0 known already, 1 bad" in told.out
    assert "line 2 out.0: found nothing there, expected the model's response" in told.err
    with pytest.raises(CommandError, match="--field: Found nothing, expected where the question stands"):
        call_command("import_traces", path, "--field", "response=out.0")


def test_nothing_good_and_no_file(rows, tmp_path):
    with pytest.raises(CommandError, match="1 bad, and nothing good to import"):
        call_command("import_traces", rows({}), "--skip-bad")
    with pytest.raises(CommandError, match=r"none\.jsonl: cannot be read: No such file"):
        call_command("import_traces", tmp_path / "none.jsonl")


def test_a_name_that_is_no_text_is_shown_as_far_as_it_can_be(rows):
    path = rows(ROW)
    odd = path.rename(os.fsdecode(os.fsencode(path.parent) + b"/caf\xe9.jsonl"))
    call_command("import_traces", odd)
    assert AuditEvent.objects.get(verb="import").data["source"].endswith("/caf\ufffd.jsonl")
    gone = odd.with_name(os.fsdecode(b"\xff.jsonl"))
    with pytest.raises(CommandError, match="\ufffd\\.jsonl: cannot be read: No such file"):
        call_command("import_traces", gone)


def test_an_import_by_the_command_is_a_job_with_its_page_and_leaves_nothing_behind(rows, tmp_path, settings, capsys):
    settings.VAR_DIR = tmp_path / "var"
    path = rows({**ROW, "score": 1}, {**ROW, "response": "5", "score": 1})
    call_command("import_traces", path)
    job = Import.objects.get()
    assert f"import {job.pk}: /imports/{job.pk}/" in capsys.readouterr().out
    assert (job.state, job.inserted, job.told["verdicts"], job.created_by) == ("finished", 2, 2, None)
    assert set(Trace.objects.values_list("import_job", flat=True)) == {job.pk}, "for its page of differences"
    assert path.exists(), "it was read where it lies"
    assert not list((tmp_path / "var" / "uploads").iterdir())


def test_the_same_command_goes_on_with_an_import_that_was_stopped(rows, tmp_path, settings, capsys):
    settings.VAR_DIR = tmp_path / "var"
    path = rows(ROW, {**ROW, "response": "5"})
    call_command("import_traces", path, "--no-wait")
    assert "is queued" in capsys.readouterr().out
    job = Import.objects.get()
    call_command("import_traces", path, "--skip-bad")
    assert Import.objects.count() == 2, "another way to import it is another import"
    Trace.objects.all().delete()
    call_command("import_traces", path)
    assert Import.objects.count() == 2
    assert Import.objects.get(pk=job.pk).state == "finished"


def test_a_file_that_was_changed_meanwhile_is_not_gone_on_with(rows, tmp_path, settings):
    settings.VAR_DIR = tmp_path / "var"
    path = rows(ROW)
    call_command("import_traces", path, "--no-wait")
    rows(ROW, {**ROW, "response": "5"})
    call_command("import_traces", path)
    first, second = Import.objects.order_by("pk")
    assert (first.state, second.state, second.inserted) == ("queued", "finished", 2)
    assert not import_next(job_id=first.pk)
    first.refresh_from_db()
    assert (first.state, "is gone" in first.reason) == ("failed", True)


def test_a_copied_file_may_go_and_a_worker_brings_it_in(rows, tmp_path, settings):
    settings.VAR_DIR = tmp_path / "var"
    path = rows(ROW)
    call_command("import_traces", path, "--no-wait", "--copy")
    path.unlink()
    job = Import.objects.get()
    while import_next(job_id=job.pk):
        pass
    job.refresh_from_db()
    assert (job.state, job.inserted) == ("finished", 1)
