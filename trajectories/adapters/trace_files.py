"""Files of traces, whatever they are: told by how they begin, and read row by row."""

from collections.abc import Iterator
from functools import partial
from typing import IO, Any

from trajectories.adapters.packed_logs import (
    PARQUET_MARK,
    ZIP_MARK,
    guarded,
    rows_of_zip,
    unpacked_stream,
)
from trajectories.core.importers.limits import LIMITS, ImportLimits
from trajectories.core.importers.trace_rows import PlacedRow, placed_lines, read_document
from trajectories.core.problems import ProblemError
from trajectories.core.records import JSON

EMPTY_ZIP = b"PK\x05\x06"
BOM = b"\xef\xbb\xbf"
TABLES = (".csv", ".tsv", ".xlsx")
READ_AHEAD = 4096
ROWS_AT_ONCE = 100
MAX_GROUP_BYTES = 512 * 1024 * 1024
"""Bytes of one row group of a Parquet file once it is unpacked: it is in memory as a whole."""


def rows_of_file(name: str, stream: IO[bytes], limits: ImportLimits = LIMITS) -> Iterator[PlacedRow]:
    """Every row of an open, seekable file, which is left at its end.

    Its first bytes say of which kind it is: a zip (inspect's `.eval` is one), Parquet, or text compressed by gzip or
    Zstandard. Everything else is text. Text is one JSON document where the name ends in .json, else one row a line.
    """
    stream.seek(0)
    head = stream.read(8)
    stream.seek(0)
    if head.startswith((ZIP_MARK, EMPTY_ZIP)):
        return rows_of_zip(stream, limits, partial(_plain, limits))
    if head.startswith(PARQUET_MARK):
        return _rows_of_parquet(stream)
    if (unpacked := unpacked_stream(head, stream)) is not None:
        return guarded(_unpacked(name, unpacked, limits))
    return _plain(limits, name, stream)


def _plain(limits: ImportLimits, name: str, stream: IO[bytes]) -> Iterator[PlacedRow]:
    """A file that is text: a document also where its first line, as of one that is written over many, is none."""
    if name.lower().endswith(TABLES):
        fault = ProblemError("", "found a table, expected JSON; a table of questions is imported as problems")
        return iter([PlacedRow("", fault, 0)])
    first = stream.readline(READ_AHEAD).strip().removeprefix(BOM)
    stream.seek(0)
    if name.lower().endswith((".json", ".eval")) or first in (b"{", b"[") or first.startswith((b"[{", b"[ {")):
        return read_document(stream, name, limits)
    return placed_lines(stream, limits)


def _unpacked(name: str, stream: IO[bytes], limits: ImportLimits) -> Iterator[PlacedRow]:
    """The lines of a packed file; a document of JSON is read the same way if each row is on a line of its own."""
    inner = name.lower().removesuffix(".gz").removesuffix(".zst")
    if inner.endswith(".json") and stream.seekable():
        yield from read_document(stream, inner, limits)
    else:
        yield from placed_lines(stream, limits)


def _rows_of_parquet(stream: IO[bytes]) -> Iterator[PlacedRow]:
    """The rows of a Parquet file, a few at a time; a column without a value is none of the row."""
    import pyarrow
    import pyarrow.parquet

    try:
        file = pyarrow.parquet.ParquetFile(stream)
        groups = [file.metadata.row_group(at).total_byte_size for at in range(file.metadata.num_row_groups)]
        if max(groups, default=0) > MAX_GROUP_BYTES:
            most = MAX_GROUP_BYTES >> 20
            raise ProblemError("", f"found a row group of {max(groups) >> 20:,} MB, expected at most {most:,} MB")
        number = 0
        for batch in file.iter_batches(ROWS_AT_ONCE):
            size = batch.nbytes // max(len(batch), 1)
            for row in batch.to_pylist():
                number += 1
                yield PlacedRow(f"row {number}", _as_json(row), size)
    except ProblemError as fault:
        yield PlacedRow("", fault, 0)
    except (pyarrow.ArrowException, OSError, ValueError) as fault:
        why = " ".join(str(fault).split())[:120]
        yield PlacedRow("", ProblemError("", f"is no Parquet file that can be read ({why})"), 0)


def _as_json(row: dict[str, Any]) -> dict[str, JSON]:
    return {name: _plain_value(value) for name, value in row.items() if value is not None}


def _plain_value(value: Any) -> JSON:
    """A value of Arrow as JSON has it: bytes, times and decimals as text, NaN as nothing."""
    if isinstance(value, dict):
        return {str(name): _plain_value(inner) for name, inner in value.items() if inner is not None}
    if isinstance(value, list | tuple):
        return [_plain_value(inner) for inner in value]
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else None
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if value is None or isinstance(value, bool | int | str) else str(value)
