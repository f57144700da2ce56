"""Logs that lm-evaluation-harness itself writes, with a model of this test and a task of its own, come in whole.

Point LM_EVAL_PYTHON at a Python that has `lm-eval` (0.4.13 was tried); it needs no model, no torch and no network.
"""

import os
import subprocess
from pathlib import Path

import pytest

from tests import factories
from tests.services.imports.test_writing import LOGS, bring
from trajectories.models import Trace

pytestmark = pytest.mark.django_db
DATA = '{"question": "[le] Six times seven?", "answer": "42"}\n{"question": "[le] Two and three?", "answer": "5"}\n'


def test_samples_that_lm_eval_itself_logs_come_in_with_their_scores(tmp_path):
    python = os.environ.get("LM_EVAL_PYTHON")
    if not python:
        pytest.skip("LM_EVAL_PYTHON names no Python that has lm-eval")
    (tmp_path / "sums.yaml").write_text((LOGS / "sums.yaml").read_text())
    (tmp_path / "data.jsonl").write_text(DATA)
    environment = {**os.environ, "HF_HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [python, LOGS / "write_lm_eval.py"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    (path,) = Path(tmp_path / "logs").rglob("samples_*.jsonl")
    for name, question, answer in (("le-0", "[le] Six times seven?", "42"), ("le-1", "[le] Two and three?", "5")):
        factories.make_problem(name=name, kind="numeric", spec={}, reference=answer, statement=question)
    report = bring(path.read_bytes(), path.name)
    assert (report.inserted, report.fault_count, report.verdicts) == (4, 0, 8)
    traces = list(Trace.objects.select_related("reasoning", "problem").order_by("pk"))
    assert {trace.problem.name for trace in traces} == {"le-0", "le-1"}
    assert {trace.temperature for trace in traces} == {0.5}
    said = {trace.reasoning.body: trace for trace in traces}
    first = next(trace for body, trace in said.items() if body.startswith("Try "))
    scores = dict(first.imported_verdicts.values_list("verifier", "outcome"))
    assert scores == {"lm-eval first": "fail", "lm-eval digits": "pass"}
