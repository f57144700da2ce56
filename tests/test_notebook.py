"""The notebook of docs/: every cell, in order, by a Python of its own, against a server and a worker that run.

No package that runs notebooks is among the tests': the cells are read as the JSON that they are.
"""

import json
import os
import subprocess
import sys

import pytest

from tests import factories
from tests.worker import ROOT
from trajectories.models import Run, Trace
from trajectories.services.clients.tokens import make_token

NOTEBOOK = ROOT / "docs" / "api.ipynb"


def cells(kind):
    found = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    assert (found["nbformat"], found["metadata"]["kernelspec"]["name"]) == (4, "python3")
    return ["".join(cell["source"]) for cell in found["cells"] if cell["cell_type"] == kind]


def test_it_holds_no_output_and_no_secret():
    found = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    code = [cell for cell in found["cells"] if cell["cell_type"] == "code"]
    assert len(code) > 8
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    assert "mc_" not in NOTEBOOK.read_text(encoding="utf-8")


@pytest.mark.usefixtures("celery_worker_process")
def test_every_cell_runs(live_server, lead, tmp_path):
    factories.make_problem(name="flip")
    secret = make_token(owner=lead, title="A notebook", scopes=["read", "write", "launch"], days=1)[1]
    script = tmp_path / "cells.py"
    script.write_text("\n\n".join(cells("code")), encoding="utf-8")
    environment = {**os.environ, "MINICOLUMN_URL": live_server.url, "MINICOLUMN_TOKEN": secret, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(
        [sys.executable, script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    told = ended.stdout.splitlines()
    assert told[:3] == ["20 new, 0 known", "20 new, 0 known", "Counter({'pass': 15, 'fail': 5})"]
    assert "422 Found no problem set 'no-such-set', expected the name of one." in told
    assert "thinking I add 20 and 20, which is 41." in told
    run = Run.objects.get()
    assert (run.state, run.title) == ("finished", "From a notebook")
    assert f"finished {run.done_count} of {run.planned_count} samples" in ended.stdout
    assert Trace.objects.filter(run=None).count() == 20
