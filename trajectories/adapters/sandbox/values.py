"""Values that come out of a sandbox: JSON text from an untrusted writer, read strictly."""

import json
import math
import re
from typing import NoReturn

from trajectories.core.records import JSON

MAX_DEPTH = 64
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')


class ValueRefusedError(ValueError):
    """The text is no JSON value this application takes; the message says why."""


def read_value(text: str) -> JSON:
    """Read one JSON value: finite numbers, at most MAX_DEPTH deep. Raises ValueRefusedError for anything else.

    Size is the caller's to limit, before the text is held in memory.
    """
    if text.count("[") + text.count("{") > MAX_DEPTH and _depth(text) > MAX_DEPTH:
        raise ValueRefusedError(f"the value is nested more than {MAX_DEPTH} deep")
    try:
        return _DECODER.decode(text)
    except (ValueError, RecursionError) as fault:
        raise ValueRefusedError(f"the value is no JSON: {fault}") from fault


def _refuse_constant(name: str) -> NoReturn:
    raise ValueRefusedError(f"{name} is no JSON number")


def _finite_float(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueRefusedError("a number is too large")
    return number


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite_float)


def _depth(text: str) -> int:
    """How deep the brackets outside strings are nested."""
    deepest = depth = 0
    for character in _STRING.sub("", text):
        if character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest
