"""The rows of a file of questions: JSONL, CSV and TSV, or one list of objects as JSON."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from trajectories.core.problems import ProblemError, describe
from trajectories.core.problems.arc_files import show
from trajectories.core.problems.documents import check_text, decode_text, lines_of, parse_json_text
from trajectories.core.records import JSON

PARQUET = ".parquet"
LINES = frozenset({".jsonl", ".ndjson", PARQUET})
"""Endings of files with one object to a line; whoever opens a Parquet file hands its rows over so."""
TABLES = {".csv": ",", ".tsv": "\t"}
SUFFIXES = LINES | TABLES.keys()
"""The endings of names that say that a file holds questions, with or without one of PACKED behind them."""
PACKED = (".gz", ".zst")
MAX_COLUMNS = 256
"""Column names in one file: a page that asks what is in which column lists them all, a dozen times over."""
MAX_ROWS = 500_000
"""Rows and lines of one file: so many can be looked through while somebody waits for a task to end."""
HEAD_BYTES = 4096
"""So much of a JSON document says whether it is a list of objects."""
LONE_KEYS = ("question", "problem", "Question", "Problem")
LIST_KEYS = ("data", "rows", "questions", "problems", "examples", "items", "instances")
"""Keys under which an object has its list of questions, best first."""

_TEXT = r'"(?:[^"\\]|\\.)*+"'
_LIST = re.compile(r"\s*\[\s*\{")
_PAIRS = re.compile(r'\s*\[\s*\{\s*"(?:input|output)"\s*:\s*\[\s*\[')
"""A list of pairs of grids, as re-arc has them: none of questions."""
_NEXT_OBJECT = re.compile(r"\}[ \t\r]*\n\s*\{")
"""Where one object ends and another begins on a later line, with no comma between them: in no single document."""
_SCALARS = rf"(?:\s*{_TEXT}\s*:\s*(?:{_TEXT}|[-+.\w]++)\s*,)*+"
_WRAPPED = re.compile(rf'\s*\{{{_SCALARS}\s*"([^"\\]*+)"\s*:\s*\[\s*\{{\s*+(?!"attempt_)')
"""An object whose first list is one of objects, unless they are attempts as Kaggle takes them."""

_LONE = re.compile(
    rf'\s*\{{(?:\s*{_TEXT}\s*:\s*(?:{_TEXT}|[-+.\w]++)\s*,)*?\s*"(?:question|problem|Question|Problem)"\s*:\s*"'
)
"""An object that asks a question."""

Row = Mapping[str, Any]
"""Column name to an unchecked JSON value; in tables every value is text."""


def plain_name(name: str) -> str:
    """A file's name without the ending of a packed one."""
    ending = next((ending for ending in PACKED if name.lower().endswith(ending)), "")
    return name.removesuffix(name[len(name) - len(ending) :]) if ending else name


def suffix_of(name: str) -> str:
    """What a file's name ends in, in lower case and packed or not: ".jsonl" of "a.JSONL.gz"."""
    return PurePosixPath(plain_name(name)).suffix.lower()


def is_questions(name: str) -> bool:
    """Whether a file's name says that it holds questions."""
    return suffix_of(name) in SUFFIXES


def holds_questions(name: str, head: bytes) -> bool:
    """Whether a file holds questions, by its name and its first HEAD_BYTES.

    A .json file does where it is a list of objects that are no pairs of grids, has one object to a line, or is one
    question (MATH has a file for each).
    """
    if suffix_of(name) != ".json":
        return is_questions(name)
    text = head[:HEAD_BYTES].decode("utf-8-sig", errors="replace")
    wrapped = _WRAPPED.match(text)
    is_list = (_LIST.match(text) is not None and _PAIRS.match(text) is None) or _NEXT_OBJECT.search(text) is not None
    return is_list or _LONE.match(text) is not None or (wrapped is not None and wrapped[1] not in ("train", "test"))


def row_word(file: str) -> str:
    """What one row of a file is counted in: a line, a row of Parquet, or an item of a list."""
    return {".json": "item", PARQUET: "row"}.get(suffix_of(file), "line")


def read_rows(data: bytes, file: str) -> Iterator[tuple[int, Row | ProblemError]]:
    """The rows of a file with the line each ends on (of a JSON list its number); one that cannot be read is a
    ProblemError.

    Of lines and tables one row at a time, so that many small ones take no more memory than few. Raises ProblemError
    where the whole file cannot be read.
    """
    suffix = suffix_of(file)
    text = decode_text(data)
    lines = max(text.count("\n"), text.count("\r"))
    if lines > MAX_ROWS:
        raise ProblemError("", f"found {lines:,} lines in one file, expected at most {MAX_ROWS:,}; part it")
    if suffix in TABLES:
        return _table_rows(text, _delimiter(text, TABLES[suffix]))
    if suffix == ".json" and _NEXT_OBJECT.search(text, 0, HEAD_BYTES) is None:
        return iter(_listed_rows(parse_json_text(text)))
    if text.lstrip().startswith("[") and _is_list(text):
        raise ProblemError("", "found one list, expected one object to a line; a list is read from a .json file")
    return _jsonl_rows(text)


def _jsonl_rows(text: str) -> Iterator[tuple[int, Row | ProblemError]]:
    columns: set[str] = set()
    for number, line in enumerate(lines_of(text), 1):
        if not line.strip():
            continue
        try:
            value = _checked_row(parse_json_text(line), columns)
        except ProblemError as fault:
            yield number, ProblemError(fault.path.removeprefix("line 1 "), fault.detail)
        else:
            columns.update(value)
            _check_columns(len(columns), " in all rows so far")
            yield number, value


def _checked_row(value: JSON, known: set[str]) -> Row:
    """A row, and names of columns that are not `known` yet looked at. Raises ProblemError."""
    if not isinstance(value, dict):
        raise ProblemError("", f"found {describe(value)}, expected an object")
    _check_columns(len(value))
    _check_names(value.keys() - known)
    return value


def _listed_rows(value: JSON) -> list[tuple[int, Row | ProblemError]]:
    """The rows of a JSON list, or of the list that an object has. Raises ProblemError."""
    rows: list[tuple[int, Row | ProblemError]] = []
    columns: set[str] = set()
    for number, entry in enumerate(_list_in(value), 1):
        # The data sets server of Hugging Face puts each row below "row".
        inside = entry["row"] if isinstance(entry, dict) and "row_idx" in entry and "row" in entry else entry
        try:
            row = _checked_row(inside, columns)
        except ProblemError as fault:
            rows.append((number, fault))
        else:
            columns.update(row)
            _check_columns(len(columns), " in all rows so far")
            rows.append((number, row))
    return rows


def _list_in(value: JSON) -> list[JSON]:
    if isinstance(value, list):
        return value
    if isinstance(value, dict) and any(isinstance(value.get(name), str) for name in LONE_KEYS):
        return [value]
    named = value.items() if isinstance(value, dict) else ()
    lists: dict[str, list[JSON]] = {key: each for key, each in named if _is_table(each)}
    key = next((key for key in LIST_KEYS if key in lists), next(iter(lists)) if len(lists) == 1 else None)
    if key is None:
        found = f"found {len(lists)} lists of objects" if lists else f"found {describe(value)}"
        raise ProblemError("", f"{found}, expected one list of questions")
    return lists[key]


def _is_list(text: str) -> bool:
    """Whether a whole text is one list."""
    try:
        return isinstance(parse_json_text(text), list)
    except ProblemError:
        return False


def _is_table(value: JSON) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(entry, dict) for entry in value)


def _check_columns(count: int, where: str = "") -> None:
    """Raise ProblemError for more columns than anyone can choose from."""
    if count > MAX_COLUMNS:
        raise ProblemError("", f"found {count:,} columns{where}, expected at most {MAX_COLUMNS}; leave out the others")


def _check_names(columns: Iterable[str]) -> None:
    """Raise ProblemError for the name of a column that no page can show and no database hold."""
    for column in columns:
        check_text(column, f"the column {show(column)}")


def _delimiter(text: str, usual: str) -> str:
    """What parts the cells: spreadsheets of many countries write ";" into a .csv file, and some a tab."""
    header = text[: text.find("\n")] if "\n" in text else text
    return usual if usual in header else next((mark for mark in ";\t" if mark in header), usual)


def _table_rows(text: str, delimiter: str) -> Iterator[tuple[int, Row | ProblemError]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        _check_columns(len(header))
        _check_names(header)
        named = [name for name in header if name]
        if len(set(named)) != len(named):
            yield 1, ProblemError("", "found a column name twice in the header, expected different names")
            return
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, _table_row(header, cells)
    except csv.Error as fault:
        yield reader.line_num, ProblemError("", f"is no CSV from here on ({fault})")


def _table_row(header: list[str], cells: list[str]) -> Row | ProblemError:
    """One row. Spreadsheets put empty cells behind the last column, under a header without a name or under none."""
    spare = cells[len(header) :]
    if len(cells) < len(header) or any(cell.strip() for cell in spare):
        return ProblemError("", f"found {len(cells)} cells, expected {len(header)} as in the header")
    named = zip(header, cells, strict=False)
    return {name or f"column {place}": cell for place, (name, cell) in enumerate(named, 1) if name or cell.strip()}
