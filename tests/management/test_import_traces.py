"""`manage.py import_traces`."""

import json
import os

import pytest
from django.core.management import CommandError, call_command

from tests import factories
from trajectories.models import AuditEvent, Trace

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
