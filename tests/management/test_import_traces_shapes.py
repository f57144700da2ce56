"""One small file for each public shape of traces, through the product's own commands: all as `expected.txt` says."""

import json

import pytest
from django.core.management import CommandError, call_command

from tests.factories import make_problem
from tests.management.test_import_traces_answers import CASES, bring_in
from trajectories.models import Problem, Trace

pytestmark = pytest.mark.django_db
SUMS = ["42", "17", "15"]
SAMPLES = "samples_sums_2026-01-01T00-00-00.jsonl"


def scores(traces: list[Trace]) -> set[tuple[str, str]]:
    return {(said.verifier, said.outcome) for trace in traces for said in trace.imported_verdicts.all()}


@pytest.mark.parametrize(
    ("case", "file", "said"),
    [
        ("inspect-eval", "log.eval", {("inspect match", "pass")}),
        ("inspect-eval", "log.json", {("inspect match", "pass")}),
        ("json-array-traces", "traces.json", set()),
        ("lm-eval", SAMPLES, {("lm-eval strict-match", "pass")}),
        ("nemo-skills", "output-rs0.jsonl", {("symbolic_correct", "pass")}),
        ("openthoughts-sharegpt", "train.jsonl", set()),
    ],
)
def test_three_traces_with_their_answers_and_the_scores_of_the_file(case, file, said):
    traces = bring_in(case, "problems.jsonl", file)
    assert [(trace.answer, trace.correctness) for trace in traces] == [(answer, "pass") for answer in SUMS]
    assert scores(traces) == said
    thinks = {part["kind"] for trace in traces for part in trace.parts} >= {"thinking"}
    assert thinks is (case in ("inspect-eval", "openthoughts-sharegpt"))
    assert {trace.sampler.name.startswith("imported-m-") for trace in traces} == {case == "inspect-eval"}


def test_both_logs_of_inspect_have_the_same_traces():
    assert len(bring_in("inspect-eval", "problems.jsonl", "log.eval", "log.json")) == 3


def test_an_object_over_several_lines_is_one_trace():
    (trace,) = bring_in("json-array-traces", "problems.jsonl", "pretty.jsonl")
    assert trace.correctness == "pass"


def test_every_generation_of_a_row_is_a_trace_beside_what_the_file_thinks_of_it():
    traces = bring_in("openr1-math", "problems.jsonl", "train.jsonl")
    assert [trace.correctness for trace in traces] == ["pass", "fail"] * 3
    assert [trace.imported_verdicts.get().outcome for trace in traces] == ["pass", "fail"] * 3


@pytest.mark.parametrize(("case", "file"), [("nemo-skills", "output-rs0.jsonl"), ("openr1-math", "train.jsonl")])
def test_the_same_files_are_read_as_problems(case, file):
    call_command("import_problems", CASES / case / file)
    problems = Problem.objects.order_by("pk").values_list("kind", "reference")
    assert [(kind, float(reference)) for kind, reference in problems] == [("numeric", float(each)) for each in SUMS]


def test_attempts_at_arc_tasks_go_by_the_index_of_their_pair():
    tests = [{"input": [[2, 2]]}, {"input": [[3, 3, 3]]}]
    spec = {"train": [{"input": [[1, 1]], "output": [[2, 2]]}], "test": tests}
    make_problem(name="k1", spec=spec, reference=[[[3, 3]], [[4, 4, 4]]])
    file = CASES / "arc-benchmarking" / "k1.json"
    call_command("import_traces", file)
    assert json.loads(file.read_text())[1]["attempt_1"]["answer"] == "[[4, 4, 4]]"
    assert Trace.objects.get().answer == [[[3, 3]], [[4, 4, 4]]]


def test_exports_of_annotators_are_traces_with_reviews():
    file = CASES / "label-studio" / "export.json"
    with pytest.raises(CommandError):
        call_command("import_traces", file)
    call_command("import_traces", file, make_problems="Annotated", split="train")
    traces = Trace.objects.order_by("pk")
    assert [trace.answer for trace in traces] == SUMS
    assert [trace.imported_reviews.get().decision for trace in traces] == ["accept"] * 3
