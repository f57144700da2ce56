"""Commands that load a file with `datasets`.

`datasets` guesses the types of JSON Lines from the first ten megabytes (huggingface/datasets#7222, #5531): a column
that is null there, or a key that comes later, ends loading. And it reads a column whose every text looks like a date as
times, also where `features` say that it is text: "2024-01-02" comes back as "2024-01-02 00:00:00". So the command reads
the rows as JSON itself and states every type. Parquet has its types in the file.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from trajectories.core.exporters.columns import JSON_VALUE, MIXED, UNKNOWN, Columns, is_typed
from trajectories.core.records import JSON

DATASETS = "5.2.0"
"""The version of datasets that the commands were tried with; trl brings the same one along."""

OLDEST_WITH_JSON = "4.8"
"""The first version of datasets that has a type for objects whose keys differ from row to row."""


@dataclass(frozen=True, slots=True)
class Loading:
    """How a file is loaded: `expression` is the Python expression of all of it, `rows` that of the rows of its first
    split; `modules` and `statements` come before these, `before` are commands that come before Python.
    """

    expression: str
    rows: str = ""
    modules: tuple[str, ...] = ("datasets",)
    statements: tuple[str, ...] = ()
    before: str = ""

    @property
    def command(self) -> str:
        """Commands that load the file and show what was loaded."""
        opening, shown = f"import {', '.join(self.modules)}", f"print({self.expression})'"
        lines = [f"python3 -c '{opening}", *self.statements, shown]
        python = "\n".join(lines) if self.statements else f"python3 -c '{opening}; {shown}"
        return f"{self.before}\n{python}" if self.before else python

    @property
    def install(self) -> str:
        """The command that installs what the other one needs."""
        return f"pip install datasets=={DATASETS}"

    @property
    def oldest(self) -> str:
        """The first version of datasets that loads the file; "" where all that were tried do (3.6.0 and later)."""
        return OLDEST_WITH_JSON if any("datasets.Json()" in line for line in self.statements) else ""


def load_lines(columns: Columns, *, file: str, sha256: str) -> Loading | None:
    """How JSON Lines are loaded, every text as it is; None where no typed column holds them.

    The hash of the file is an argument, so that another file of the same name is not taken from the cache.
    """
    if not isinstance(columns, Mapping) or not is_typed(columns) or not _names_are_plain(columns):
        return None
    modules, opening = (("gzip", "json"), "gzip.open") if file.endswith(".gz") else (("json",), "open")
    statements = (
        "def rows(file, sha256):",
        f'    with {opening}(file, "rt", encoding="utf-8") as lines:',
        "        yield from map(json.loads, lines)",
        "def of(name): return datasets.Value(name)",
        f"features = datasets.Features({_code(columns)})",
        f'kwargs = {{"file": "{file}", "sha256": "{sha256}"}}',
    )
    expression = "datasets.Dataset.from_generator(rows, features=features, gen_kwargs=kwargs)"
    return Loading(expression, modules=("datasets", *modules), statements=statements)


def load_table(file: str) -> Loading:
    """The code that loads a Parquet file, which holds the types of its columns itself."""
    return Loading(f'datasets.Dataset.from_parquet("{file}")')


def load_folder(file: str) -> Loading:
    """How an archive of a folder is unpacked and loaded, by the splits that it has."""
    folder = file.removesuffix(".zip")
    expression = f'datasets.load_dataset("./{folder}")'
    return Loading(expression, f"next(iter({expression}.values()))", before=f"python3 -m zipfile -e {file} {folder}")


def calls_as_text(columns: JSON) -> bool:
    """Whether the rows have calls of tools with their arguments as text, which most chat templates write wrongly."""
    if isinstance(columns, Mapping):
        function = columns.get("function")
        told = isinstance(function, Mapping) and function.get("arguments") == "string"
        return told or any(map(calls_as_text, columns.values()))
    return isinstance(columns, list) and calls_as_text(columns[0])


def _code(columns: Columns) -> str:
    if isinstance(columns, Mapping):
        return "{" + ", ".join(f'"{key}": {_code(inner)}' for key, inner in columns.items()) + "}"
    if isinstance(columns, list):
        return f"[{_code(columns[0])}]"
    if columns == JSON_VALUE:
        return "datasets.Json()"
    return f'of("{"string" if columns in (UNKNOWN, MIXED) else columns}")'


def _names_are_plain(columns: Columns) -> bool:
    """Whether every key can stand in the command as it is."""
    if isinstance(columns, Mapping):
        are_plain = all(key.isidentifier() and key.isascii() for key in columns)
        return are_plain and all(map(_names_are_plain, columns.values()))
    return _names_are_plain(columns[0]) if isinstance(columns, list) else True
