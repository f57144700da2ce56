"""Files of traces as they are sent: packed, in zips, as tables; each read, or refused by its name."""

import gzip
import io
import json
import zipfile
from datetime import UTC, datetime
from decimal import Decimal

import pyarrow
import pyarrow.parquet
import pytest
import zstandard

from trajectories.adapters import packed_logs
from trajectories.adapters.refused_files import OF_TRACES
from trajectories.adapters.trace_files import rows_of_file
from trajectories.adapters.uploads import OpenFiles
from trajectories.core.importers.beside_rows import BESIDE
from trajectories.core.importers.limits import ImportLimits
from trajectories.core.importers.trace_files import read_traces
from trajectories.core.problems import ProblemError
from trajectories.core.problems.question_files import read_rows

ROW = {"question": "2 + 2?", "response": "4"}
LINES = json.dumps(ROW).encode() + b"\n"
PRETTY = json.dumps([ROW, ROW], indent=1).encode()


def rows(name, data):
    found = rows_of_file(name, io.BytesIO(data))
    return [(each.place, str(each.row) if isinstance(each.row, ProblemError) else each.row) for each in found]


def packed(**entries):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, data if isinstance(data, bytes) else json.dumps(data))
    return target.getvalue()


def table(**columns):
    target = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(columns), target)
    return target.getvalue()


@pytest.mark.parametrize("name", ["a.json.gz", "a.jsonl.gz", "a.gz", "A.JSON.GZ"])
def test_a_document_that_is_packed_is_read_as_one_that_is_not(name):
    assert rows(name, gzip.compress(PRETTY)) == rows("a.json", PRETTY) == [("[0]", ROW), ("[1]", ROW)]
    assert rows(name.lower().replace("gz", "zst"), zstandard.compress(PRETTY)) == [("[0]", ROW), ("[1]", ROW)]
    assert rows(name, gzip.compress(LINES * 2)) == [("line 1", ROW), ("line 2", ROW)]
    frames = zstandard.compress(LINES) + zstandard.compress(LINES)
    assert rows(name.lower().replace("gz", "zst"), frames) == [("line 1", ROW), ("line 2", ROW)]


@pytest.mark.parametrize("ending", OF_TRACES)
def test_what_is_no_file_of_rows_is_refused_by_its_name(ending):
    [(place, fault)] = rows(f"Data{ending.upper()}", b"PK\x03\x04anything")
    assert place == ""
    assert fault.startswith(("found a", "found pickled"))
    assert "expected" in fault


def test_every_file_in_a_zip_is_read_or_named():
    inside = {
        "a/test.jsonl": LINES,
        "b.parquet": table(question=["2 + 2?"], response=["4"]),
        "c.jsonl.gz": gzip.compress(LINES),
        "d.json.zst": zstandard.compress(PRETTY),
        "e.eval": packed(**{"header.json": LOG, "samples/1_epoch_1.json": {"id": 1, "epoch": 1}}),
        "f.zip": packed(**{"m/g.jsonl": LINES}),
        "README.md": b"words",
        "h.tar.gz": gzip.compress(b"words"),
    }
    data = packed(**inside)
    found = rows("train.zip", data)
    assert [place for place, _ in found] == [
        *("a/test.jsonl line 1", "b.parquet row 1", "c.jsonl.gz line 1", "d.json.zst [0]", "d.json.zst [1]"),
        *("e.eval samples/1_epoch_1.json", "f.zip m/g.jsonl line 1", "README.md", "h.tar.gz"),
    ]
    assert [row for _, row in found[:5]] == [ROW] * 5
    assert (found[5][1]["id"], found[6][1]) == (1, ROW)
    assert found[7:] == [(name, {BESIDE: name}) for name in ("README.md", "h.tar.gz")]
    inner = [each.inner for each in rows_of_file("train.zip", io.BytesIO(data))]
    assert (inner[0], inner[1], inner[6]) == ("a/test.jsonl", "b.parquet", "f.zip/m/g.jsonl")


def test_what_is_packed_three_times_is_refused_by_its_name():
    inner = packed(
        **{"a.jsonl": LINES, "b.eval": packed(x=b""), "c.zip": packed(x=b""), "d.jsonl.gz": gzip.compress(LINES)}
    )
    expected = "inside of a zip that is in another one, expected it in one zip at most"
    assert rows("all.zip", packed(**{"in.zip": inner})) == [
        ("in.zip a.jsonl line 1", ROW),
        ("in.zip b.eval", f"found a log of inspect {expected}"),
        ("in.zip c.zip", f"found a zip {expected}"),
        ("in.zip d.jsonl.gz", f"found a packed file {expected}"),
    ]


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.zip"])
def test_what_is_packed_in_a_zip_spends_what_may_come_out_of_the_zip(name, monkeypatch):
    """Packed twice, a thousandth becomes a millionth."""
    monkeypatch.setattr(packed_logs, "MAX_RATIO", 20)
    line = json.dumps({**ROW, "response": "4" * 2_000_000}).encode() + b"\n"
    once = gzip.compress(line) if name.endswith("gz") else deflated("a.jsonl", line)
    limits = ImportLimits(row_bytes=100_000, steps=10)
    [found] = rows_of_file("all.zip", io.BytesIO(deflated(name, once)), limits)
    assert "found a zip that unpacks to more than 20 times its size" in str(found.row)
    [cut] = rows_of_file("all.zip", io.BytesIO(deflated(name, once[: len(once) // 2])))
    assert "whole" in str(cut.row)


def deflated(name, data):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return target.getvalue()


PACKS = {
    "as it is": lambda name, data: (name, data),
    "gz": lambda name, data: (f"{name}.gz", gzip.compress(data)),
    "zip": lambda name, data: ("z.zip", packed(**{name: data})),
}
MARKED = ("utf-16-le with mark", "utf-16-be with mark")


@pytest.mark.parametrize("pack", PACKS.values(), ids=PACKS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", *MARKED])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_text_is_read_in_every_encoding_that_its_mark_names_and_with_every_end_of_a_line(pack, encoding, end):
    row = {**ROW, "response": "vier: ②, 𝟒\r\n"}
    code, _, mark = encoding.partition(" ")
    text = "\ufeff" * bool(mark)
    line = json.dumps(row, ensure_ascii=False)
    lines = (text + f"{line}{end}{end}{line}{end}").encode(code)
    assert [found for _, found in rows(*pack("a.jsonl", lines))] == [row, row]
    document = (text + json.dumps([row, row], ensure_ascii=False, indent=1).replace("\n", end)).encode(code)
    assert [found for _, found in rows(*pack("a.json", document))] == [row, row]


def test_a_long_line_in_another_encoding_is_read_and_a_broken_one_named():
    row = {**ROW, "response": "②" * 3_000_000}
    data = (json.dumps(row, ensure_ascii=False) + "\r" + json.dumps(ROW) + "\r").encode("utf-16")
    assert rows("a.jsonl", data) == [("line 1", row), ("line 2", ROW)]
    [(_, fault)] = rows("a.jsonl", json.dumps(ROW).encode("utf-16") + b"\x00\xd8")
    assert fault == "found bytes that are no UTF-16, expected UTF-16 as the mark says"


LOG = {"version": 3, "status": "success", "eval": {"model": "m"}}
SHELL = {
    "id": "s",
    "epoch": 1,
    "input": "attachment://0",
    "target": "4",
    "output": {},
    "message_refs": [[0, 1], [2, 3]],
}
CHUNKS = {
    "header.json": LOG,
    "summaries.json": [],
    "samples/s_epoch_1/sample.json": SHELL,
    "samples/s_epoch_1/messages/0.json": [{"role": "user", "content": "attachment://0"}],
    "samples/s_epoch_1/messages/1.json": [{"role": "user", "content": "other"}, {"role": "assistant", "content": "4"}],
    "samples/s_epoch_1/attachments/0.json": ["2 + 2?"],
    "samples/s_epoch_1/events/0.json": [{"event": "x"}],
    "samples/s_epoch_1/events/stats.json": {},
    "samples/s_epoch_1/skeleton.json": {},
    "samples/s_epoch_1/metadata.json": {"a": 1},
}


def test_samples_of_inspect_in_chunks_are_put_together():
    [(place, row)] = rows("log.eval", packed(**CHUNKS))
    assert place == "samples/s_epoch_1/sample.json"
    (trace,) = read_traces(row)
    assert (trace.response, trace.problem.question, trace.model) == ("4", "2 + 2?", "m")
    assert list(trace.messages) == [{"role": "user", "content": "2 + 2?"}]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"samples/s_epoch_1/messages/1.json": []}, "message_refs: found a list of 2, expected a range of 1 messages"),
        ({"samples/s_epoch_1/messages/1.json": {}},
         "messages: found an object with 0 keys in samples/s_epoch_1/messages/1.json, expected a list"),
    ],
)  # fmt: skip
def test_chunks_that_are_missing_are_a_fault(change, fault):
    [(place, found)] = rows("log.eval", packed(**{**CHUNKS, **change}))
    assert (place, found) == ("samples/s_epoch_1/sample.json", fault)


def test_a_log_without_samples_says_so():
    assert rows("log.eval", packed(**{"header.json": LOG})) == [
        ("", "found a log of inspect without any sample, expected one")
    ]


def test_values_of_every_type_of_parquet():
    message = pyarrow.struct([("role", pyarrow.string()), ("content", pyarrow.string()), ("name", pyarrow.string())])
    told = [[{"role": "user", "content": "2 + 2?", "name": None}], None]
    data = table(
        messages=pyarrow.array(told, pyarrow.large_list(message)),
        kind=pyarrow.array(["a", None]).dictionary_encode(),
        text=pyarrow.array(["é", "x"], pyarrow.large_string()),
        score=pyarrow.array([float("nan"), 0.5]),
        when=pyarrow.array([datetime(2026, 1, 2, tzinfo=UTC), None]),
        answer=pyarrow.array([Decimal("4.50"), None]),
        big=pyarrow.array([2**62, None], pyarrow.int64()),
        raw=pyarrow.array([b"x", None]),
    )
    assert rows("a.parquet", data) == [
        (
            "row 1",
            {
                "messages": [{"role": "user", "content": "2 + 2?"}],
                "kind": "a",
                "text": "é",
                "score": None,
                "when": "2026-01-02 00:00:00+00:00",
                "answer": "4.50",
                "big": 2**62,
                "raw": "x",
            },
        ),
        ("row 2", {"text": "x", "score": 0.5}),
    ]
    assert rows("a.parquet", data[:-9])[-1][1].startswith("is no Parquet file that can be read")


def test_a_file_of_questions_may_be_parquet(tmp_path):
    path = tmp_path / "test-00000-of-00001.parquet"
    path.write_bytes(table(question=["2 + 2?", "3 + 3?"], answer=["4", None]))
    with OpenFiles() as files:
        [document] = files.add_path(path)
        found = list(read_rows(document.read(), document.name))
        [inside] = files.add_path(tmp_path)
        assert inside.read() == document.read()
    assert found == [(1, {"question": "2 + 2?", "answer": "4"}), (2, {"question": "3 + 3?"})]
    squeezed = tmp_path / "test.jsonl.zst"
    squeezed.write_bytes(zstandard.compress(b'{"question": "1 + 1?"}\n') * 2)
    with OpenFiles() as files:
        assert list(read_rows(files.add_path(squeezed)[0].read(), squeezed.name)) == [
            (1, {"question": "1 + 1?"}),
            (2, {"question": "1 + 1?"}),
        ]
    path.write_bytes(b"PAR1 and no more")
    with OpenFiles() as files, pytest.raises(ProblemError, match="is no Parquet file that can be read"):
        files.add_path(path)[0].read()


def test_rows_of_the_data_sets_server_and_scores_that_are_no_number():
    served = {"features": [{"name": "question"}], "rows": [{"row_idx": 0, "row": ROW, "truncated_cells": []}]}
    assert rows("a.json", json.dumps(served).encode()) == [("rows[0]", ROW)]
    logged = b'{"prompt": "q", "completion": "4", "reward": NaN}\n{"question": "q", "response": NaN}\n'
    assert rows("a.jsonl", logged) == [
        ("line 1", {"prompt": "q", "completion": "4", "reward": None}),
        ("line 2", "column 31: found NaN, expected a finite number"),
    ]


@pytest.mark.parametrize("name", ["HumanEval/0_epoch_1", "a/b/c_epoch_12", "1_epoch_1", "odd name"])
def test_a_sample_of_inspect_whose_id_has_slashes_is_read(name):
    sample = {"id": name, "epoch": 1, "input": "2 + 2?", "output": {"choices": []}}
    head = {"header.json": {"eval": {"model": "m"}}}
    for entry in (f"samples/{name}.json", f"samples/{name}/sample.json"):
        chunk = {f"samples/{name}/messages/0.json": [ROW]} if entry.endswith("/sample.json") else {}
        [(place, row)] = rows("log.eval", packed(**{**head, entry: sample, **chunk}))
        assert (place, row["id"]) == (entry, name)


def test_what_desktops_leave_behind_in_a_zip_is_not_counted():
    inside = {"a.jsonl": LINES, "__MACOSX/._a.jsonl": b"x", ".DS_Store": b"x", "table.csv": b"a"}
    assert rows("a.zip", packed(**inside)) == [("a.jsonl line 1", ROW), ("table.csv", {BESIDE: "table.csv"})]
    (_, (place, fault)) = sorted(rows("a.zip", packed(**{"a.jsonl": LINES, "../out.jsonl": LINES})), reverse=True)
    assert place == "../out.jsonl"
    assert fault.startswith("found")
