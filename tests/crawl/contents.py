"""What files hold that nobody expects: broken bytes, zips that are none, and valid files with one thing wrong."""

import csv
import gzip
import io
import json
import random
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

ROWS_EACH = 80
"""Rows of a file of spoiled rows: a report names the first hundred faults."""
RAW = {
    "@NaN@": "NaN",
    "@Infinity@": "-Infinity",
    "@huge@": "1e400",
    "@digits@": "9" * 5_000,
    "@half@": '"\\ud800"',
    "@nul@": '"a\\u0000b"',
    "@deep@": "[" * 60 + "]" * 60,
    "@deeper@": '{"a":' * 300 + "1" + "}" * 300,
    "@twice@": '{"a": 1, "a": 2}',
}
"""What JSON has no value for that Python's writer would write: a text that stands for it, and what is written."""
ODD_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**63, 10**400, -(10**30), 0.5, -0.0, 1e308, 5e-324),
    *("", " ", "x", "0", "-1", "1e5", "null", "\u2028", "\u202e\u200b\ufeff", "\x07\x1b[31m", "\U0001f600" * 50),
    *("é" * 9_000, "<script>x</script>", "{{ x }} {% y %}", "$\\frac{1}{0}$" * 30, "((((((" * 200, "9**9**9"),
    *("\\" * 300, "A, B", "../../x", [], [[]], [None], [[[1]]], list(range(300)), ["x"] * 300),
    *({}, {"": ""}, {"a": {}}, {"role": "user"}, {"A": "x", "B": None}),
    *RAW,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Content:
    """A file to send: what is odd about it, a name whose ending says what it claims to be, and its bytes."""

    what: str
    name: str
    data: bytes


def as_json(value: Any) -> str:
    """JSON, with what no JSON value is where a text stands for it."""
    text = json.dumps(value, ensure_ascii=False)
    for name, raw in RAW.items():
        text = text.replace(f'"{name}"', raw)
    return text


def encode(text: str) -> bytes:
    """UTF-8, and half characters as no UTF-8 has them."""
    return text.encode("utf-8", "surrogatepass")


def spoiled(value: Any) -> Iterator[Callable[[Any], Any]]:
    """Ways to spoil a JSON value, each a function of an odd value: every part of it replaced, left out, named anew."""
    yield lambda odd: odd
    if isinstance(value, dict):
        for key in value:
            yield lambda _odd, key=key: {name: value[name] for name in value if name != key}
            yield lambda odd, key=key: {(str(odd)[:300] if name == key else name): value[name] for name in value}
            for spoil in spoiled(value[key]):
                yield lambda odd, key=key, spoil=spoil: {**value, key: spoil(odd)}
    elif isinstance(value, list):
        yield lambda _odd: value * 2
        for place in range(min(2, len(value))):
            for spoil in spoiled(value[place]):
                yield lambda odd, place=place, spoil=spoil: [*value[:place], spoil(odd), *value[place + 1 :]]


def spoiled_values(values: Sequence[Any], draw: random.Random, each: int) -> list[Any]:
    """All values spoiled in all ways, each way with `each` of the odd values, drawn anew for each."""
    return [
        spoil(odd)
        for value in values
        for spoil in spoiled(value)
        for odd in draw.sample(ODD_VALUES, min(each, len(ODD_VALUES)))
    ]


def json_lines(name: str, rows: Sequence[Any], draw: random.Random, each: int) -> Iterator[Content]:
    """Files of spoiled rows, and one with a key twice and rows that are no objects."""
    lines = [as_json(row) for row in spoiled_values(rows, draw, each)]
    for start in range(0, len(lines), ROWS_EACH):
        yield Content(f"spoiled rows from {start}", name, encode("\n".join(lines[start : start + ROWS_EACH])))
    good = as_json(rows[0])
    yield Content("a key twice", name, encode(f"{good[:-1]}, {good[1:]}"))
    yield Content("no objects", name, b'1\n"x"\nnull\n[]\n{}\n{"": ""}\n')
    yield Content("line ends of all kinds", name, encode(f"{good}\r\n\r{good}\n\n\r\n{good}\u2028{good}\x85{good}\x0b"))


def documents(name: str, values: Sequence[Any], draw: random.Random, each: int) -> Iterator[Content]:
    """JSON documents, of which each holds many spoiled tasks by name, and some that are one spoiled task."""
    tasks = spoiled_values(values, draw, each)
    for start in range(0, len(tasks), ROWS_EACH):
        named = {f"task-{start + place}": task for place, task in enumerate(tasks[start : start + ROWS_EACH])}
        yield Content(f"spoiled tasks from {start}", name, encode(as_json(named)))
    for task in draw.sample(tasks, min(len(tasks), 10 * each)):
        yield Content("a spoiled task", name, encode(as_json(task)))


def tables(name: str, rows: Sequence[dict[str, Any]], draw: random.Random, each: int) -> Iterator[Content]:
    """CSV files: one odd value in each column, and tables that are none."""
    odd = [value if isinstance(value, str) else as_json(value) for value in ODD_VALUES]
    header = list(rows[0])
    spoilt = [
        [RAW.get(value, value) if column == spoil else row.get(column, "") for column in header]
        for row in rows
        for spoil in header
        for value in draw.sample(odd, min(4 * each, len(odd)))
    ]
    for start in range(0, len(spoilt), ROWS_EACH):
        yield Content(f"spoiled cells from {start}", name, encode(table(header, spoilt[start : start + ROWS_EACH])))
    good = table(header, [[row.get(column, "") for column in header] for row in rows])
    yield Content("a quote that never ends", name, encode(good + 'a,"b\n' + good))
    yield Content("quotes in the middle", name, encode(good.replace(",", '"x",', 3)))
    yield Content("a column twice", name, encode(table([*header, header[0]], [["1"] * (len(header) + 1)])))
    yield Content("a cell too many and one too few", name, encode(good + "1," * 20 + "\n1\n"))
    yield Content(
        "line ends of all kinds", name, encode(good.replace("\r\n", "\r") + good + good.replace("\r\n", "\n\r"))
    )
    yield Content("other marks", name, encode(good.replace(",", ";")))
    yield Content("a header alone", name, encode(",".join(header)))
    yield Content("empty names", name, b",,\n1,2,3\n")
    yield Content("a cell as long as no reader takes", name, b"question,answer\n" + b"x" * 200_000 + b",4\n")
    yield Content("NUL", name, b"question,answer\nWhat\0?,4\n\0,\0\n")


def table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """CSV text."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()


def broken(good: Content, draw: random.Random, each: int) -> Iterator[Content]:
    """A valid file whose bytes are no longer what its name says."""
    text, data = good.data.decode(errors="replace"), good.data
    cuts = sorted(draw.sample(range(1, len(data)), min(3 * each, len(data) - 1)))
    half = len(data) // 2
    variants: dict[str, bytes] = {
        "nothing": b"",
        "spaces": b" \t\r\n \n",
        "a byte order mark alone": b"\xef\xbb\xbf",
        "a byte order mark": b"\xef\xbb\xbf" + data,
        "two byte order marks": b"\xef\xbb\xbf" * 2 + data,
        "UTF-16": text.encode("utf-16"),
        "UTF-16 without a mark": text.encode("utf-16-le"),
        "UTF-32": text.encode("utf-32"),
        "Latin-1": b"\xe9\xe8 \xa4" + data,
        "half characters": data[:half] + b"\xed\xa0\x80" + data[half:],
        "an overlong character": data[:half] + b"\xc0\xaf" + data[half:],
        "NUL in front": b"\0" + data,
        "NUL inside": data[:half] + b"\0\0" + data[half:],
        "NUL only": bytes(4_096),
        "gzip": gzip.compress(data, mtime=0),
        "gzip cut": gzip.compress(data, mtime=0)[:-9],
        "a gzip bomb": gzip.compress(bytes(3_000_000)),
        "Parquet": b"PAR1" + data + b"\x15\x04" * 40 + (80).to_bytes(4, "little") + b"PAR1",
        "PDF": b"%PDF-1.7\n" + data,
        "an executable": b"\x7fELF\x02\x01\x01" + bytes(60),
        "a page": b"<!doctype html><title>404</title>",
        "nested deeply": b"[" * 100_000,
        "nested deeply and closed": b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
        "a long number": b"9" * 100_000,
        "a long text": b'"' + b"x" * 1_000_000,
        "a very long line": data.rstrip() + b" " * 9_000_000 + b"\n" + data,
        "twice in one line": data.rstrip(b"\r\n") + data,
        "remarks": b"// a remark\n/* and another */\n" + data,
        "constants": b"NaN\nInfinity\n-Infinity\n1e400\n",
        "many empty objects": b"{}\n" * 20_000,
        "many empty lists": b"[" + b"[]," * 200_000 + b"[]]",
        **{f"cut at {cut}": data[:cut] for cut in cuts},
        **{f"bytes changed {turn}": flipped(data, draw) for turn in range(6 * each)},
    }
    for what, changed in variants.items():
        yield Content(f"{what}: {good.what}", good.name, changed)


def flipped(data: bytes, draw: random.Random) -> bytes:
    """The bytes with a few of them changed, left out or put in."""
    changed = bytearray(data)
    for _ in range(draw.choice((1, 1, 2, 5, 20))):
        place = draw.randrange(len(changed))
        changed[place : place + draw.randrange(2)] = draw.choice(
            (b"", draw.randbytes(1), draw.choice(b'{}[]",:\\\n0-').to_bytes())
        )
        changed = changed or bytearray(b"x")
    return bytes(changed)


def zips(inside: Sequence[Content], draw: random.Random, each: int) -> Iterator[Content]:
    """Zips: good ones, with what no import expects inside, and broken ones."""
    whole = zipped([(content.name, content.data) for content in inside])
    yield Content("a zip", "all.zip", whole)
    for what, names in {
        "names that lead out": ["../out.json", "a/../../out.json", "/out.json", "C:\\out.json", "a\\b.json"],
        "odd names": ["a\nb.json", "é" * 300 + ".json", ".json", " .json", "\u202ejson.json", "a/.b.json"],
        "names twice": ["a.json", "a.json", "A.json", "a.json/"],
        "other files": ["a.exe", "b.gz", "c.zip", "d.tar", "README"],
        "nothing": [],
    }.items():
        yield Content(f"a zip of {what}", "odd.zip", zipped([(name, inside[0].data) for name in names]))
    link, locked = zipfile.ZipInfo("link.json"), zipfile.ZipInfo("locked.json")
    link.external_attr = 0o120777 << 16
    locked.flag_bits = 1
    yield Content("a zip of a link", "link.zip", zipped([(link, b"/etc/hostname")]))
    yield Content(
        "a zip that is locked", "locked.zip", zipped([("a.json", b"{}")]).replace(b"\x14\0\0\0", b"\x14\0\1\0")
    )
    yield Content("a NUL in a name", "nul.zip", zipped([("a-NUL.json", b"{}")]).replace(b"a-NUL", b"a\0NUL"))
    yield Content("a zip bomb", "bomb.zip", zipped([("a.json", bytes(40_000_000))]))
    yield Content("a zip of zips", "zips.zip", zipped([("a.zip", whole)] * 2))
    yield Content("bzip2 inside", "bz2.zip", zipped([("a.json", b"{}")], zipfile.ZIP_BZIP2))
    yield Content("lzma inside", "lzma.zip", zipped([("a.json", b"{}")], zipfile.ZIP_LZMA))
    yield Content("nothing", "nothing.zip", b"")
    yield Content("an end record alone", "end.zip", b"PK\5\6" + b"\xff" * 18)
    yield Content("something in front", "front.zip", b"#!/bin/sh\n" * 100 + whole)
    yield Content("something behind", "behind.zip", whole + b"\0" * 70_000)
    for cut in draw.sample(range(1, len(whole)), 3 * each):
        yield Content(f"a zip cut at {cut}", "cut.zip", whole[:cut])
    for _ in range(12 * each):
        yield Content("a zip with bytes changed", "changed.zip", flipped(whole, draw))


def zipped(entries: Sequence[tuple[Any, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of these entries, whatever they are called."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return out.getvalue()
