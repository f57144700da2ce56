"""Traces that `verifiers` itself writes, with an environment, a harness and an endpoint of this test, come in whole.

Point VERIFIERS_PYTHON at a Python that has `verifiers` (0.4.0 was tried); it needs no model, no sandbox and no network.
"""

import os
import subprocess
from pathlib import Path

import pytest

from tests import factories
from tests.services.imports.test_writing import LOGS, bring
from trajectories.models import Trace

pytestmark = pytest.mark.django_db


def test_traces_that_verifiers_itself_writes_come_in_whole_and_once(tmp_path):
    python = os.environ.get("VERIFIERS_PYTHON")
    if not python:
        pytest.skip("VERIFIERS_PYTHON names no Python that has verifiers")
    (tmp_path / "sums.py").write_text((LOGS / "sums.py").read_text())
    environment = {**os.environ, "HOME": str(tmp_path), "HF_HUB_OFFLINE": "1", "SAID_KEY": "none", "PYTHONPATH": "."}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    done = subprocess.run(
        [python, LOGS / "write_verifiers.py"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    (path,) = Path(tmp_path / "out").rglob("traces.jsonl")
    for name, question, answer in (("vf-0", "[vf] Six times seven?", "42"), ("vf-1", "[vf] Two and three?", "5")):
        factories.make_problem(name=name, kind="numeric", spec={}, reference=answer, statement=question)
    report = bring(path.read_bytes(), path.name)
    assert (report.inserted, report.fault_count, report.verdicts) == (2, 0, 6)
    assert report.told["shapes"] == {"episode": 2}
    first, second = Trace.objects.select_related("problem", "reasoning").order_by("problem__name")
    assert (first.problem.name, first.answer, first.finish_reason) == ("vf-0", "42", "stop")
    assert (second.problem.name, second.answer, second.finish_reason) == ("vf-1", "4", "length")
    assert [part["kind"] for part in first.parts] == ["content", "tool_call", "tool_result", "thinking", "content"]
    assert [part["kind"] for part in second.parts] == ["thinking", "content"]
    assert first.reasoning.body.count("Six sevens. ") >= 199
    counted = (first.input_tokens, first.cached_tokens, first.reasoning_tokens, first.output_tokens)
    assert counted == (30, 10, 14, 40), "of both calls"
    assert (second.temperature, second.facts["model"], second.facts["agent"]) == (0.5, "said-model", "agent")
    scores = dict(first.imported_verdicts.values_list("verifier", "outcome"))
    assert scores == {"verifiers reward": "fail", "verifiers right": "pass", "verifiers turns": "unscored"}
    assert dict(second.imported_verdicts.values_list("verifier", "outcome"))["verifiers right"] == "fail"
    again = bring(path.read_bytes(), path.name)
    assert (again.inserted, again.duplicates, again.verdicts) == (0, 2, 0)
