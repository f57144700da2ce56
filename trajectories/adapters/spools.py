"""Rows of JSON set aside in a file: appended, cut back to an earlier length, and read again in order."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from trajectories.adapters.plain_json import read_plain, write_plain, write_text
from trajectories.core.records import JSON

IN_MEMORY = 4 * 1024 * 1024
"""A spool without a name stays in memory up to this many bytes."""

BLOCK_BYTES = 256 * 1024

BATCH_BYTES = 16 * 1024 * 1024
"""A batch of rows ends once it has so many bytes, however few its rows are: a row may have megabytes."""


def line_of(row: JSON) -> str:
    """A row of plain JSON with finite numbers as its line in a spool, without the end."""
    return write_plain(row).decode()


def _is_long(row: JSON) -> bool:
    """Whether a row has long texts: under names, in an object under a name, as the texts of a trace stand."""
    if type(row) is not dict:
        return False
    inner = [value for value in row.values() if type(value) is dict]
    return any(type(text) is str and len(text) > BLOCK_BYTES for value in inner for text in value.values())


def _pieces(value: JSON, depth: int = 2) -> Iterator[bytes]:
    """The line of a row with long texts, in pieces: its texts are in memory once. Each sign is escaped alone."""
    if type(value) is str and len(value) > BLOCK_BYTES:
        yield b'"'
        for start in range(0, len(value), BLOCK_BYTES):
            yield write_text(value[start : start + BLOCK_BYTES])[1:-1]
        yield b'"'
    elif type(value) is dict and depth:
        yield b"{"
        for index, (name, inner) in enumerate(value.items()):
            yield b"%b%b:" % (b"," if index else b"", write_text(name))
            yield from _pieces(inner, depth - 1)
        yield b"}"
    else:
        yield write_plain(value)


class SpoolDamagedError(Exception):
    """What is read from a spool is not what was written there: a power cut took, say, what was not on the disk yet."""


class Spool:
    """A file of JSON rows. `size` is its length in bytes, `count` how many rows were appended by this object."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.size = file.seek(0, os.SEEK_END)
        self.count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def append(self, row: JSON) -> None:
        """Add a row of plain JSON with finite numbers. Raises OSError where the disk does not take it."""
        size = 1
        for piece in _pieces(row) if _is_long(row) else [write_plain(row)]:
            self._file.write(piece)
            size += len(piece)
        self._file.write(b"\n")
        self.size += size
        self.count += 1

    def append_lines(self, lines: Sequence[str]) -> None:
        """Add lines of any text without line ends; a spool holds such lines alone, or rows of JSON alone, as `line_of`
        makes them. Raises OSError as `append`."""
        written = "".join([f"{line}\n" for line in lines]).encode()
        self._file.write(written)
        self.size += len(written)
        self.count += len(lines)

    def blocks(self) -> Iterator[bytes]:
        """Every line that this object appended, from the first on, in pieces of some hundred kilobytes; nothing may be
        appended meanwhile. Raises SpoolDamagedError."""
        self._file.flush()
        self._file.seek(0)
        count = 0
        while block := self._file.read(BLOCK_BYTES):
            count += block.count(b"\n")
            yield block
        if count != self.count:
            raise SpoolDamagedError(f"found {count} of {self.count} lines that were set aside")
        self._file.seek(0, os.SEEK_END)

    def flush(self) -> None:
        """Hand everything appended so far to the operating system. Raises OSError."""
        self._file.flush()

    def cut(self, size: int) -> bool:
        """Drop everything past `size` bytes; False, and nothing done, where there is less than that."""
        if self.size < size:
            return False
        self._file.flush()
        self._file.truncate(size)
        self.size = self._file.seek(0, os.SEEK_END)
        return True

    def rows(self) -> Iterator[JSON]:
        """Every row from the first on; nothing may be appended meanwhile. Raises SpoolDamagedError."""
        for batch in self.batches(1):
            yield from batch

    def batches(self, most: int) -> Iterator[list[JSON]]:
        """Every row from the first on, up to `most` at once and fewer where they are long; as `rows` else."""
        self._file.flush()
        self._file.seek(0)
        batch: list[JSON] = []
        size = number = 0
        while line := self._file.readline():
            number += 1
            size += len(line)
            try:
                # A long line is let go of once it is text, and the text once it is a row.
                text, line = line.decode(), b""
                batch.append(read_plain(text))
            except ValueError as fault:
                raise SpoolDamagedError(f"row {number} that was set aside is no JSON any more: {fault}") from fault
            text = ""
            if len(batch) >= most or size >= BATCH_BYTES:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch
        self._file.seek(0, os.SEEK_END)


class HeldRows(Spool):
    """Few rows that stay in memory as they were appended, so that nothing is written out and read again."""

    def __init__(self) -> None:
        super().__init__(BytesIO())
        self._rows: list[JSON] = []

    def append(self, row: JSON) -> None:
        """Add a row of plain JSON with finite numbers."""
        self._rows.append(row)
        self.count += 1

    def batches(self, most: int) -> Iterator[list[JSON]]:
        """Every row from the first on, up to `most` at once."""
        for start in range(0, len(self._rows), most):
            yield self._rows[start : start + most]


def open_spool(path: Path) -> Spool:
    """The spool of that name, made if it is new; only the application may read it. Raises OSError.

    It is a copy that takes the name. Somebody who has it open still, such as a worker that was frozen until its lease
    had run out, goes on writing into a file without a name, not in between the rows of this one.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, aside = tempfile.mkstemp(dir=path.parent, prefix=f"{path.stem}-", suffix=path.suffix)
    file = os.fdopen(descriptor, "r+b")
    try:
        with suppress(FileNotFoundError), path.open("rb") as before:
            shutil.copyfileobj(before, file)
        file.flush()
        Path(aside).replace(path)
    except BaseException:
        with suppress(OSError):  # what it has not written yet finds no space either
            file.close()
        Path(aside).unlink(missing_ok=True)
        raise
    return Spool(file)


def nameless_spool(folder: Path) -> Spool:
    """A spool that is gone once it is closed: in memory while it is small, then in the folder. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Spool(tempfile.SpooledTemporaryFile(IN_MEMORY, dir=str(folder)))
