"""Small files of users, imported by the product's own commands and verified: every verdict as `expected.txt` says."""

import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from trajectories.models import Problem, Trace
from trajectories.services.verification.queue import verify_traces

pytestmark = pytest.mark.django_db
CASES = Path(__file__).parents[1] / "data" / "cases"
BENCH = Path(__file__).parents[1] / "data" / "answer_endings.jsonl"


def bring_in(case: str, problems: str, *traces: str) -> list[Trace]:
    """The traces of a case, verified, in the order of their files."""
    call_command("import_problems", CASES / case / problems)
    for file in traces:
        call_command("import_traces", CASES / case / file, "--skip-bad")
    ids = list(Trace.objects.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(ids), 100):
        verify_traces(trace_ids=ids[start : start + 100])
    return list(Trace.objects.select_related("problem").order_by("pk"))


def outcomes(traces: list[Trace]) -> dict[str, str]:
    return {trace.problem.name: trace.correctness for trace in traces}


@pytest.mark.parametrize("file", ["traces-plain.jsonl", "traces-messages.jsonl"])
def test_answers_stand_outside_of_the_thoughts(file):
    traces = bring_in("b01-think-in-content", "problems.jsonl", file)
    assert outcomes(traces) == {f"b01-{letter}": "pass" for letter in "abdefgi"} | {"b01-c": "unscored"}
    (cut_off,) = [trace for trace in traces if trace.problem.name == "b01-c"]
    assert cut_off.answer is None
    assert cut_off.verdicts.get().evidence["found"] is None


def test_a_stated_grid_counts_where_the_program_is_in_the_thoughts():
    (trace,) = bring_in("b01-think-in-content", "task_b01h.json", "traces-arc.jsonl")
    assert (trace.answer, trace.program, trace.correctness) == ([[[1, 1], [1, 1]]], None, "pass")


def test_units_and_words_of_number():
    traces = bring_in("units-and-prose", "problems.jsonl", "traces.jsonl")
    lines = (CASES / "units-and-prose" / "expected.txt").read_text().splitlines()
    wanted = {line.split(":")[0]: line.rsplit(": ", 1)[1] for line in lines if line}
    assert outcomes(traces) == wanted


def test_worked_solutions_end_in_their_answer():
    traces = bring_in("b10-gsm8k", "train.jsonl", "traces.jsonl")
    assert [(trace.problem.kind, trace.problem.reference, trace.correctness) for trace in traces] == [
        ("numeric", "72", "pass"),
        ("numeric", "2,000", "pass"),
    ]


def test_answers_that_are_mathematics():
    traces = bring_in("b10-math-answers", "math500.jsonl", "traces.jsonl")
    assert {trace.problem.kind for trace in traces} == {"numeric"}
    assert outcomes(traces) == {f"b10-{number}": "pass" for number in range(1, 11)}
    first = Problem.objects.get(name="b10-1")
    assert (first.family, first.difficulty) == ("Prealgebra", {"level": 3.0})


def test_equal_mathematics_is_one_vote():
    traces = bring_in("b10-math-answers", "math500.jsonl", "votes.jsonl")
    assert len(traces) == 6
    assert len({trace.answer_hash for trace in traces}) == 1


@pytest.mark.parametrize(
    ("problems", "traces", "count"), [("q.jsonl", "traces.jsonl", 12), ("q-numeric.jsonl", "traces-numeric.jsonl", 19)]
)
def test_references_at_the_edge(problems, traces, count):
    verified = bring_in("reference-edges", problems, traces)
    assert [trace.problem.kind for trace in verified] == ["numeric"] * count
    assert [trace.problem.statement for trace in verified if trace.correctness != "pass"] == []


def test_several_right_choices():
    bring_in("multi-select", "q.jsonl")
    assert list(Problem.objects.order_by("pk").values_list("kind", "reference")) == [
        ("choice", ["A", "B"]),
        ("choice", ["A", "C"]),
        ("choice", "B"),
    ]


def test_yes_and_no():
    traces = bring_in("yes-no", "q.jsonl", "traces.jsonl")
    assert [trace.correctness for trace in traces] == ["pass", "pass"]
    assert Problem.objects.get(statement__contains="42 even").reference == ["yes", "true"]


def test_several_accepted_texts():
    bring_in("answer-list", "q.jsonl")
    assert list(Problem.objects.order_by("pk").values_list("kind", "reference")) == [
        ("text", ["A. Smith", "Alice Smith"]),
        ("text", ["Smith", "A. Smith", "Alice Smith"]),
    ]


def test_the_last_box_of_a_solution_is_the_answer():
    bring_in("numina-math", "train.jsonl")
    assert list(Problem.objects.order_by("pk").values_list("kind", "reference")) == [
        ("numeric", "42"),
        ("numeric", "17"),
        ("numeric", "15"),
    ]


def test_leading_zeros():
    traces = bring_in("aime", "aime.jsonl", "traces.jsonl")
    assert outcomes(traces) == {f"2099-I-{number}": "pass" for number in range(3)}


def test_a_number_is_the_index_of_a_choice():
    traces = bring_in("mmlu-int-index", "test.jsonl", "traces.jsonl")
    assert list(Problem.objects.order_by("pk").values_list("reference", flat=True)) == ["B", "C", "D", "A"]
    assert [trace.correctness for trace in traces] == ["pass", "fail"]


def test_references_that_are_no_answer_are_faults(capsys):
    with pytest.raises(CommandError):
        call_command("import_problems", CASES / "control-gold" / "problems.jsonl")
    faults = capsys.readouterr().err
    assert all(
        f"line {line} " in faults or f"line {line}:" in faults or f"-{line}" in faults for line in (1, 2, 3, 5)
    ), faults
    assert not Problem.objects.exists()


def test_the_bench_of_endings_is_read_alike_when_it_is_imported(tmp_path):
    rows = [json.loads(line) for line in BENCH.read_text().splitlines()]
    rows = [row for row in rows if row["kind"] != "text" and row["ending"].strip() and not row.get("many")][::7]
    problems, traces = tmp_path / "problems.jsonl", tmp_path / "traces.jsonl"
    asked = [
        {"name": row["id"], "question": f"[{row['id']}] ?", "kind": row["kind"], "answer": row["reference"]}
        | ({"choices": row["choices"]} if row.get("choices") else {})
        for row in rows
    ]
    problems.write_text("".join(f"{json.dumps(row)}\n" for row in asked))
    traces.write_text("".join(json.dumps({"problem_id": row["id"], "response": row["ending"]}) + "\n" for row in rows))
    verified = outcomes(bring_in("", str(problems), str(traces)))
    assert [row["id"] for row in rows if (row["want"] == "pass") != (verified[row["id"]] == "pass")] == []
