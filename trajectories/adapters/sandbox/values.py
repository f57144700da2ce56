"""Values that come out of a sandbox: JSON text from an untrusted writer, read strictly."""

import json
from typing import NoReturn

from trajectories.core.records import JSON

MAX_DEPTH = 64


class ValueRefusedError(ValueError):
    """The text is no JSON value this application takes; the message says why."""


def read_value(text: str) -> JSON:
    """Read one JSON value: finite numbers, at most MAX_DEPTH deep. Raises ValueRefusedError for anything else.

    Size is the caller's to limit, before the text is held in memory.
    """
    if _depth(text) > MAX_DEPTH:
        raise ValueRefusedError(f"the value is nested more than {MAX_DEPTH} deep")
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
        # Overflow gives an infinity that json.loads does not report: 1e999.
        json.dumps(value, allow_nan=False)
    except (ValueError, RecursionError) as fault:
        raise ValueRefusedError(f"the value is no JSON: {fault}") from fault
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueRefusedError(f"{name} is no JSON number")


def _depth(text: str) -> int:
    """An upper bound of the nesting depth, brackets inside strings included."""
    deepest = depth = 0
    for character in text:
        if character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest
