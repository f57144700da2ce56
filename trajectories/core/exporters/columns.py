"""The types of a file's columns, found while it is written, and the line that loads it by them.

`datasets` guesses the types of JSON Lines from the first ten megabytes (huggingface/datasets#7222, #5531): a column
that is null there, or a key that comes later, ends loading. And it reads a column whose every text looks like a date as
times, also where `features` say that it is text: "2024-01-02" comes back as "2024-01-02 00:00:00". So the line reads
the rows as JSON itself and states every type.
"""

from collections.abc import Mapping

from trajectories.core.records import JSON

Columns = JSON
"""A type as JSON: "null", "bool", "int64", "float64", "string", a list with the type of its items, or an object with
that of each key."""

UNKNOWN = "null"
MIXED = "mixed"
"""Values of several types, or objects without keys: no typed column holds these."""

_OF_PYTHON = {bool: "bool", int: "int64", float: "float64", str: "string"}
_NUMBERS = ("int64", "float64")


def add_value(columns: Columns, value: JSON) -> Columns:
    """The type of a column that held values of the type `columns` so far and holds this one too."""
    if value is None or columns == MIXED:
        return columns
    if isinstance(value, Mapping):
        known = columns if isinstance(columns, dict) else {}
        if not value or not (isinstance(columns, dict) or columns == UNKNOWN):
            return MIXED
        return {**known, **{key: add_value(known.get(key, UNKNOWN), inner) for key, inner in value.items()}}
    if isinstance(value, list | tuple):
        if not (isinstance(columns, list) or columns == UNKNOWN):
            return MIXED
        inner = columns[0] if isinstance(columns, list) else UNKNOWN
        for item in value:
            inner = add_value(inner, item)
        return [inner]
    found = _OF_PYTHON[type(value)]
    if columns in (UNKNOWN, found):
        return found
    return "float64" if columns in _NUMBERS and found in _NUMBERS else MIXED


def is_typed(columns: Columns) -> bool:
    """Whether typed columns hold everything of these types."""
    if isinstance(columns, Mapping):
        return bool(columns) and all(map(is_typed, columns.values()))
    return is_typed(columns[0]) if isinstance(columns, list) else columns != MIXED


def loading_code(columns: Columns, *, file: str, sha256: str) -> str:
    """A command that loads a file with `datasets`, every text as it is; "" where no typed column holds what it has.

    The hash of the file is an argument, so that another file of the same name is not taken from the cache.
    """
    if not isinstance(columns, Mapping) or not is_typed(columns) or not names_are_plain(columns):
        return ""
    return "\n".join(
        (
            "python3 -c 'import datasets, json",
            "def rows(file, sha256):",
            '    with open(file, encoding="utf-8") as lines:',
            "        yield from map(json.loads, lines)",
            "def of(name): return datasets.Value(name)",
            f"features = datasets.Features({_code(columns)})",
            f'kwargs = {{"file": "{file}", "sha256": "{sha256}"}}',
            "print(datasets.Dataset.from_generator(rows, features=features, gen_kwargs=kwargs))'",
        )
    )


def _code(columns: Columns) -> str:
    if isinstance(columns, Mapping):
        return "{" + ", ".join(f'"{key}": {_code(inner)}' for key, inner in columns.items()) + "}"
    if isinstance(columns, list):
        return f"[{_code(columns[0])}]"
    return f'of("{"string" if columns == UNKNOWN else columns}")'


def names_are_plain(columns: Columns) -> bool:
    """Whether every key can stand in the command as it is."""
    if isinstance(columns, Mapping):
        are_plain = all(key.isidentifier() and key.isascii() for key in columns)
        return are_plain and all(map(names_are_plain, columns.values()))
    return names_are_plain(columns[0]) if isinstance(columns, list) else True
