"""Traces from elsewhere: matched, stored once, queued for verification, and verified like any other."""

import io
import json
from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection

from tests import factories
from trajectories.core.answers import RULE_SET
from trajectories.core.problems import statement_hash
from trajectories.models import AuditEvent, PendingVerification, Problem, Sampler, Trace
from trajectories.services.imports.direct import TraceImportReport, import_traces
from trajectories.services.traces.matching import problems_named
from trajectories.services.verification.queue import verify_traces

pytestmark = pytest.mark.django_db


@pytest.fixture
def sum_problem() -> Problem:
    return factories.make_problem(name="sum-1", kind="numeric", statement="What is 2 + 2?", spec={}, reference="4")


def run(*rows, on_fault="all_or_nothing", actor=None, name="rows.jsonl") -> TraceImportReport:
    data = "".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows).encode()
    return import_traces(actor=actor, files=[(name, io.BytesIO(data))], on_fault=on_fault)


def plain(**values):
    return {
        "problem_id": "sum-1",
        "response": "So it is \\boxed{4}.",
        "model": "my/model 7B",
        "temperature": 0.7,
    } | values


def test_a_row_becomes_a_trace(sum_problem, lead):
    report = run(plain(reasoning="Two and two."), actor=lead)
    trace = Trace.objects.get()
    assert (report.inserted, report.duplicates, report.fault_count) == (1, 0, 0)
    assert report.trace_ids == (trace.pk,)
    assert (trace.problem, trace.run, trace.attempt, trace.temperature) == (sum_problem, None, None, 0.7)
    assert trace.reasoning.body == "Two and two.\n\nSo it is \\boxed{4}."
    assert trace.answer == "4"
    assert trace.facts == {
        "model": "my/model 7B",
        "found": {"rule": "boxed", "rules": RULE_SET, "start": 30, "end": 31},
    }
    assert (trace.sampler.kind, trace.sampler.title) == ("imported", "my/model 7B")
    assert PendingVerification.objects.get().trace == trace
    sum_problem.refresh_from_db()
    assert sum_problem.trace_count == 1
    event = AuditEvent.objects.get()
    assert (event.actor, event.object_type, event.data["inserted"]) == (lead, "trace", 1)


def test_it_is_verified_like_any_other(sum_problem):
    report = run(plain(), plain(response="It is 5."))
    assert verify_traces(trace_ids=report.trace_ids) == 2
    words = dict(Trace.objects.values_list("answer", "verdicts__outcome"))
    assert words == {"4": "pass", "5": "fail"}


def test_the_place_of_the_answer_reaches_the_evidence(sum_problem):
    report = run(plain(reasoning="Perhaps 5?"), plain(response="4"))
    verify_traces(trace_ids=report.trace_ids)
    boxed, whole = Trace.objects.order_by("pk")
    assert boxed.verdicts.get().evidence["found"] == {
        "answer": "4",
        "rule": "boxed",
        "rules": RULE_SET,
        "start": 28,
        "end": 29,
    }
    assert boxed.reasoning.body[28:29] == "4"
    assert whole.verdicts.get().evidence["found"]["rule"] == "line"


def test_thoughts_that_come_apart_are_never_the_answer(sum_problem):
    report = run(plain(reasoning="So it is \\boxed{4}.", response="I do not know."))
    verify_traces(trace_ids=report.trace_ids)
    trace = Trace.objects.get()
    assert (trace.answer, trace.facts["found"]) == (None, {"rules": RULE_SET})
    assert trace.verdicts.get().evidence["found"] is None


def test_votes_of_old_traces_are_counted_anew(sum_problem):
    run(plain(response="\\boxed{\\frac{8}{2}}"), plain(response="\\boxed{4.0}", model="b"))
    hashes = set(Trace.objects.values_list("answer_hash", flat=True))
    assert len(hashes) == 1
    Trace.objects.filter(answer="4.0").update(answer_hash="0" * 64)
    import_module("trajectories.migrations.0023_votes_by_mathematics").recount(apps, None)
    assert set(Trace.objects.values_list("answer_hash", flat=True)) == hashes


def test_an_answer_that_the_row_states_is_stated(sum_problem):
    row = {
        "problem": {"name": "sum-1"},
        "trace": {"prompt": [], "reasoning": "I say 4.", "program": "", "answer": "4", "steps": []},
    }
    verify_traces(trace_ids=run(row).trace_ids)
    assert Trace.objects.get().verdicts.get().evidence["found"]["rule"] == "stated"


def test_a_program_is_taken_from_the_text_and_run():
    problem = factories.make_problem(name="flip")
    text = f"Mirror it.\n```python\n{factories.FLIP_PROGRAM}```\n"
    report = run({"problem_id": "flip", "response": text}, {"problem_hash": problem.content_hash, "response": "9 8 7"})
    verify_traces(trace_ids=report.trace_ids)
    programs = list(Trace.objects.order_by("pk").values_list("program__body", "answer", "correctness"))
    assert programs == [(factories.FLIP_PROGRAM, None, "pass"), (None, [[[9, 8, 7]]], "pass")]


def test_the_same_rows_again_change_nothing(sum_problem):
    rows = [plain(), plain(response="It is 5."), plain(model="other"), plain()]
    first = run(*rows)
    assert (first.inserted, first.duplicates) == (3, 1)
    again = run(*rows)
    assert (again.inserted, again.duplicates, again.trace_ids) == (0, 4, ())
    assert Trace.objects.count() == 3
    assert AuditEvent.objects.count() == 1
    sum_problem.refresh_from_db()
    assert sum_problem.trace_count == 3


@pytest.mark.parametrize(
    "key",
    [
        lambda problem: {"problem_id": problem.name},
        lambda problem: {"problem_id": problem.content_hash},
        lambda problem: {"problem_hash": problem.content_hash},
        lambda problem: {"question": f" {problem.statement}\n"},
    ],
)
def test_problems_are_found_by_name_hash_or_question(sum_problem, key):
    factories.make_problem(name="another", kind="numeric", statement="What is 3 + 3?")
    assert run({**key(sum_problem), "response": "4"}).inserted == 1
    assert Trace.objects.get().problem == sum_problem


def test_a_conversation_is_matched_by_its_question(sum_problem):
    messages = [{"role": "user", "content": "What is 2 + 2?"}, {"role": "assistant", "content": "4"}]
    run({"messages": messages})
    trace = Trace.objects.get()
    assert json.loads(trace.prompt.body) == [{"content": "What is 2 + 2?", "role": "user"}]
    assert trace.sampler.title == "unknown model"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (plain(problem_id="sum-2"), "rows.jsonl: line 2: found no problem named 'sum-2'; import it first"),
        (
            {"question": "Why?", "response": "4"},
            "rows.jsonl: line 2: found no problem that asks 'Why?'; import it first",
        ),
        (
            plain(problem_hash="a" * 64),
            "rows.jsonl: line 2: found no problem with the hash aaaaaaaaaaaa; import it first",
        ),
        ("{", "rows.jsonl: line 2 column 2: found the end of the file, expected JSON"),
        (
            {"problem_id": "sum-1"},
            "rows.jsonl: line 2: found an object with 'problem_id', expected one of \"response\"",
        ),
    ],
)
def test_faults_name_the_line_and_keep_everything_out(sum_problem, row, message):
    report = run(plain(), row)
    assert report.refused
    assert str(report.faults[0]).startswith(message)
    assert not Trace.objects.exists()
    assert not Sampler.objects.filter(kind="imported").exists()
    kept = run(plain(), row, on_fault="skip")
    assert (kept.inserted, kept.fault_count, kept.refused) == (1, 1, False)


def test_a_name_that_two_problems_have_is_a_fault(sum_problem):
    factories.make_problem(name="sum-1", kind="numeric", statement="What is 2 + 3?")
    report = run(plain())
    assert "found 2 problems named 'sum-1', expected one; give its problem_hash" in str(report.faults[0])


def test_an_empty_file_is_a_fault():
    assert str(run().faults[0]) == "rows.jsonl: found no traces"


def test_many_faults_are_all_counted(sum_problem):
    report = run(*['{"'] * 150)
    assert (report.fault_count, len(report.faults)) == (150, 100)


def test_queries_do_not_grow_with_the_rows(sum_problem, django_assert_max_num_queries):
    rows = [plain(response=f"\\boxed{{{number}}}") for number in range(150)]
    with django_assert_max_num_queries(22):
        assert run(*rows).inserted == 150


def test_equal_answers_share_a_group_however_they_are_written(sum_problem):
    run(plain(response="It is 4."), plain(response="\\boxed{4.0}"), plain(response="5"))
    assert Trace.objects.values("answer_hash").distinct().count() == 2


def test_what_minicolumn_exports_can_come_back(sum_problem):
    from trajectories.core.exporters import EXPORTERS
    from trajectories.selectors.exports import preview_items

    flip = factories.make_problem(name="flip")
    trace = factories.make_trace(problem=flip)
    (item,) = preview_items([trace])
    row = EXPORTERS["full"].row(item)
    assert run({**row, "meta": {"problem_hash": flip.content_hash}}).inserted == 1
    copy = Trace.objects.latest("pk")
    assert (copy.steps, copy.answer, copy.program, copy.content_hash == trace.content_hash) == (
        trace.steps,
        trace.answer,
        trace.program,
        False,
    )
    assert run(row).duplicates == 1


def test_a_question_is_found_whatever_the_space_between_its_words(sum_problem):
    report = run({"question": " What is\n2  + 2?\n", "response": "4"})
    assert Trace.objects.get(pk=report.trace_ids[0]).problem == sum_problem


def test_of_questions_that_differ_in_space_only_the_same_one_is_meant(sum_problem):
    other = factories.make_problem(kind="numeric", statement="What is  2 + 2?", spec={}, reference="5")
    assert Trace.objects.get(pk=run({"question": other.statement, "response": "4"}).trace_ids[0]).problem == other
    assert run({"question": "What is 2 +  2?", "response": "4"}).fault_count == 1


def test_problems_are_found_through_indexes_and_not_by_reading_the_table(sum_problem):
    rows = problems_named({"0" * 64, "1" * 64}, {"a", "b"}, {"2" * 64, sum_problem.statement_hash})
    with connection.cursor() as cursor:
        # So small a table is read whole, or along its key, unless that is forbidden; without an index it still is.
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off")
    plan = rows.explain()
    assert "Seq Scan" not in plan
    assert "problem_by_statement" in plan
    assert list(rows) == [sum_problem]


def test_the_migration_hashes_as_the_service_does(sum_problem):
    Problem.objects.update(statement_hash="")
    import_module("trajectories.migrations.0012_statement_hash").fill(apps, None)
    assert Problem.objects.get().statement_hash == statement_hash(sum_problem.statement) == sum_problem.statement_hash


def test_a_program_for_tests_is_taken_from_the_text_and_run(db):
    tests = [{"arguments": [2], "expected": 4}]
    factories.make_problem(name="double", kind="text", statement="Double.", spec={"tests": tests, "function": "f"})
    text = "Try:\n```python\ndef f(n):\n    return n\n```\nBetter:\n```python\ndef f(n):\n    return 2 * n\n```\n"
    trace = Trace.objects.get(pk=run({"problem_id": "double", "response": text}).trace_ids[0])
    verify_traces(trace_ids=[trace.pk])
    trace.refresh_from_db()
    assert (trace.answer, trace.program.body, trace.correctness) == (None, "def f(n):\n    return 2 * n\n", "pass")
