"""Reading files, folders and zips that cannot be trusted."""

import gzip
import io
import json
import stat
import zipfile

import pytest

from trajectories.adapters import uploads
from trajectories.adapters.uploads import Document, OpenFiles
from trajectories.core.problems import ImportFault, ProblemError

MEGABYTE = 1024 * 1024


def make_zip(entries: dict, compression=zipfile.ZIP_DEFLATED) -> io.BytesIO:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    stream.seek(0)
    return stream


def listed(stream, name="up.zip", **limits) -> list:
    """What a stream holds: (name, content), or a fault's text; read inside the context, as callers must."""
    with OpenFiles(**limits) as files:
        return [read(item) for item in files.add_stream(stream, name)]


def read(item):
    if isinstance(item, ImportFault):
        return str(item)
    assert isinstance(item, Document)
    try:
        return item.name, item.read()
    except ProblemError as fault:
        return f"{item.name}: {fault}"


def test_zip_documents_in_order_of_names():
    stream = make_zip({"b/2.JSON": "2", "a/1.json": "1", "README.md": "x", "__MACOSX/a.json": "x", "a/._1.json": "x"})
    assert listed(stream) == [("up.zip/a/1.json", b"1"), ("up.zip/b/2.JSON", b"2")]


@pytest.mark.parametrize(
    "name", ["../x.json", "a/../../x.json", "/etc/x.json", "C:/x.json", "..\\x.json", "a/..", "..", "\\\\host\\x.json"]
)
def test_names_that_lead_outside_are_refused_by_name(name):
    good, bad = sorted(listed(make_zip({"ok.json": "1", name: "2"})), key=str)
    assert good == ("up.zip/ok.json", b"1")
    assert bad.startswith(f"up.zip: {repr(name)[1:-1]}: found")
    assert "expected a" in bad


def test_a_nul_in_a_name_is_refused():
    stream = make_zip({"okXjson": "1"})
    stream = io.BytesIO(stream.getvalue().replace(b"okXjson", b"ok\0json"))
    assert listed(stream) == [
        "up.zip: ok\\x00json: found an absolute or odd name in the zip, expected a relative path with forward slashes"
    ]


def test_symbolic_links_are_refused():
    link = zipfile.ZipInfo("link.json")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    assert listed(make_zip({link: "/etc/passwd"})) == [
        "up.zip: link.json: found a symbolic link in the zip, expected a file"
    ]


def test_archives_inside_are_refused():
    assert listed(make_zip({"inner.zip": make_zip({"a.json": "1"}).getvalue()})) == [
        "up.zip: inner.zip: found an archive inside the zip, expected plain files"
    ]


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_unusual_compressions_are_refused(compression):
    [fault] = listed(make_zip({"a.json": "1"}, compression))
    assert "found an unusual compression" in fault


def test_encrypted_entries_are_refused():
    data = bytearray(make_zip({"a.json": "1"}).getvalue())
    data[data.rfind(b"PK\1\2") + 8] |= 1
    assert "found an encrypted file" in listed(io.BytesIO(data))[0]


def test_a_bomb_stops_at_the_ratio_whatever_it_claims():
    bomb = make_zip({f"{number}.json": bytes(31 * MEGABYTE) for number in range(4)})
    first, *rest = listed(bomb)
    assert len(first[1]) == 31 * MEGABYTE
    assert rest == [f"up.zip/{number}.json: found files that expand past 32 MB, expected less" for number in (1, 2, 3)]


def test_a_bomb_in_one_document_stops_at_the_limit():
    [fault] = listed(make_zip({"a.json": bytes(40 * MEGABYTE)}))
    assert fault == "up.zip/a.json: found files that expand past 32 MB, expected less"


def test_all_files_together_are_bounded():
    with OpenFiles(max_expanded=10) as files:
        found = [
            read(item) for name in "ab" for item in files.add_stream(make_zip({f"{name}.json": "123456"}), "z.zip")
        ]
    assert found == [("z.zip/a.json", b"123456"), "z.zip/b.json: found files that expand past 0 MB, expected less"]


def test_a_large_document_is_not_read_whole():
    class Endless(io.RawIOBase):
        given = 0

        def read(self, size=-1):
            assert 0 < size <= 33 * MEGABYTE
            self.given += size
            return b"0" * size

    stream = Endless()
    assert listed(stream, "big.json") == ["big.json: found more than 32 MB in one document, expected less"]
    assert stream.given == 32 * MEGABYTE + 1


def test_too_many_entries(monkeypatch):
    monkeypatch.setattr(uploads, "MAX_ENTRIES", 2)
    assert listed(make_zip({f"{number}.json": "1" for number in range(3)})) == [
        "up.zip: found 3 files in the zip, expected at most 2"
    ]


def test_a_huge_directory_is_refused_before_it_is_read():
    data = bytearray(make_zip({"a.json": "1"}).getvalue())
    end = data.rfind(b"PK\5\6")
    data[end + 12 : end + 16] = (uploads.MAX_DIRECTORY + 1).to_bytes(4, "little")
    assert "found a zip with a directory for far more than" in listed(io.BytesIO(data))[0]
    with_locator = bytes(data[:end]) + b"PK\6\7" + bytes(16) + bytes(data[end:])
    assert "found a zip with a directory for far more than" in listed(io.BytesIO(with_locator))[0]


@pytest.mark.parametrize("data", [b"", b"no zip", b"PK\5\6", b"PK\5\6" + b"\xff" * 18, b"PK\3\4" + bytes(100)])
def test_what_is_no_zip_says_so(data):
    [fault] = listed(io.BytesIO(data))
    assert "zip" in fault


def test_damaged_content_is_a_fault_of_that_entry():
    data = make_zip({"a.json": "1" * 50, "b.json": "2"}, zipfile.ZIP_STORED).getvalue()
    bad, good = listed(io.BytesIO(data.replace(b"1" * 50, b"1" * 49 + b"x")))
    assert bad.startswith("up.zip/a.json: cannot be unpacked (Bad CRC-32")
    assert good == ("up.zip/b.json", b"2")


def test_a_zip_without_documents_says_so():
    [fault] = listed(make_zip({"a.txt": "1"}))
    assert fault == "up.zip: found no file in this zip that is read (.csv, .json, .jsonl, .ndjson, .parquet, .tsv)"


def test_a_folder_gives_its_json_files_in_order(tmp_path):
    (tmp_path / "evaluation").mkdir()
    for name in ("b.json", "a.json", "evaluation/c.json", ".hidden.json", "README.md"):
        (tmp_path / name).write_text(json.dumps(name))
    with OpenFiles() as files:
        found = [read(item) for item in files.add_path(tmp_path)]
    assert [name.removeprefix(f"{tmp_path}/") for name, _ in found] == ["a.json", "b.json", "evaluation/c.json"]
    assert found[2][1] == b'"evaluation/c.json"'


def test_paths_that_cannot_be_read_are_faults(tmp_path):
    missing, empty = tmp_path / "missing", tmp_path / "empty"
    empty.mkdir()
    gone = tmp_path / "gone.json"
    gone.write_text("1")
    with OpenFiles() as files:
        assert str(files.add_path(missing)[0]) == f"{missing}: found no file or folder of this name"
        assert str(files.add_path(empty)[0]).startswith(f"{empty}: found no file in this folder that is read")
        [document] = files.add_path(gone)
        gone.unlink()
        assert read(document) == f"{gone}: cannot be read: No such file or directory"


def test_zip_by_path(tmp_path):
    path = tmp_path / "tasks.zip"
    path.write_bytes(make_zip({"a.json": "1"}).getvalue())
    with OpenFiles() as files:
        assert [read(item) for item in files.add_path(path)] == [(f"{path}/a.json", b"1")]


def test_files_packed_with_gzip_are_unpacked(tmp_path):
    packed = gzip.compress(b'{"question": "a"}')
    (tmp_path / "a.jsonl.gz").write_bytes(packed)
    (tmp_path / "note.txt.gz").write_bytes(packed)
    with OpenFiles() as files:
        [document] = files.add_path(tmp_path)
        assert (document.name, document.read()) == (f"{tmp_path}/a.jsonl.gz", b'{"question": "a"}')
        assert document.head() == b'{"question": "a"}'
    assert listed(io.BytesIO(packed), "up.jsonl.gz") == [("up.jsonl.gz", b'{"question": "a"}')]


def test_what_is_packed_with_gzip_counts_unpacked():
    bomb = gzip.compress(bytes(40 * MEGABYTE))
    assert len(bomb) < MEGABYTE
    assert listed(io.BytesIO(bomb), "a.jsonl.gz") == [
        "a.jsonl.gz: found more than 32 MB in one document, expected less"
    ]
    small = listed(io.BytesIO(bomb), "a.jsonl.gz", max_expanded=MEGABYTE)
    assert small == ["a.jsonl.gz: found files that expand past 1 MB, expected less"]


@pytest.mark.parametrize(
    "broken", [b"\x1f\x8b", gzip.compress(b"text", mtime=0)[:-6], gzip.compress(b"text", mtime=0) + b"more"]
)
def test_a_broken_gzip_file_is_a_fault(broken):
    [fault] = listed(io.BytesIO(broken), "a.jsonl.gz")
    assert fault.startswith("a.jsonl.gz: is no gzip file that can be read (")


def test_how_a_document_begins_can_be_looked_at_and_costs_nothing():
    content = b"[" + b" " * 10_000 + b"]"
    with OpenFiles(max_expanded=20_000) as files:
        for stream, name in ((make_zip({"a.json": content}), "up.zip"), (io.BytesIO(content), "a.json")):
            [document] = files.add_stream(stream, name)
            assert document.head() == document.head() == content[:4096]
            assert len(document.head()) == 4096
    stream = io.BytesIO(content)
    assert (uploads.head_of(stream), stream.tell()) == (content[:4096], 0)
    with OpenFiles(max_expanded=20_000) as files:
        [document] = files.add_stream(io.BytesIO(content), "a.json")
        assert (document.head()[:1], document.read(), document.head()[:1]) == (b"[", content, b"[")
