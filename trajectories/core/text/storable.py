"""Making untrusted text and JSON storable: PostgreSQL takes neither U+0000 nor lone surrogates."""

import math
from collections.abc import Mapping
from typing import Any

from trajectories.core.records import JSON

MAX_DEPTH = 200
PIECE = 1 << 20
"""Characters of a long text that are looked at at once."""
_INTEGERS = {int}


def storable_text(text: str) -> str:
    """The text with every U+0000 and lone surrogate replaced by U+FFFD."""
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
    if text.isascii() or (len(text) > PIECE and not has_surrogates(text)):
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def has_surrogates(text: str) -> bool:
    """Whether half a surrogate pair is in the text. A long one is looked at a piece at a time, without a copy of it."""
    if text.isascii():
        return False
    try:
        for start in range(0, len(text), PIECE):
            text[start : start + PIECE].encode()
    except UnicodeEncodeError:
        return True
    return False


def storable_json(value: Any, depth: int = 0) -> JSON:
    """The value as plain JSON with storable texts.

    Raises ValueError for a value nested deeper than MAX_DEPTH or a number that is not finite, TypeError for a value
    that JSON has no form for.
    """
    if depth > MAX_DEPTH:
        raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
    kind = type(value)  # asked first, since it takes a tenth of the time of asking for what is like it
    if kind is str:
        return storable_text(value)
    if value is None or kind is int or kind is bool:
        return value
    if kind is list and depth < MAX_DEPTH and set(map(type, value)) == _INTEGERS:
        return list(value)  # a row of a grid, of which verdicts are full
    if kind is dict or isinstance(value, Mapping):
        return {storable_text(str(key)): storable_json(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [storable_json(item, depth + 1) for item in value]
    return _storable_like(value)


def _storable_like(value: Any) -> JSON:
    """A number, or what is like one or like a text."""
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"found {value}, expected a finite number")
    if isinstance(value, int | float):
        return value
    if isinstance(value, str):
        return storable_text(value)
    raise TypeError(f"found a {type(value).__name__}, expected a JSON value")
