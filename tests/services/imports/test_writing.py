"""Files of other tools from end to end: problems found or made, words around questions, scores beside ours, reviews."""

import gzip
import io
import json
import os
import struct
import subprocess
import zipfile
import zlib
from pathlib import Path

import pytest
import zstandard
from django.urls import reverse

from tests import factories
from tests.core.importers.shape_rows import CASES
from tests.services.imports.planned import plan, work
from trajectories.core.curation.reviews import Decision
from trajectories.core.selections import Selection
from trajectories.models import Import, ImportedReview, ImportedVerdict, Problem, ProblemSet, Trace
from trajectories.selectors.blinding import sight_of
from trajectories.selectors.imported_scores import PEOPLE, scores_beside
from trajectories.selectors.traces import count_traces
from trajectories.services.imports.direct import Making, import_traces
from trajectories.services.imports.jobs import keep_files, plan_import
from trajectories.services.imports.writing import set_target
from trajectories.services.verification.queue import verify_traces

pytestmark = pytest.mark.django_db
LOGS = Path(__file__).parents[2] / "data" / "logs"
SAMPLE = CASES["sample"].row
ASKED = {"kind": "numeric", "spec": {}, "reference": "4", "statement": "What is 2 + 2?"}


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.VAR_DIR = tmp_path


def bring(data, name="rows.jsonl", on_fault="all_or_nothing", **options):
    data = data if isinstance(data, bytes) else "".join(f"{json.dumps(row)}\n" for row in data).encode()
    return import_traces(actor=None, files=[(name, io.BytesIO(data))], on_fault=on_fault, **options)


def zstd_zip(entries):
    """A zip as inspect writes it: every entry in Zstandard (method 93), which zipfile of Python 3.11 cannot write."""
    packed = {name: zstandard.compress(data[:9]) + zstandard.compress(data[9:]) for name, data in entries.items()}
    body, directory = b"", b""
    for name, data in entries.items():
        crc, size, raw = zlib.crc32(data), len(packed[name]), name.encode()
        fields = struct.pack("<HHHHHIIIHH", 63, 0, 93, 0, 0x21, crc, size, len(data), len(raw), 0)
        directory += b"PK\1\2\x3f\x03" + fields + struct.pack("<HHHII", 0, 0, 0, 0, len(body)) + raw
        body += b"PK\3\4" + fields + raw + packed[name]
    end = struct.pack("<HHHHIIH", 0, 0, len(entries), len(entries), len(directory), len(body), 0)
    return body + directory + b"PK\5\6" + end


def log_entries(*samples):
    log = {"version": 2, "status": "success", "eval": SAMPLE["inspect_eval"]}
    told = [{name: value for name, value in sample.items() if name != "inspect_eval"} for sample in samples]
    named = {f"samples/{each['id']}_epoch_{each['epoch']}.json": json.dumps(each).encode() for each in told}
    return {"header.json": json.dumps(log).encode(), **named}


def deflated(entries):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return stream.getvalue()


@pytest.mark.parametrize("pack", [zstd_zip, deflated])
def test_a_log_of_inspect_comes_in_with_its_scores_once(pack):
    factories.make_problem(name="sum-1", **ASKED)
    again = {**SAMPLE, "epoch": 10}
    report = bring(pack(log_entries(again, SAMPLE)), "log.eval")
    assert (report.inserted, report.fault_count, report.verdicts) == (2, 0, 10)
    first, second = Trace.objects.order_by("pk")
    assert (first.facts["alternative"], second.facts["alternative"]) == (2, 10)
    assert (first.output_tokens, first.finish_reason, str(first.cost)) == (30, "length", "0.25000000")
    assert [part["kind"] for part in first.parts] == ["content", "tool_call", "tool_result", "thinking", "content"]
    assert first.imported_verdicts.filter(outcome="pass").count() == 2
    scored = {**SAMPLE, "scores": {**SAMPLE["scores"], "later": {"value": "I"}}}
    assert bring(pack(log_entries(scored)), "log.eval").verdicts == 1
    assert Trace.objects.count() == 2
    assert ImportedVerdict.objects.get(verifier="inspect later").trace == first


@pytest.mark.parametrize(
    ("data", "name", "fault"),
    [
        (lambda: zstd_zip(log_entries(SAMPLE))[:-30], "a.eval", "is no whole zip (its end is missing)"),
        (
            lambda: zstd_zip(log_entries(SAMPLE)).replace(b"\x28\xb5\x2f\xfd", b"\0\0\0\0"),
            "a.eval",
            "cannot be unpacked",
        ),
        (lambda: deflated({"header.json": b"{}"}), "a.eval", "header.json: found null as eval, expected what a log"),
        (lambda: deflated({"readme.txt": b"x"}), "a.zip", "found no file of traces in this zip, expected a log of"),
        (lambda: deflated({"/x.jsonl": b"{}"}), "a.zip", "found an absolute or odd name in the zip, expected a"),
        (lambda: gzip.compress(b'{"response": "4"}\n' * 99)[:-30], "a.jsonl.gz", "cannot be unpacked from here on"),
        (lambda: b"PAR1 and nothing else", "a.parquet", "is no Parquet file that can be read"),
        (lambda: b"question,answer\n1,2\n", "a.csv", "found a table, expected JSON; a table of questions is imported"),
        (lambda: b"", "a.eval", "found no traces"),
        (lambda: b"[", "a.json", "found the end of the file inside of a value, expected a whole JSON document"),
    ],
)
def test_what_is_damaged_is_one_clear_sentence_and_changes_nothing(data, name, fault):
    factories.make_problem(name="sum-1", **ASKED)
    report = bring(data(), name)
    assert report.refused
    assert fault in str(report.faults[0])
    assert not Trace.objects.exists()


def test_packed_lines_zips_and_parquet_are_read_as_what_is_in_them():
    factories.make_problem(name="sum-1", **ASKED)
    rows = [{"problem_id": "sum-1", "response": f"It is {n}.", "model": "m"} for n in range(3)]
    lines = "".join(f"{json.dumps(row)}\n" for row in rows).encode()
    assert bring(gzip.compress(lines), "a.jsonl.gz").inserted == 3
    assert bring(zstandard.compress(lines), "a.jsonl.zst").duplicates == 3
    assert bring(deflated({"x/a.jsonl": lines, "b.json": json.dumps(rows).encode()}), "a.zip").duplicates == 6
    import pyarrow
    import pyarrow.parquet

    stream = io.BytesIO()
    table = pyarrow.Table.from_pylist([{**row, "messages": None} for row in rows])
    pyarrow.parquet.write_table(table, stream)
    assert bring(stream.getvalue(), "a.parquet").duplicates == 3


def test_problems_are_found_within_the_words_around_them_and_made_where_they_are_not_here():
    factories.make_problem(name="sum-1", **ASKED)
    asked = [f"What is {n} + 2?" for n in range(1, 6)]
    wrapped = [f"Solve this problem.\n\n{question}\n\nPut the answer in a box." for question in asked]
    rows = [
        {"messages": [{"role": "user", "content": text}, {"role": "assistant", "content": f"\\boxed{{{n + 2}}}"}],
         "answer": str(n + 2)}
        for n, text in enumerate(wrapped, 1)
    ]  # fmt: skip
    refused = bring(rows)
    assert (refused.fault_count, refused.inserted) == (4, 0), "one of five problems is here"
    assert refused.told["wrapper"]["before"] == "Solve this problem.\n\n"
    made = bring(rows, making=Making(set_target("Sums", "rows.jsonl"), "eval"))
    assert (made.inserted, made.problems, made.fault_count) == (5, 4, 0)
    assert set(Problem.objects.values_list("statement", flat=True)) == set(asked)
    new = Problem.objects.filter(problem_set=ProblemSet.objects.get(title="Sums"))
    assert set(new.values_list("split", "kind", "trace_count")) == {("eval", "numeric", 1)}
    assert verify_traces(trace_ids=made.trace_ids) == 5
    assert set(Trace.objects.values_list("correctness", flat=True)) == {"pass"}
    assert bring(rows, making=Making(set_target("Sums", "rows.jsonl"), "eval")).duplicates == 5


def test_a_side_that_nobody_told_is_a_fault_and_not_training():
    report = bring([CASES["shared"].row], making=Making(set_target("New", "x")))
    assert "found nothing that says train or eval" in str(report.faults[0])
    told = bring([CASES["shared"].row], name="sums_test.jsonl", making=Making(set_target("New", "x")))
    assert (told.problems, Problem.objects.get().split) == (1, "eval")


def test_new_words_of_people_are_added_to_a_known_trace():
    factories.make_problem(name="sum-1", **ASKED)
    row = CASES["argilla"].row
    assert bring([row]).reviews == 1
    more = {"verdict": [{"value": "accept", "user_id": "u-2", "status": "submitted"}]}
    assert (bring([row]).reviews, bring([{**row, "responses": more}]).reviews) == (0, 1)
    decisions = dict(ImportedReview.objects.values_list("pseudonym", "decision"))
    assert decisions == {"annotator-u-1": Decision.REJECT, "annotator-u-2": Decision.ACCEPT}


def test_the_page_of_an_import_shows_where_people_elsewhere_and_we_differ(client, lead):
    factories.make_problem(name="sum-1", **ASKED)
    record = {"fields": {"prompt": "What is 2 + 2?", "response": "It is \\boxed{5}."}, "responses": {
        "ok": [{"user_id": 1, "value": "accept"}, {"user_id": 2, "value": "reject"}]}}  # fmt: skip
    job = work(plan(lead, record))
    verify_traces(trace_ids=list(Trace.objects.values_list("pk", flat=True)))
    (beside,) = scores_beside(job, sight_of(lead))
    assert (beside.name, beside.agree, beside.passes_there, beside.fails_there) == (PEOPLE, 1, 1, 0)
    client.force_login(lead)
    page = client.get(reverse("import_detail", args=[job.pk])).content.decode()
    assert PEOPLE in page
    assert "those that were here before it" not in page
    other = {**record, "responses": {"ok": [{"user_id": 3, "value": "accept"}]}}
    again = work(plan(lead, other))
    assert (again.inserted, again.duplicates, again.told["reviews"]) == (0, 1, 1)
    page = client.get(reverse("import_detail", args=[again.pk])).content.decode()
    assert "those that were here before it" in page
    assert reverse("audit_detail", args=["imported"]) in page


def test_the_page_of_an_import_shows_where_the_file_and_we_differ(client, lead):
    factories.make_problem(name="sum-1", **ASKED)
    row = {"problem": "What is 2 + 2?", "generation": "So \\boxed{4}", "symbolic_correct": True}
    wrong = {**row, "generation": "So \\boxed{5}"}
    refused = {**row, "generation": "It is \\boxed{4}.", "symbolic_correct": False}
    job = work(plan(lead, row, wrong, refused))
    assert (job.told.pop("left_out"), job.told.pop("unread")) == ({}, {})
    assert job.told == {"shapes": {"generated": 3}, "wrapper": {}, "verdicts": 3, "reviews": 0}
    (beside,) = scores_beside(job, sight_of(lead))
    assert (beside.agree, beside.open) == (0, 3)
    verify_traces(trace_ids=list(Trace.objects.values_list("pk", flat=True)))
    (beside,) = scores_beside(job, sight_of(lead))
    assert (beside.name, beside.agree, beside.passes_there, beside.fails_there) == ("symbolic_correct", 1, 1, 1)
    client.force_login(lead)
    page = client.get(reverse("import_detail", args=[job.pk])).content.decode()
    assert "symbolic_correct" in page
    assert "generations beside their problem (OpenR1, DeepMath, NeMo-Skills) (3 rows)" in " ".join(page.split())
    listed = f"{reverse('audit_detail', args=['imported'])}?import_job={job.pk}"
    assert listed in page
    assert client.get(listed).content.decode().count("symbolic_correct elsewhere") == 2
    other = work(plan(lead, {**row, "generation": "Once more \\boxed{4}"}))
    assert count_traces(Selection(import_job=job.pk), sight_of(lead)).least == 3
    assert count_traces(Selection(import_job=other.pk), sight_of(lead)).least == 1


def test_the_page_takes_a_log_and_makes_its_problems(client, lead):
    client.force_login(lead)
    uploaded = io.BytesIO(zstd_zip(log_entries(SAMPLE)))
    uploaded.name = "log.eval"
    fields = {"traces": [uploaded], "make_problems": "on"}
    assert "Name the set that the problems go into." in client.post(reverse("trace_import"), fields).content.decode()
    uploaded.seek(0)
    answer = client.post(reverse("trace_import"), {**fields, "set_title": "Sums", "split": "eval"})
    job = work(Import.objects.get())
    assert (job.state, job.inserted, job.told["problems"], job.problem_set.title) == ("finished", 1, 1, "Sums")
    page = client.get(answer["Location"]).content.decode()
    assert "Problems made" in page
    assert "samples of inspect (1 row)" in " ".join(page.split())


def test_a_killed_worker_leaves_the_count_of_shapes_as_it_was(lead, monkeypatch):
    factories.make_problem(name="sum-1", **ASKED)
    rows = [{"problem_id": "sum-1", "response": f"It is {n}."} for n in range(500)]
    data = "".join(f"{json.dumps(row)}\n" for row in rows).encode()
    uploads = keep_files(owner=lead, files=[("rows.jsonl", io.BytesIO(data))])
    options = {"on_fault": "all_or_nothing", "adopt_reviews": False}
    job = plan_import(actor=lead, kind=Import.Kind.TRACES, source="rows", options=options, uploads=uploads)
    monkeypatch.setattr("trajectories.services.imports.jobs.SLICE_SECONDS", 0.0)
    assert work(job).told["shapes"] == {"plain": 500}


@pytest.mark.parametrize("log_format", ["eval", "json"])
def test_logs_that_inspect_itself_writes_come_in_whole(log_format, tmp_path):
    python = os.environ.get("INSPECT_PYTHON")
    if not python:
        pytest.skip("INSPECT_PYTHON names no Python that has inspect-ai")
    subprocess.run([python, LOGS / "write_inspect.py", log_format, str(tmp_path / "logs")], check=True, timeout=120)
    (path,) = Path(tmp_path / "logs").glob(f"*.{log_format}")
    factories.make_problem(name="ie-0", kind="numeric", spec={}, reference="42", statement="[ie] Six times seven?")
    report = bring(path.read_bytes(), path.name)
    assert (report.inserted, report.fault_count, report.verdicts) == (2, 0, 6)
    first, second = Trace.objects.order_by("pk")
    assert (first.finish_reason, second.finish_reason) == ("stop", "length")
    assert (first.input_tokens, first.cached_tokens, first.reasoning_tokens, first.output_tokens) == (25, 5, 7, 23)
    assert [part["kind"] for part in first.parts] == ["content", "tool_call", "tool_result", "thinking", "content"]
    assert first.reasoning.body.count("Six sevens. ") >= 199
    scores = dict(first.imported_verdicts.values_list("verifier", "outcome"))
    assert scores == {"inspect match": "pass", "inspect includes": "pass", "inspect odd": "unscored"}
