"""Logs that harnesses really wrote, kept in tests/data/logs with how they were made, come in whole."""

import io
import json
import zipfile

import pytest

from tests import factories
from tests.services.imports.planned import plan, work
from tests.services.imports.test_writing import LOGS, bring
from trajectories.models import Trace

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.VAR_DIR = tmp_path


def ask(mark, prefix):
    """The two sums that the logs ask, as they ask them."""
    for number, (question, answer) in enumerate((("Six times seven?", "42"), ("Two and three?", "5"))):
        statement = f"[{mark}] {question}"
        factories.make_problem(
            name=f"{prefix}-{number}", kind="numeric", spec={}, reference=answer, statement=statement
        )


def scores_of(trace):
    return dict(trace.imported_verdicts.values_list("verifier", "outcome"))


def zipped(files):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, source in files.items():
            archive.writestr(name, (LOGS / source).read_bytes())
    return stream.getvalue()


@pytest.mark.parametrize("name", ["inspect-zstd.eval", "inspect-deflate.eval", "inspect.json"])
def test_logs_of_inspect(name):
    ask("ie", "ie")
    report = bring((LOGS / name).read_bytes(), name)
    assert (report.inserted, report.fault_count, report.verdicts) == (2, 0, 6)
    first, second = Trace.objects.order_by("pk")
    assert [(trace.facts["alternative"], trace.finish_reason) for trace in (first, second)] == [
        (1, "stop"),
        (2, "length"),
    ]
    assert first.facts["sampled_as"] != second.facts["sampled_as"]
    assert first.sampler.title == "mockllm/model"
    assert (first.input_tokens, first.cached_tokens, first.reasoning_tokens, first.output_tokens) == (25, 5, 7, 23)
    assert [part["kind"] for part in first.parts] == ["content", "tool_call", "tool_result", "thinking", "content"]
    assert scores_of(first) == {"inspect match": "pass", "inspect includes": "pass", "inspect odd": "unscored"}
    assert bring((LOGS / name).read_bytes(), "again.eval").inserted == 0


def test_samples_of_lm_eval_beside_their_results():
    ask("le", "le")
    data = zipped({
        "out/lab__said/samples_sums_1.jsonl": "lm-eval-samples.jsonl",
        "out/lab__said/results_1.json": "lm-eval-results.json",
    })  # fmt: skip
    report = bring(data, "out.zip")
    assert (report.inserted, report.fault_count, report.verdicts) == (4, 0, 8)
    assert report.told["shapes"] == {"logged": 4, "beside": 1}
    traces = list(Trace.objects.order_by("pk"))
    assert {(trace.sampler.title, trace.temperature) for trace in traces} == {("lab/said", 0.5)}
    assert sorted(trace.facts["alternative"] for trace in traces) == [0, 0, 1, 1]
    alone = bring((LOGS / "lm-eval-results.json").read_bytes(), "results_1.json")
    assert "found results of lm-evaluation-harness, expected traces" in str(alone.faults[0])


def test_rollouts_of_verifiers_01_are_as_many_as_were_sampled():
    ask("v1", "v1")
    files = {
        "evals/sums--lab--other/1/results.jsonl": "verifiers-0.1-results.jsonl",
        "evals/sums--lab--other/1/metadata.json": "verifiers-0.1-metadata.json",
    }
    report = bring(zipped(files), "out.zip")
    assert (report.inserted, report.duplicates, report.fault_count) == (6, 0, 0)
    traces = list(Trace.objects.order_by("pk"))
    assert {(trace.sampler.title, trace.temperature, trace.finish_reason) for trace in traces} == {
        ("lab/said", 0.5, "stop")
    }
    assert [trace.answer for trace in traces] == ["42"] * 3 + ["4"] * 3
    told = {"verifiers reward": "pass", "verifiers correct_answer": "pass", "verifiers num_turns": "unscored"}
    assert scores_of(traces[0]) == told
    assert scores_of(traces[3])["verifiers correct_answer"] == "fail"
    assert report.told["unread"] == {"timing": 6, "is_completed": 6}
    assert bring(zipped(files), "out.zip").inserted == 0
    rows = [json.loads(line) for line in (LOGS / "verifiers-0.1-results.jsonl").read_text().splitlines()]
    assert bring(rows[::-1], "evals/sums--lab--said/2/results.jsonl").inserted == 0


def test_problems_of_rollouts_are_made_with_their_answers_and_not_with_a_reward(admin_user):
    rows = [json.loads(line) for line in (LOGS / "verifiers-0.1-results.jsonl").read_text().splitlines()]
    job = work(plan(admin_user, *rows, make_problems=True, set_title="Sums", split="eval"))
    assert (job.state, job.inserted, job.told["problems"]) == ("finished", 6, 2)
    made = Trace.objects.order_by("problem").values_list("problem__statement", "problem__reference").distinct()
    assert set(made) == {("[v1] Six times seven?", "42"), ("[v1] Two and three?", "5")}


def test_traces_of_verifiers_since_02():
    ask("vf", "vf")
    report = bring((LOGS / "verifiers-traces.jsonl").read_bytes(), "traces.jsonl")
    assert (report.inserted, report.fault_count, report.verdicts) == (2, 0, 6)
    first, second = Trace.objects.order_by("problem__name")
    assert [(trace.answer, trace.finish_reason) for trace in (first, second)] == [("42", "stop"), ("4", "length")]
    assert [part["kind"] for part in first.parts] == ["content", "tool_call", "tool_result", "thinking", "content"]
    assert (first.input_tokens, first.output_tokens, second.temperature) == (30, 40, 0.5)
    assert scores_of(first) == {"verifiers reward": "fail", "verifiers right": "pass", "verifiers turns": "unscored"}
