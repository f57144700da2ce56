"""Logs that lm-evaluation-harness itself writes, with a model of this test and a task of its own, come in whole.

Point LM_EVAL_PYTHON at a Python that has `lm-eval` (0.4.13 was tried); it needs no model, no torch and no network.
"""

import os
import subprocess
from pathlib import Path

import pytest

from tests import factories
from tests.services.imports.test_writing import bring
from trajectories.models import Trace

pytestmark = pytest.mark.django_db
TASK = r"""
task: sums
dataset_path: json
dataset_kwargs: {data_files: {test: data.jsonl}}
test_split: test
output_type: generate_until
doc_to_text: "Question: {{question}}\nAnswer:"
doc_to_target: "{{answer}}"
generation_kwargs: {until: ["\n\n"], temperature: 0.5}
repeats: 2
filter_list:
  - {name: first, filter: [{function: take_first}]}
  - {name: digits, filter: [{function: regex, regex_pattern: "(\\d+)$"}, {function: take_first}]}
metric_list: [{metric: exact_match, aggregation: mean, higher_is_better: true}]
"""
DATA = '{"question": "[le] Six times seven?", "answer": "42"}\n{"question": "[le] Two and three?", "answer": "5"}\n'
EVALUATES = """
from pathlib import Path
from lm_eval import simple_evaluate
from lm_eval.api.model import LM
from lm_eval.loggers import EvaluationTracker
from lm_eval.tasks import TaskManager

class Said(LM):
    def loglikelihood(self, requests, **options):
        raise NotImplementedError
    loglikelihood_rolling = loglikelihood
    def generate_until(self, requests, **options):
        return [f"Try {place}: 42" if "Six" in each.args[0] else str(5 + place) for place, each in enumerate(requests)]

manager = TaskManager(include_path=str(Path.cwd()), include_defaults=False)
results = simple_evaluate(model=Said(), tasks=["sums"], task_manager=manager, log_samples=True, bootstrap_iters=0)
tracker = EvaluationTracker(output_path="logs")
samples = results.pop("samples")
tracker.save_results_aggregated(results=results, samples=samples)
tracker.save_results_samples(task_name="sums", samples=samples["sums"])
"""


def test_samples_that_lm_eval_itself_logs_come_in_with_their_scores(tmp_path):
    python = os.environ.get("LM_EVAL_PYTHON")
    if not python:
        pytest.skip("LM_EVAL_PYTHON names no Python that has lm-eval")
    (tmp_path / "sums.yaml").write_text(TASK)
    (tmp_path / "data.jsonl").write_text(DATA)
    environment = {**os.environ, "HF_HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [python, "-c", EVALUATES], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
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
