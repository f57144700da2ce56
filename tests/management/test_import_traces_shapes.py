"""Files of every shape through the product's own command: the problem that is made, its side, the trace, its scores and
our verdict beside them."""

import io
import json
import zipfile
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from trajectories.models import Problem, Trace
from trajectories.services.verification.queue import verify_traces

pytestmark = pytest.mark.django_db
QUESTION = "What is 2 + 2?"
ASKED = {"role": "user", "content": QUESTION}
RIGHT, WRONG = "So it is \\boxed{4}.", "So it is \\boxed{5}."
SAMPLE = {
    "doc_id": 0,
    "doc": {"question": QUESTION, "answer": "Two twos.\n#### 4"},
    "arguments": {"gen_args_0": {"arg_0": QUESTION, "arg_1": {"until": []}}},
    "resps": [[RIGHT, RIGHT]],
    "filtered_resps": ["4"],
    "filter": "none",
    "metrics": ["exact_match"],
    "exact_match": 0.0,
}
INSPECTED = {
    "id": "s-1",
    "epoch": 1,
    "input": QUESTION,
    "target": "4",
    "messages": [ASKED, {"role": "assistant", "content": RIGHT}],
    "output": {"model": "m", "choices": []},
    "scores": {"match": {"value": "I", "metadata": {"note": "a\x00b"}}},
}


def written(path: Path, rows) -> Path:
    if path.suffix == ".json":
        path.write_text(json.dumps(rows))
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def bring_in(path: Path, *options: str) -> list[Trace]:
    call_command("import_traces", path, "--make-problems", "made", *options)
    ids = list(Trace.objects.order_by("pk").values_list("pk", flat=True))
    verify_traces(trace_ids=ids)
    return list(Trace.objects.select_related("problem").order_by("pk"))


@pytest.mark.parametrize(
    ("name", "rows", "correctness", "scores"),
    [
        ("a_test.jsonl", [{"prompt": QUESTION, "response": RIGHT, "answer": "4", "score": 0}], ["pass"], ["fail"]),
        ("b_dev.jsonl", [{"input": QUESTION, "output": WRONG, "gts": "4", "score": 1.0}], ["fail"], ["pass"]),
        ("samples_test.jsonl", [SAMPLE], ["pass", "pass"], ["fail", "fail"]),
        ("log_eval.json", {"eval": {"model": "m"}, "status": "success", "samples": [INSPECTED]}, ["pass"], ["fail"]),
        (
            "results_test.jsonl",
            [{"prompt": [ASKED], "completion": [{"role": "assistant", "content": RIGHT}], "answer": "4", "reward": 1}],
            ["pass"],
            ["pass"],
        ),
        (
            "validation.jsonl",
            [{"problem": QUESTION, "answer": "4", "generations": [RIGHT, WRONG, RIGHT],
              "correctness_math_verify": [True, True, False]}],
            ["pass", "fail", "pass"],
            ["pass", "pass", "fail"],
        ),
        ("test.jsonl", [{"problem": QUESTION, "steps": [RIGHT], "label": -1, "expected_answer": 4}], ["pass"], []),
        (
            "test.jsonl",
            [{"prompt": [ASKED], "responses": [RIGHT], "reward_model": {"ground_truth": "4"}}],
            ["pass"],
            [],
        ),
        (
            "ls_test.json",
            [{"data": {"prompt": QUESTION, "response": WRONG, "expected_answer": "4"}, "annotations": [
                {"completed_by": 1, "result": [{"from_name": "ok", "type": "choices", "value": {"choices": ["Good"]}}]}
            ]}],
            ["fail"],
            [],
        ),
    ],
)  # fmt: skip
def test_a_file_makes_its_problem_on_the_evaluation_side_and_keeps_its_own_scores(
    tmp_path, name, rows, correctness, scores
):
    traces = bring_in(written(tmp_path / name, rows))
    problem = Problem.objects.get()
    assert (problem.statement, problem.kind, problem.split) == (QUESTION, "numeric", "eval")
    assert str(problem.reference).endswith("4")
    assert [trace.correctness for trace in traces] == correctness
    said = [verdict.outcome for trace in traces for verdict in trace.imported_verdicts.order_by("pk")]
    assert said == scores
    call_command("import_traces", tmp_path / name)  # again: nothing is new
    assert (Trace.objects.count(), Problem.objects.count()) == (len(traces), 1)


def test_the_side_of_a_file_in_a_zip_is_its_own(tmp_path):
    row = json.dumps({"question": QUESTION, "response": RIGHT, "answer": "4"})
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("data/test-00000.jsonl", row)
    (tmp_path / "train.zip").write_bytes(packed.getvalue())
    bring_in(tmp_path / "train.zip")
    assert Problem.objects.get().split == "eval"


def test_a_side_has_to_be_said(tmp_path):
    path = written(tmp_path / "rows.jsonl", [{"question": QUESTION, "response": RIGHT, "answer": "4"}])
    with pytest.raises(CommandError):
        bring_in(path)
    assert not Problem.objects.exists()
    bring_in(path, "--split", "train")
    assert Problem.objects.get().split == "train"


def test_one_bad_row_keeps_all_out_and_is_named_by_line_and_field(tmp_path, capsys):
    good = {"question": QUESTION, "response": RIGHT, "answer": "4"}
    bad = {"question": QUESTION, "response": RIGHT, "temperature": "warm"}
    path = written(tmp_path / "rows_test.jsonl", [good, bad, {**good, "response": None}])
    with pytest.raises(CommandError):
        bring_in(path)
    told = "".join(capsys.readouterr())
    assert "rows_test.jsonl: line 2 temperature: found the text 'warm', expected a number from 0 to 100" in told
    assert "rows_test.jsonl: line 3 response: found null, expected text" in told
    assert not Trace.objects.exists()
    assert not Problem.objects.exists()


def test_two_equal_attempts_of_a_submission_are_two(tmp_path):
    pair = {"input": [[0]], "output": [[1]]}
    task = {"train": [pair, {"input": [[2]], "output": [[1]]}], "test": [{"input": [[3]], "output": [[1]]}]}
    call_command("import_problems", written(tmp_path / "k1.json", task), "--split", "eval")
    submission = {"k1": [{"attempt_1": [[1]], "attempt_2": [[1]]}]}
    call_command("import_traces", written(tmp_path / "submission.json", submission))
    assert Trace.objects.count() == 2


def test_texts_that_a_database_cannot_hold_are_named_or_mended(tmp_path, capsys):
    rows = [
        {"question": QUESTION, "response": RIGHT, "score": "a\x00b", "answer": "4"},
        {"question": QUESTION, "response": "4", "answer": "4", "model": "m\x00"},
        {"custom_id": "s\x00", "question": QUESTION, "choices": [{"message": {"role": "assistant", "content": "4"}}]},
        {**INSPECTED, "id": "5\x00"},
        {"question": QUESTION, "generations": ["4", "5"], "answer": "4", "scores": ["\ud800", "\x00"]},
        {"prompt": [ASKED], "completion": [{"role": "assistant", "content": "4", "tool_calls": ['{"a": "\\u0000"}']}],
         "metrics": {"a\x00": 1}},
        {"question": QUESTION, "response": "\ud800 4", "answer": "4"},
        {"question": QUESTION, "response": RIGHT, "answer": "4"},
    ]  # fmt: skip
    path = written(tmp_path / "rows_test.jsonl", rows)
    call_command("import_traces", path, "--make-problems", "made", "--skip-bad")
    faults = [line.partition(": ")[2] for line in capsys.readouterr().err.splitlines()]
    assert faults == [
        "line 1 score: found a NUL character, expected text",
        "line 2 model: found a NUL character, expected text",
        "line 3 custom_id: found a NUL character, expected text",
        "line 4 id: found a NUL character, expected text",
        "line 5 score: found half of a surrogate pair, expected text",
        "line 6 score: found a NUL character, expected text",
        "line 7 response: found half of a surrogate pair, expected text",
    ]
    assert Trace.objects.count() == 1
