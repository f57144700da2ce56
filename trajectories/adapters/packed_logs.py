"""Logs and files of traces that are packed: inspect's `.eval` (a zip whose entries may be Zstandard), zips, gzip, zst.

Nothing is unpacked to disk under a name of its own, and of a zip one entry at a time is in memory. The standard
library of Python 3.11 knows no Zstandard in zips (method 93): such an entry is read where it stands and unpacked here.
"""

import gzip
import io
import json
import re
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import IO, Any

import zstandard

from trajectories.adapters.reread import Reread
from trajectories.adapters.uploads import check_directory, distrust, is_file_with, is_litter
from trajectories.core.importers.beside_rows import (
    BESIDE,
    folder_of,
    has_rows,
    is_document,
    read_document,
    with_document,
)
from trajectories.core.importers.inspect_samples import joined_sample, log_of, with_log
from trajectories.core.importers.limits import ImportLimits
from trajectories.core.importers.trace_rows import DEEPEST, PlacedRow
from trajectories.core.problems import ProblemError, describe
from trajectories.core.problems.documents import decode_text, parse_json_text
from trajectories.core.records import JSON

ZIP_MARK, GZIP_MARK, ZSTD_MARK = b"PK\x03\x04", b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
ZSTANDARD = 93
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, ZSTANDARD)
MAX_DIRECTORY = 64 * 1024 * 1024
MAX_ENTRIES = 250_000
MAX_DOCUMENT = 16 * 1024 * 1024
MAX_RATIO = 1_000
"""Unpacked to packed bytes of all entries together. Logs of inspect repeat every message in their events."""

HEADERS = ("header.json", "_journal/start.json")
"""Where a log says what all its samples share: the second where it was broken off before its end."""

SHELL = "/sample.json"
SAMPLE = re.compile(rf"samples/(?:[^/]+|.+_epoch_\d+)\.json|samples/.+{re.escape(SHELL)}")
"""Where a log has a sample: whole, or (from version 3 on) as a shell beside chunks of its messages. The id of a sample
is part of it, and may have slashes (`HumanEval/0`)."""

ROWS = (".jsonl", ".ndjson", ".json")
PLAIN = (*ROWS, ".parquet", ".eval", ".zip")
PACKED = (".gz", ".zst")
IN_MEMORY = 16 * 1024 * 1024
DAMAGED = (
    *(zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, ValueError, struct.error),
    zstandard.ZstdError,
)
_NUMBERS = re.compile(r"(\d+)")


class Allowance:
    """How many bytes may come out of a zip in all, with what is packed inside of it."""

    def __init__(self, left: int) -> None:
        self._left = left

    def spend(self, size: int) -> None:
        """Take so many bytes off it. Raises ProblemError where there are fewer left."""
        self._left -= size
        if self._left < 0:
            raise ProblemError("", f"found a zip that unpacks to more than {MAX_RATIO:,} times its size")


Open = Callable[[str, IO[bytes], Allowance], Iterator[PlacedRow]]


def rows_of_zip(
    stream: IO[bytes], limits: ImportLimits, open_plain: Open, allowance: Allowance | None = None
) -> Iterator[PlacedRow]:
    """The rows of a zip: the samples of a log of inspect, else those of every .json and .jsonl file in it. A zip that
    is inside of another one spends the `allowance` of that."""
    try:
        packed_size = check_directory(stream, MAX_DIRECTORY)
        archive = zipfile.ZipFile(stream)
    except ProblemError as fault:
        yield PlacedRow("", fault, 0)
        return
    except DAMAGED:
        yield PlacedRow("", ProblemError("", "is no zip file that can be read, expected a whole one"), 0)
        return
    with archive:
        entries = archive.infolist()
        if len(entries) > MAX_ENTRIES:
            found = f"found {len(entries):,} files in the zip, expected at most {MAX_ENTRIES:,}"
            yield PlacedRow("", ProblemError("", found), 0)
            return
        packed = _Packed(
            archive, stream, limits, allowance or Allowance(max(MAX_RATIO * packed_size, limits.row_bytes))
        )
        if any(entry.filename in HEADERS for entry in entries):
            yield from _samples(packed, entries)
        else:
            yield from _plain_files(packed, entries, open_plain)


class _Packed:
    """An open zip, of which so many bytes may come out in all."""

    def __init__(self, archive: zipfile.ZipFile, stream: IO[bytes], limits: ImportLimits, allowance: Allowance) -> None:
        self._archive, self._stream, self._limits, self.allowance = archive, stream, limits, allowance

    def read(self, entry: zipfile.ZipInfo) -> bytes:
        """All of an entry, which is no longer than a row may be. Raises ProblemError."""
        with self.open(entry) as unpacked:
            try:
                data = unpacked.read(self._limits.row_bytes + 1)
            except DAMAGED as fault:
                raise _damaged() from fault
        self.allowance.spend(len(data))
        if len(data) > self._limits.row_bytes:
            raise ProblemError("", f"found more than {self._limits.row_words} in one sample, expected less")
        return data

    def copy(self, entry: zipfile.ZipInfo, target: IO[bytes]) -> None:
        """Unpack an entry of any length into a file. Raises ProblemError."""
        with self.open(entry) as unpacked:
            copy_unpacked(unpacked, target, self.allowance)

    def open(self, entry: zipfile.ZipInfo) -> IO[bytes]:
        """An entry, unpacked as it is read. Raises ProblemError."""
        if reason := distrust(entry, METHODS, ()):
            raise ProblemError("", reason)
        try:
            return self._zstandard(entry) if entry.compress_type == ZSTANDARD else self._archive.open(entry)
        except DAMAGED as fault:
            raise _damaged() from fault

    def _zstandard(self, entry: zipfile.ZipInfo) -> IO[bytes]:
        """An entry of Zstandard, be it of several frames. Layout of what stands before its data: APPNOTE.TXT 4.3.7."""
        if entry.compress_size > self._limits.row_bytes:
            raise ProblemError("", f"found more than {self._limits.row_words} in one entry, expected less")
        self._stream.seek(entry.header_offset)
        head = self._stream.read(30)
        if head[:4] != ZIP_MARK:
            raise _damaged()
        name_length, extra_length = struct.unpack("<HH", head[26:30])
        self._stream.seek(name_length + extra_length, 1)
        data = self._stream.read(entry.compress_size)
        unpacker = zstandard.ZstdDecompressor(max_window_size=2**27)
        return unpacker.stream_reader(data, read_across_frames=True, closefd=False)


def copy_unpacked(unpacked: IO[bytes], target: IO[bytes], allowance: Allowance) -> None:
    """Unpack what is of any length into a file, which is at its beginning then. Raises ProblemError."""
    try:
        while data := unpacked.read(1024 * 1024):
            allowance.spend(len(data))
            target.write(data)
    except DAMAGED as fault:
        if isinstance(fault, ProblemError):
            raise
        raise _damaged() from fault
    target.seek(0)


def _damaged() -> ProblemError:
    return ProblemError("", "cannot be unpacked, expected a whole zip")


def _samples(packed: _Packed, entries: list[zipfile.ZipInfo]) -> Iterator[PlacedRow]:
    """The samples of a log of inspect, in the order of their ids."""
    by_name = {entry.filename: entry for entry in entries}
    try:
        log = _log(packed, by_name)
    except ProblemError as fault:
        yield PlacedRow("", fault, 0)
        return
    names = [name for name in by_name if SAMPLE.fullmatch(name)]
    if not names:
        yield PlacedRow("", ProblemError("", "found a log of inspect without any sample, expected one"), 0)
    for name in sorted(names, key=_natural):
        size = by_name[name].file_size
        try:
            value = _parsed(packed.read(by_name[name]))
            if not isinstance(value, dict):
                raise ProblemError("", f"found {describe(value)}, expected a sample")
            if name.endswith(SHELL):
                value = dict(joined_sample(value, _sequences(packed, by_name, name.removesuffix(SHELL))))
        except ProblemError as fault:
            yield PlacedRow(_shown(name), fault, 0)
        else:
            yield PlacedRow(_shown(name), with_log(value, log), size)


def _sequences(packed: _Packed, by_name: dict[str, zipfile.ZipInfo], folder: str) -> dict[str, list[JSON]]:
    """The messages and attachments of a sample in chunks, each named by the place of its first element. Raises
    ProblemError."""
    found: dict[str, list[JSON]] = {}
    for sequence in ("messages", "attachments"):
        chunks = [name for name in by_name if re.fullmatch(rf"{re.escape(folder)}/{sequence}/\d+\.json", name)]
        whole: list[JSON] = []
        for name in sorted(chunks, key=_natural):
            chunk = _parsed(packed.read(by_name[name]))
            if not isinstance(chunk, list):
                raise ProblemError(sequence, f"found {describe(chunk)} in {_shown(name)}, expected a list")
            whole += chunk
        found[sequence] = whole
    return found


def _log(packed: _Packed, by_name: dict[str, zipfile.ZipInfo]) -> dict[str, JSON]:
    """What a log says of all its samples. Raises ProblemError."""
    name = next(name for name in HEADERS if name in by_name)
    try:
        header = _parsed(packed.read(by_name[name]))
    except ProblemError as fault:
        raise ProblemError(name, str(fault)) from fault
    said = header.get("eval") if isinstance(header, dict) else None
    log = log_of(said, header.get("plan")) if isinstance(header, dict) else None
    if log is None:
        raise ProblemError(name, f"found {describe(said)} as eval, expected what a log of inspect says of its samples")
    return log


def _parsed(data: bytes) -> Any:
    """inspect writes NaN for a score that is none, and events may be nested deeply."""
    return parse_json_text(decode_text(data), depth=DEEPEST, constants=True)


def _natural(name: str) -> list[tuple[int, str]]:
    """Numbers in names by their value: sample 10 comes after sample 9."""
    return [(int(part), "") if part.isdigit() and len(part) < 18 else (-1, part) for part in _NUMBERS.split(name)]


def _shown(name: str) -> str:
    return repr(name[:120])[1:-1]


def _plain_files(packed: _Packed, entries: list[zipfile.ZipInfo], open_plain: Open) -> Iterator[PlacedRow]:
    """The rows of every plain file in a zip, under its name. What a harness writes about a run names the model of
    the rows beside it, and is no row itself."""
    found = [entry for entry in entries if is_file_with(entry, PLAIN) or _is_packed(entry)]
    said: dict[str, Mapping[str, JSON]] = {}
    taken = {entry.filename for entry in found}
    if any(has_rows(entry.filename) for entry in found):
        documents = [entry for entry in found if is_document(entry.filename)]
        for entry in documents:
            told = _document(packed, entry)
            if told is not None:
                said[folder_of(entry.filename)] = told
                found.remove(entry)
                place = _shown(entry.filename)
                yield PlacedRow(place, {BESIDE: place}, entry.file_size, entry.filename)
    if not found:
        expected = "expected a log of inspect, or .json, .jsonl and .parquet files"
        yield PlacedRow("", ProblemError("", f"found no file of traces in this zip, {expected}"), 0)
    for entry in sorted(found, key=lambda entry: _natural(entry.filename)):
        with tempfile.SpooledTemporaryFile(IN_MEMORY) as whole:
            try:
                packed.copy(entry, whole)
            except ProblemError as fault:
                yield PlacedRow(_shown(entry.filename), fault, 0)
                continue
            beside = said.get(folder_of(entry.filename), {})
            for row in open_plain(entry.filename, whole, packed.allowance):
                told_row = with_document(row.row, beside) if beside and isinstance(row.row, dict) else row.row
                place = f"{_shown(entry.filename)} {row.place}".strip()
                inner = f"{entry.filename}/{row.inner}" if row.inner else entry.filename
                yield row._replace(place=place, row=told_row, inner=inner)
    if taken:
        yield from _passed_over(entry for entry in entries if entry.filename not in taken)


def _passed_over(entries: Iterable[zipfile.ZipInfo]) -> Iterator[PlacedRow]:
    """A row for each file of a zip that has none, so that it is counted."""
    for entry in entries:
        if not entry.is_dir() and not is_litter(PurePosixPath(entry.filename)):
            place = _shown(entry.filename)
            yield PlacedRow(place, {BESIDE: place}, entry.file_size, entry.filename)


def _document(packed: _Packed, entry: zipfile.ZipInfo) -> Mapping[str, JSON] | None:
    """What a document beside rows says of them; None for another file."""
    if entry.file_size > MAX_DOCUMENT:
        return None
    try:
        return read_document(_parsed(packed.read(entry)))
    except ProblemError:
        return None


def _is_packed(entry: zipfile.ZipInfo) -> bool:
    """Whether an entry is a file of rows that is packed by itself."""
    inner = PurePosixPath(entry.filename.lower().removesuffix(PACKED[0]).removesuffix(PACKED[1]))
    return is_file_with(entry, PACKED) and inner.suffix in ("", *ROWS)


def unpacked_stream(head: bytes, stream: IO[bytes]) -> IO[bytes] | None:
    """A file that is packed by itself as it is unpacked, line by line; None for one that is not packed."""
    if head.startswith(GZIP_MARK):
        return gzip.GzipFile(fileobj=stream, mode="rb")  # type: ignore[return-value]
    if head.startswith(ZSTD_MARK):
        return io.BufferedReader(_Zstandard(stream))
    return None


class _Zstandard(Reread):
    """A file of Zstandard as it is unpacked."""

    def __init__(self, packed: IO[bytes]) -> None:
        self._packed = packed
        super().__init__()

    def begin(self) -> None:
        """See Reread."""
        self._packed.seek(0)
        unpacker = zstandard.ZstdDecompressor(max_window_size=2**27)
        self._unpacked = unpacker.stream_reader(self._packed, read_across_frames=True, closefd=False)

    def fill(self, buffer: Any) -> int:
        """See Reread."""
        return int(self._unpacked.readinto(buffer))


def guarded(rows: Iterator[PlacedRow]) -> Iterator[PlacedRow]:
    """The rows of a packed file; one fault where its data ends or is damaged."""
    try:
        yield from rows
    except (*DAMAGED, json.JSONDecodeError) as fault:
        if isinstance(fault, ProblemError):
            raise
        yield PlacedRow("", ProblemError("", "cannot be unpacked from here on, expected a whole file"), 0)
