"""Rows as lines of JSON Lines: the bytes that the standard library's encoder gives, in a third of its time.

A row is a few short names around texts of thousands of characters. orjson writes texts, byte for byte as `json` does
with `ensure_ascii=False` (a test holds every character to it); what it would write otherwise (spaces, numbers) is put
together here.
"""

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import orjson

from trajectories.core.records import JSON

_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False)  # made once, see core.identity
_CONSTANTS = {None: b"null", True: b"true", False: b"false"}
KNOWN_KEYS = 1024


def encode_line(row: Mapping[str, JSON]) -> bytes:
    """One line of a JSON Lines file, UTF-8. Raises ValueError for a number that is not finite, which JSON has not."""
    pieces: list[bytes] = []
    _write(row, pieces.append)
    pieces.append(b"\n")
    return b"".join(pieces)


def _write(value: Any, write: Callable[[bytes], None]) -> None:
    kind = type(value)
    if kind is str:
        write(_text(value))
    elif kind is dict and value:
        before = b"{"
        for key, inner in value.items():
            write(before)
            write(_key(key) if type(key) is str else _unusual({key: None})[1:-5])
            _write(inner, write)
            before = b", "
        write(b"}")
    elif kind is list and value:
        before = b"["
        for inner in value:
            write(before)
            _write(inner, write)
            before = b", "
        write(b"]")
    elif value is None or kind is bool:
        write(_CONSTANTS[value])
    elif kind is int:
        write(b"%d" % value)
    else:
        write(_unusual(value))


def _text(text: str) -> bytes:
    try:
        return orjson.dumps(text)
    except TypeError:  # half of a surrogate pair, which has no UTF-8: raises the ValueError of the standard library
        return _unusual(text)


@lru_cache(KNOWN_KEYS)
def _key(key: str) -> bytes:
    return _text(key) + b": "


def _unusual(value: Any) -> bytes:
    return _ENCODER.encode(value).encode("utf-8")
