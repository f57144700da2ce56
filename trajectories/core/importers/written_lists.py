"""Lists that a table wrote as text: in JSON, or as Python shows a list of texts, numbers, True, False and None."""

import ast
import json
import re

from trajectories.core.records import JSON

_TEXT = r"'(?:[^'\\\n]|\\.)*+'|\"(?:[^\"\\\n]|\\.)*+\""
_VALUE = re.compile(rf"\s*(?:({_TEXT})|([-+]?\d[\d.eE+-]{{0,40}}|True|False|None|nan))\s*", re.DOTALL)


def list_in(value: JSON) -> list[JSON] | None:
    """The list that a text holds; None for a text that holds none, such as what numpy shows, without commas, and for
    anything else."""
    if not isinstance(value, str) or not (text := value.strip()).startswith("[") or not text.endswith("]"):
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return _as_python_shows(text)
    return found if isinstance(found, list) else None


def _as_python_shows(text: str) -> list[JSON] | None:
    """The same of a list without lists in it."""
    found: list[JSON] = []
    at, end = 1, len(text) - 1
    while at < end:
        value = _VALUE.match(text, at, end)
        if value is None:
            return None
        try:
            found.append(None if value[2] == "nan" else ast.literal_eval(value[1] or value[2]))
        except (ValueError, SyntaxError):
            return None
        at = value.end()
        if at < end and text[at] != ",":
            return None
        at += 1
    return found
