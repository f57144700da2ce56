"""Strict JSON from files nobody has checked: bounded in size, depth and number of parts, with faults that name a place.

The standard parser recurses on depth, takes NaN, lets the last of two equal keys win and makes a 60-byte object of two
characters. So a linear scan bounds the shape of the text before it is parsed.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from trajectories.core.problems import ProblemError
from trajectories.core.records import JSON
from trajectories.core.text.storable import has_surrogates

MAX_BYTES = 32 * 1024 * 1024
MAX_DEPTH = 64
MAX_CONTAINERS = 1_000_000
"""Lists and objects in one document; each costs some 60 to 120 bytes of memory whatever it holds."""

# Possessive, and a string that never ends runs to the end of the text: time stays linear and memory flat on any input.
_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_NOT_BRACKET = re.compile(r"[^\[\]{}]+")
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def decode_text(data: bytes) -> str:
    """UTF-8 text with or without a byte order mark. Raises ProblemError with the offset of the first bad byte."""
    if data.startswith(_UTF16_MARKS):
        raise ProblemError("byte 0", "found the byte order mark of UTF-16, expected UTF-8 text")
    if len(data) > 3 and (data[:4:2] == b"\0\0") != (data[1:4:2] == b"\0\0"):
        raise ProblemError("byte 0", "found UTF-16 without a byte order mark, expected UTF-8 text")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        # The codec counts from after the mark where there is one.
        offset = fault.start + (3 if data.startswith(b"\xef\xbb\xbf") else 0)
        raise ProblemError(f"byte {offset}", f"found the byte 0x{data[offset]:02x}, expected UTF-8 text") from fault


def lines_of(text: str) -> Iterator[str]:
    """The lines of a text, one at a time, parted at line feeds only."""
    start = 0
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        yield text[start:end]
        start = end + 1


def parse_json(data: bytes) -> JSON:
    """Parse one JSON document. Raises ProblemError, and nothing else, whatever the bytes are."""
    if len(data) > MAX_BYTES:
        raise ProblemError("", f"found more than {MAX_BYTES >> 20} MB in one document, expected less")
    return parse_json_text(decode_text(data))


def parse_json_text(text: str, *, depth: int = MAX_DEPTH, constants: bool = False) -> JSON:
    """Parse one JSON value. With `constants` NaN and infinities, which some tools write, are null. Raises
    ProblemError."""
    if not text.strip():
        raise ProblemError("", "found nothing, expected JSON")
    _check_shape(text, depth)
    try:
        return (_LENIENT if constants else _STRICT).decode(text)
    except _ConstantError as fault:
        # The parser does not say where, so the first such word outside a string is looked for.
        outside = _STRING.sub(lambda string: " " * len(string[0]), text)
        start = outside.find(fault.name)
        place = f"line {text.count(chr(10), 0, start) + 1} column {start - text.rfind(chr(10), 0, start)}"
        raise ProblemError(place, f"found {fault.name}, expected a finite number") from fault
    except json.JSONDecodeError as fault:
        place = f"line {fault.lineno} column {fault.colno}"
        raise ProblemError(place, f"found {_near(text, fault.pos)}, expected JSON ({fault.msg})") from fault
    except ProblemError:
        raise
    except ValueError as fault:
        raise ProblemError("", "found a number of thousands of digits, expected fewer") from fault


def check_text(text: str, path: str) -> str:
    """Return the text if a database can hold it. Raises ProblemError for NUL and half surrogate pairs."""
    if "\0" in text:
        raise ProblemError(path, "found a NUL character, expected text")
    if has_surrogates(text):
        raise ProblemError(path, "found half of a surrogate pair, expected text")
    return text


def check_json(value: JSON, path: str) -> None:
    """Raise ProblemError for a JSON value with a text, or the name of a key, that no database can hold."""
    if isinstance(value, str):
        check_text(value, path)
    elif isinstance(value, dict):
        for key, item in value.items():
            check_text(key, path)
            check_json(item, path)
    elif isinstance(value, list):
        for item in value:
            check_json(item, path)


def _check_shape(text: str, most: int) -> None:
    """Bound depth and number of lists and objects, with strings left out of account."""
    if text.count("[") + text.count("{") <= most:
        return  # few enough wherever they stand, as in most rows
    brackets = _NOT_BRACKET.sub("", _STRING.sub("", text))
    if brackets.count("[") + brackets.count("{") > MAX_CONTAINERS:
        raise ProblemError("", f"found more than {MAX_CONTAINERS:,} lists and objects in one document, expected fewer")
    depth = 0
    for bracket in brackets:
        depth += 1 if bracket in "[{" else -1
        if depth > most:
            raise ProblemError("", f"found lists and objects nested deeper than {most}, expected fewer levels")


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        counts = Counter(key for key, _ in pairs)
        twice = next(key for key in counts if counts[key] > 1)
        raise ProblemError("", f"found the key {twice[:40]!r} twice in one object, expected it once")
    return value


class _ConstantError(Exception):
    """NaN, Infinity or -Infinity where JSON has none."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def _refuse_constant(name: str) -> None:
    raise _ConstantError(name)


def _null_constant(_: str) -> None:
    return None


def _finite_float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ProblemError("", f"found the number {digits[:40]}, expected one that fits a 64-bit float")
    return value


def _near(text: str, position: int) -> str:
    found = text[position : position + 20]
    return f"the text {found!r}" if found else "the end of the file"


def _decoder(parse_constant: Callable[[str], None]) -> json.JSONDecoder:
    return json.JSONDecoder(object_pairs_hook=_unique_keys, parse_constant=parse_constant, parse_float=_finite_float)


# Made once: `json.loads` with options makes a decoder at every call, which takes as long as a short row.
_STRICT, _LENIENT = _decoder(_refuse_constant), _decoder(_null_constant)
