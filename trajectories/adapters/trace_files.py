"""Files of traces, whatever they are: told by how they begin, and read row by row."""

from collections.abc import Iterator
from functools import partial
from tempfile import SpooledTemporaryFile
from typing import IO

from trajectories.adapters.packed_logs import (
    IN_MEMORY,
    ZIP_MARK,
    Allowance,
    copy_unpacked,
    guarded,
    rows_of_zip,
    unpacked_stream,
)
from trajectories.adapters.parquet_rows import PARQUET_MARK, parquet_rows
from trajectories.adapters.recoded import as_text
from trajectories.adapters.refused_files import OF_TRACES, refused_file
from trajectories.core.importers.limits import LIMITS, ImportLimits
from trajectories.core.importers.trace_rows import PlacedRow, placed_lines, read_document
from trajectories.core.problems import ProblemError

EMPTY_ZIP = b"PK\x05\x06"
BOM = b"\xef\xbb\xbf"
READ_AHEAD = 4096


def rows_of_file(name: str, stream: IO[bytes], limits: ImportLimits = LIMITS) -> Iterator[PlacedRow]:
    """Every row of an open, seekable file, which is left at its end.

    Its first bytes say of which kind it is: a zip (inspect's `.eval` is one), Parquet, or text compressed by gzip or
    Zstandard. Everything else is text. Text is one JSON document where the name ends in .json, else one row a line.
    """
    if what := refused_file(name, OF_TRACES):
        return iter([PlacedRow("", ProblemError("", f"found {what}"), 0)])
    stream.seek(0)
    head = stream.read(8)
    stream.seek(0)
    if head.startswith((ZIP_MARK, EMPTY_ZIP)):
        return rows_of_zip(stream, limits, partial(_inside, limits))
    if head.startswith(PARQUET_MARK):
        return _rows_of_parquet(stream)
    if (unpacked := unpacked_stream(head, stream)) is not None:
        return guarded(_unpacked(name, unpacked, limits))
    return _plain(limits, name, stream)


def _inside(limits: ImportLimits, name: str, stream: IO[bytes], allowance: Allowance) -> Iterator[PlacedRow]:
    """The rows of a file in a zip, which may be packed by itself, once."""
    head = stream.read(8)
    stream.seek(0)
    if head.startswith((ZIP_MARK, EMPTY_ZIP)):
        return rows_of_zip(stream, limits, partial(_innermost, limits), allowance)
    if (unpacked := unpacked_stream(head, stream)) is not None:
        return _rows_unpacked(limits, name, unpacked, allowance)
    return rows_of_file(name, stream, limits)


def _innermost(limits: ImportLimits, name: str, stream: IO[bytes], _: Allowance) -> Iterator[PlacedRow]:
    """The rows of a file in a zip in a zip; what is packed in it once more is sent by itself."""
    head = stream.read(8)
    stream.seek(0)
    packed = head.startswith((ZIP_MARK, EMPTY_ZIP))
    if packed or unpacked_stream(head, stream) is not None:
        what = "a log of inspect" if name.lower().endswith(".eval") else "a zip" if packed else "a packed file"
        found = f"found {what} inside of a zip that is in another one, expected it in one zip at most"
        return iter([PlacedRow("", ProblemError("", found), 0)])
    return rows_of_file(name, stream, limits)


def _rows_unpacked(limits: ImportLimits, name: str, packed: IO[bytes], allowance: Allowance) -> Iterator[PlacedRow]:
    """The rows of a packed file in a zip, of which no more may come out than of the zip."""
    with SpooledTemporaryFile(IN_MEMORY) as whole:
        try:
            copy_unpacked(packed, whole, allowance)
        except ProblemError as fault:
            yield PlacedRow("", fault, 0)
            return
        yield from _unpacked(name, whole, limits)


def _plain(limits: ImportLimits, name: str, stream: IO[bytes]) -> Iterator[PlacedRow]:
    """A file that is text: a document also where its first line, as of one that is written over many, is none."""
    try:
        stream = as_text(stream, limits.row_bytes)
        yield from _rows_of_text(limits, name, stream)
    except ProblemError as fault:
        yield PlacedRow("", fault, 0)


def _rows_of_text(limits: ImportLimits, name: str, stream: IO[bytes]) -> Iterator[PlacedRow]:
    first = stream.readline(READ_AHEAD).strip().removeprefix(BOM)
    stream.seek(0)
    if name.lower().endswith((".json", ".eval")) or first in (b"{", b"[") or first.startswith((b"[{", b"[ {")):
        return read_document(stream, name, limits)
    return placed_lines(stream, limits)


def _unpacked(name: str, stream: IO[bytes], limits: ImportLimits) -> Iterator[PlacedRow]:
    """The rows of a packed file, as those of the same file that is not packed."""
    inner = name.removesuffix(".gz").removesuffix(".zst")
    yield from _plain(limits, inner, stream)


def _rows_of_parquet(stream: IO[bytes]) -> Iterator[PlacedRow]:
    """The rows of a Parquet file; one fault where it cannot be read from here on."""
    number = 0
    try:
        for number, (row, size) in enumerate(parquet_rows(stream), 1):
            yield PlacedRow(f"row {number}", row, size)
    except ProblemError as fault:
        yield PlacedRow(f"after row {number}" if number else "", fault, 0)
