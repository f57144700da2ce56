"""The types of a file's columns, found while it is written."""

from collections.abc import Mapping, Sequence

from trajectories.core.records import JSON

Columns = JSON
"""A type as JSON: "null", "bool", "int64", "float64", "string", a list with the type of its items, or an object with
that of each key."""

UNKNOWN = "null"
WIDE = "wide"
"""Whole numbers of which some are too large for a float to tell apart: "int64" once all is known."""

MIXED = "mixed"
"""Values of several types, objects without keys, or whole numbers beyond 64 bits: no typed column holds these."""

JSON_VALUE = "json"
"""Objects whose keys differ from row to row, which `datasets` 4.8 and later keep as JSON."""

_OF_PYTHON = {bool: "bool", int: "int64", float: "float64", str: "string"}
_NUMBERS = {"int64", "float64"}
_WHOLE = {"int64", WIDE}
_EXACT = 2**53
_MOST = 2**63


def add_value(columns: Columns, value: JSON) -> Columns:
    """The type of a column that held values of the type `columns` so far and holds this one too.

    Types are never changed in place: what has not changed is the same object.
    """
    if type(value) is str and columns == "string":  # by far the most values
        return columns
    if value is None or columns == MIXED:
        return columns
    if isinstance(value, dict):  # not Mapping: asking that takes longer than all the rest
        return _add_object(columns, value)
    if isinstance(value, list | tuple):
        return _add_list(columns, value)
    found = _OF_PYTHON[type(value)]
    if found == "int64" and not -_EXACT <= value <= _EXACT:
        found = WIDE if -_MOST <= value < _MOST else MIXED
    if columns in (UNKNOWN, found):
        return found
    if not isinstance(columns, str):
        return MIXED
    if {columns, found} <= _WHOLE:
        return WIDE
    return "float64" if {columns, found} <= _NUMBERS else MIXED


def _add_list(columns: Columns, value: Sequence[JSON]) -> Columns:
    if not (isinstance(columns, list) or columns == UNKNOWN):
        return MIXED
    before = columns[0] if isinstance(columns, list) else UNKNOWN
    inner = before
    for item in value:
        inner = add_value(inner, item)
    return columns if inner is before and isinstance(columns, list) else [inner]


def _add_object(columns: Columns, value: Mapping[str, JSON]) -> Columns:
    known = columns if isinstance(columns, dict) else {}
    if not value or not (isinstance(columns, dict) or columns == UNKNOWN):
        return MIXED
    changed = {}
    for key, inner in value.items():
        before = known.get(key)
        now = add_value(UNKNOWN if before is None else before, inner)
        if now is not before:
            changed[key] = now
    return {**known, **changed} if changed else columns


def settle_types(found: Columns, declared: Columns) -> Columns:
    """Types as they are written down: what held nothing but null has the declared type, or is text."""
    if isinstance(found, Mapping):
        known = declared if isinstance(declared, Mapping) else {}
        return {key: settle_types(inner, known.get(key, UNKNOWN)) for key, inner in found.items()}
    if isinstance(found, list):
        return [settle_types(found[0], declared[0] if isinstance(declared, list) else UNKNOWN)]
    if found == UNKNOWN:
        return "string" if declared in (UNKNOWN, MIXED) else declared
    if found == WIDE:
        return "int64"
    return "float64" if found == "int64" and declared == "float64" else found


def is_typed(columns: Columns) -> bool:
    """Whether typed columns hold everything of these types."""
    if isinstance(columns, Mapping):
        return bool(columns) and all(map(is_typed, columns.values()))
    return is_typed(columns[0]) if isinstance(columns, list) else columns != MIXED


META: JSON = {
    "problem_id": "string",
    "problem_hash": "string",
    "trace_id": "int64",
    "release": "int64",
    "split": "string",
    "verdicts": ["string"],
    "score": "float64",
    "sampler": "string",
    "instruction": "string",
}
"""The types of `meta`; pairs have more, which are found as they are written."""


def declared_columns(columns: Columns, *, with_meta: bool) -> Columns:
    """The types that the rows of a format may have."""
    return {**columns, "meta": META} if with_meta and isinstance(columns, Mapping) else columns


def with_json_arguments(columns: Columns) -> Columns:
    """Types in which the arguments of tool calls are any objects."""
    if isinstance(columns, Mapping):
        return {
            key: {**inner, "arguments": JSON_VALUE}
            if key == "function" and isinstance(inner, Mapping) and "arguments" in inner
            else with_json_arguments(inner)
            for key, inner in columns.items()
        }
    return [with_json_arguments(columns[0])] if isinstance(columns, list) else columns


def mixed_place(columns: Columns, path: str = "") -> str:
    """The first place in a row that no typed column holds, as `messages[].content`; "" where there is none."""
    if isinstance(columns, Mapping):
        inner = (mixed_place(inner, f"{path}.{key}" if path else key) for key, inner in columns.items())
        return next(filter(None, inner), "" if columns else path)
    if isinstance(columns, list):
        return mixed_place(columns[0], f"{path}[]")
    return path if columns == MIXED else ""
