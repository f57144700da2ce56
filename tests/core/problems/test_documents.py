"""Strict JSON from hostile bytes."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.problems.strategies import json_values
from trajectories.core.problems import ProblemError
from trajectories.core.problems.documents import (
    MAX_BYTES,
    MAX_CONTAINERS,
    MAX_DEPTH,
    check_text,
    parse_json,
    parse_json_text,
)

FAULTS = [
    (b"", "found nothing, expected JSON"),
    (b" \r\n ", "found nothing, expected JSON"),
    (b'{"a": 1 2}', "line 1 column 9: found the text '2}', expected JSON"),
    (b'{"a": 1,}', "line 1 column "),
    (b'{"a":\r\n 1', "line 2 column 3: found the end of the file, expected JSON"),
    (b'["NaN",\r\n [NaN]]', "line 2 column 3: found NaN, expected a finite number"),
    (b"[-Infinity]", "line 1 column 2: found -Infinity, expected a finite number"),
    (b"[1e999]", "found the number 1e999, expected one that fits a 64-bit float"),
    (b"[" + b"9" * 5000 + b"]", "found a number of thousands of digits"),
    (b'{"train": 1, "train": 2}', "found the key 'train' twice in one object, expected it once"),
    (b'["abc\xff"]', "byte 5: found the byte 0xff, expected UTF-8 text"),
    (b'\xef\xbb\xbf["\xc3"]', "byte 5: found the byte 0xc3, expected UTF-8 text"),
    ("[1]".encode("utf-16-le"), "byte 0: found UTF-16 without a byte order mark, expected UTF-8 text"),
    ("[1]".encode("utf-16-be"), "byte 0: found UTF-16 without a byte order mark, expected UTF-8 text"),
    ("[1]".encode("utf-16"), "byte 0: found the byte order mark of UTF-16, expected UTF-8 text"),
    (b"[" * 10_000 + b"]" * 10_000, f"found lists and objects nested deeper than {MAX_DEPTH}"),
    (b'{"a":' * 10_000, f"found lists and objects nested deeper than {MAX_DEPTH}"),
    (b'["\\"[", ' + b"[" * 100_000, f"found lists and objects nested deeper than {MAX_DEPTH}"),
    (b'"never ends' + b'\\"[' * 100_000, "line 1 column 1: found the text"),
    (b"[" + b"[]," * MAX_CONTAINERS + b"1]", "found more than 1,000,000 lists and objects in one document"),
    (b'"' + b" " * MAX_BYTES + b'"', "found more than 32 MB in one document, expected less"),
]


@pytest.mark.parametrize(("data", "message"), FAULTS, ids=range(len(FAULTS)))
def test_faults(data, message):
    with pytest.raises(ProblemError) as fault:
        parse_json(data)
    assert str(fault.value).startswith(message)
    assert len(str(fault.value)) < 300


@pytest.mark.parametrize("data", [b'\xef\xbb\xbf{"a": [1]}', b'{\r\n"a":\r\n[1]}\r\n', b'{"a": [1]}'])
def test_byte_order_mark_and_crlf_are_fine(data):
    assert parse_json(data) == {"a": [1]}


def test_brackets_in_strings_do_not_count():
    text = '"\\' + "[{" * 500
    assert parse_json(json.dumps([text]).encode()) == [text]


def test_depth_up_to_the_limit_is_read():
    assert parse_json(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)


@given(st.binary() | st.text().map(str.encode) | st.text(alphabet='[]{}",:\\0a \n').map(str.encode))
def test_parsing_is_total(data):
    try:
        value = parse_json(data)
    except ProblemError:
        return
    assert value == json.loads(data.decode("utf-8-sig"))


@given(json_values)
def test_round_trip(value):
    assert parse_json(json.dumps(value).encode()) == value


def test_the_scan_agrees_with_the_parser_on_nesting():
    assert parse_json_text('{"a]": [["]"], "["]}', depth=3)
    with pytest.raises(ProblemError, match="nested deeper than 3"):
        parse_json_text('{"a": [[["]"], "["]]}', depth=3)


@pytest.mark.parametrize("text", ["a\0b", "\ud800", "x\udfff"])
def test_text_a_database_cannot_hold_is_refused(text):
    with pytest.raises(ProblemError, match=r"^here: found"):
        check_text(text, "here")


def test_other_text_is_kept():
    assert check_text("größer 🙂", "here") == "größer 🙂"
