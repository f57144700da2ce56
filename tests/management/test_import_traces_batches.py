"""Batch files of providers, imported by the product's own command: answers come in, failures say their own words."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from tests.management.test_import_traces_answers import CASES, bring_in
from trajectories.models import Trace

pytestmark = pytest.mark.django_db
CASE = "b18-batch-files"
USAGES = {
    "chat.jsonl": (9, 4, 0),
    "responses.jsonl": (9, 4, 0),
    "anthropic.jsonl": (9, 4, 0),
    "gemini.jsonl": (9, 7, 3),
    "bare-response.jsonl": (9, 4, 0),
    "custom-id.jsonl": (9, 4, 0),
}


@pytest.mark.parametrize("file", USAGES)
def test_every_provider_s_lines_come_in(file):
    (trace,) = bring_in(CASE, "problems.jsonl", file)
    thoughts = "" if file in ("chat.jsonl", "custom-id.jsonl") else "Two twos.\n\n"
    assert (trace.problem.name, trace.correctness, trace.finish_reason) == ("b18-1", "pass", "stop")
    assert trace.reasoning.body == f"{thoughts}Answer: 4"
    assert (trace.input_tokens, trace.output_tokens, trace.reasoning_tokens) == USAGES[file]


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("failed.jsonl", "it says: Too long. [context_length_exceeded]"),
        (
            "expired.jsonl",
            "it says: This request could not be executed before the completion window expired. [batch_expired]",
        ),
    ],
)
def test_a_failure_s_own_words_are_repeated(file, said, capsys):
    call_command("import_problems", CASES / CASE / "problems.jsonl")
    with pytest.raises(CommandError, match="1 bad"):
        call_command("import_traces", CASES / CASE / file, "--skip-bad")
    assert said in capsys.readouterr().err
    assert not Trace.objects.exists()


def test_failures_among_answers_are_left_out_and_told(tmp_path, capsys):
    lines = [(CASES / CASE / name).read_text() for name in ("failed.jsonl", "gemini.jsonl", "expired.jsonl")]
    path = tmp_path / "output.jsonl"
    path.write_text("".join(lines))
    call_command("import_problems", CASES / CASE / "problems.jsonl")
    call_command("import_traces", path, "--skip-bad")
    said = capsys.readouterr()
    assert "1 new, 0 known already, 2 bad" in said.out
    assert "line 1 " in said.err
    assert "line 3 " in said.err


def line(custom_id, text="Answer: 4"):
    body = {"choices": [{"message": {"content": text}, "finish_reason": "stop"}]}
    return json.dumps({"custom_id": custom_id, "response": {"status_code": 200, "body": body}, "error": None}) + "\n"


def test_an_id_that_ends_in_a_number_is_a_sample_unless_problems_are_numbered_so(tmp_path, capsys):
    problems, path = tmp_path / "problems.jsonl", tmp_path / "output.jsonl"
    names = ("b18-1", "sum", "sum-1", "plain")
    problems.write_text(
        "".join(json.dumps({"name": name, "question": f"{name}?", "answer": 4}) + "\n" for name in names)
    )
    ids = ("b18-1-2", "plain_7", "set/b18-1:3", "sum-1", "sum-2", "b18-1")
    path.write_text("".join(line(each, f"As {each}: 4") for each in ids))
    call_command("import_problems", problems)
    call_command("import_traces", path, "--skip-bad")
    found = {trace.facts["custom_id"]: trace.problem.name for trace in Trace.objects.select_related("problem")}
    assert found == {
        "b18-1-2": "b18-1",
        "plain_7": "plain",
        "set/b18-1:3": "b18-1",
        "sum-1": "sum-1",
        "b18-1": "b18-1",
    }
    assert "line 5: found no problem named 'sum-2' or 'sum'; import it first" in capsys.readouterr().err


def test_the_same_words_in_answer_to_two_requests_are_two_traces(tmp_path):
    call_command("import_problems", CASES / "b18-batch-files" / "problems.jsonl")
    line = json.loads((CASES / "b18-batch-files" / "chat.jsonl").read_text())
    path = tmp_path / "batch.jsonl"
    rows = [{**line, "custom_id": f"b18-1#{number}"} for number in (0, 1, 1)]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    for known in (1, 3):
        out = io.StringIO()
        call_command("import_traces", path, stdout=out)
        assert f"{known} known already" in out.getvalue()
        assert Trace.objects.count() == 2


def test_the_same_words_twice_in_one_answer_are_two_traces(tmp_path):
    call_command("import_problems", CASES / "b18-batch-files" / "problems.jsonl")
    line = json.loads((CASES / "b18-batch-files" / "chat.jsonl").read_text())
    line["response"]["body"]["choices"] *= 2
    path = tmp_path / "batch.jsonl"
    path.write_text(json.dumps(line))
    for _ in range(2):
        call_command("import_traces", path)
        assert sorted(trace.facts["alternative"] for trace in Trace.objects.all()) == [0, 1]
