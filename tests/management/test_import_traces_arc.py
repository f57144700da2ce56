"""Grids as models write them, imported by the product's own commands and scored per test output."""

import json

import pytest
from django.core.management import CommandError, call_command

from tests.management.test_import_traces_answers import CASES, bring_in
from trajectories.models import Trace
from trajectories.selectors.arc_scores import list_set_scores
from trajectories.services.verification.queue import verify_traces

pytestmark = pytest.mark.django_db
CASE = "b15-arc-score"


def by_model(traces):
    return {trace.facts["model"].removeprefix("b15-").removeprefix("b15one-"): trace for trace in traces}


def test_two_test_outputs():
    traces = by_model(bring_in(CASE, "task_b15.json", "traces.jsonl"))
    wrong = {name: trace.answer for name, trace in traces.items() if trace.correctness != "pass"}
    assert set(wrong) == {"half", "one-only"}
    verdicts = {name: traces[name].verdicts.get(verifier="arc_test") for name in wrong}
    assert (verdicts["half"].outcome, verdicts["half"].score) == ("fail", 0.5)
    assert wrong["one-only"][0] == [[3, 3]]


def test_one_test_output():
    traces = by_model(bring_in(CASE, "task_b15one.json", "traces-one.jsonl"))
    assert {name: trace.correctness for name, trace in traces.items()} == dict.fromkeys(
        ("pretty", "list-of-one", "one", "program-then-grid"), "pass"
    )


def test_a_submission_is_two_attempts_at_every_test_output():
    traces = bring_in(CASE, "task_b15.json", "submission.json")
    assert [trace.correctness for trace in traces] == ["fail", "fail"]
    assert [trace.facts["attempt"] for trace in traces] == [1, 2]
    (source,) = list_set_scores(traces[0].problem.problem_set)
    assert (source.score.score, source.score.right_outputs, source.score.missing) == (1.0, 2, 0)
    assert source.sampler.title.startswith("submission.json ")


def test_two_submissions_are_two_and_one_sent_again_is_known(tmp_path, capsys):
    (traces,) = [bring_in(CASE, "task_b15.json", "submission.json")]
    call_command("import_traces", CASES / CASE / "submission.json")
    assert "0 new, 2 known already, 0 bad" in capsys.readouterr().out
    path = tmp_path / "submission.json"
    path.write_text(json.dumps({"task_b15": [{"attempt_1": [[3, 3]], "attempt_2": []}, {"attempt_1": None}]}, indent=1))
    call_command("import_traces", path)
    verify_traces(trace_ids=list(Trace.objects.values_list("pk", flat=True)))
    scores = [source.score.score for source in list_set_scores(traces[0].problem.problem_set)]
    assert scores == [1.0, 0.5]


def test_what_is_no_submission_is_told_with_its_task(tmp_path, capsys):
    path = tmp_path / "submission.json"
    path.write_text('{"a": [{"attempt_1": [[1]]}], "b": [{}], "c": [{"attempt_1": [[1]], "attempt_3": [[1]]}]}')
    with pytest.raises(CommandError, match="3 bad"):
        call_command("import_traces", path)
    said = capsys.readouterr().err
    assert (
        "submission.json: b [0]: found an object with 0 keys, expected an object with attempt_1 and attempt_2" in said
    )
    assert "submission.json: c [0]: found attempt_3, expected attempt_1 and attempt_2 alone" in said
    assert "submission.json: a: found no problem named 'a'; import it first" in said


def test_a_json_document_of_rows_is_read_as_its_lines_are(tmp_path, capsys):
    rows = [{"problem_id": "task_b15one", "response": "[[3, 3], [3, 3]]"}, 7]
    bring_in(CASE, "task_b15one.json")
    for text, place in ((json.dumps(rows, indent=1), "[1]"), (f"{json.dumps(rows[0])}\n7\n", "line 2")):
        path = tmp_path / "rows.json"
        path.write_text(text)
        call_command("import_traces", path, "--skip-bad")
        assert f"rows.json: {place}: found 7, expected an object" in capsys.readouterr().err
    assert Trace.objects.count() == 1
