"""The rows of an export, and the bytes of its file in each container, piece by piece and in bounded memory."""

import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from trajectories.adapters.tables import BLOCK_BYTES, BLOCK_ROWS, Blocks, parquet_chunks
from trajectories.core.exporters import (
    DEFAULT_ARGUMENTS,
    DEFAULT_THOUGHTS,
    EXPORTERS,
    TABLES,
    Arguments,
    Container,
    Exporter,
    ExportItem,
    Pairing,
    Row,
    Thoughts,
    Ways,
    encode_line,
    write_rows,
)
from trajectories.core.exporters.columns import (
    UNKNOWN,
    Columns,
    add_value,
    declared_columns,
    is_typed,
    mixed_place,
    settle_types,
    with_json_arguments,
)
from trajectories.core.exporters.conversations import settle_tools
from trajectories.core.records import JSON
from trajectories.models import Export
from trajectories.selectors.exports import iterate_items
from trajectories.services.releases.folders import Folder

BEAT_SECONDS = 1.0
CHUNK_BYTES = 512 * 1024
"""Of lines that are handed on together: who writes them asks for Python's lock a few times for each."""


class RowsError(Exception):
    """Rows that the container cannot hold; the message says which column and what to do."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What an export asks for, as its row has it."""

    exporter: Exporter
    container: Container
    ways: Ways

    @staticmethod
    def by(export: Export) -> "Asked":
        """What an export asks for; what is empty was not to be chosen."""
        pairing = Pairing(**export.options)
        ways = Ways(
            Thoughts(export.thoughts or DEFAULT_THOUGHTS),
            Arguments(export.arguments or DEFAULT_ARGUMENTS),
            export.with_meta,
            pairing,
        )
        return Asked(EXPORTERS[export.format], Container(export.container), ways)


class ExportWriter:
    """Writes the rows of one export. `rows` counts them, `taken` the items that the format takes.

    `beat` is called with the rows so far about once a second, and ends the writing by what it raises. `folder` is where
    blocks of rows are set aside for containers that need to know all types first.
    """

    def __init__(self, export: Export, folder: Path, beat: Callable[[int], None]) -> None:
        self.asked, self.rows, self.taken = Asked.by(export), 0, 0
        self._export, self._folder, self._beat = export, folder, beat
        self._found: Columns = UNKNOWN
        self._beaten = time.monotonic()

    @property
    def columns(self) -> Columns | None:
        """The types of what was written; None where no typed column holds it."""
        if not self.asked.exporter.is_table:
            return None
        declared = declared_columns(self.asked.exporter.columns, with_meta=self.asked.ways.with_meta)
        if not self.rows:
            return declared
        in_table = self.asked.container in TABLES
        settled = settle_types(self._found, declared)
        if self._has_objects and not in_table:
            settled = with_json_arguments(settled)
        settled = settle_tools(settled, in_table=in_table)
        return settled if is_typed(settled) else None

    @property
    def _has_objects(self) -> bool:
        return self.asked.ways.arguments is Arguments.OBJECTS and self.asked.exporter.writes_thoughts

    def chunks(self) -> Iterator[bytes]:
        """The bytes of the file. Raises RowsError, OSError, and what `beat` raises."""
        container = self.asked.container
        if container is Container.JSONL:
            return _joined(self._lines())
        if container is Container.JSONL_GZ:
            return _gzipped(_joined(self._lines()))
        if container is Container.JSON:
            return self._document()
        return self._table() if container is Container.PARQUET else self._tables()

    def _lines(self) -> Iterator[bytes]:
        for row in self._rows():
            if self.asked.exporter.is_table:
                self._found = add_value(self._found, row.values)
            yield encode_line(row.values)

    def _document(self) -> Iterator[bytes]:
        """One object with the keys of all rows."""
        seen = set[str]()
        for row in self._rows():
            for key in row.values:
                if key in seen:
                    raise RowsError(f"Found two problems named {key}, expected one: a submission names each task once.")
                seen.add(key)
            opening = b"{" if self.rows == 1 else b",\n"
            yield opening + encode_line(row.values)[1:-2]
        yield b"}\n" if self.rows else b"{}\n"

    def _table(self) -> Iterator[bytes]:
        with Blocks(self._folder) as blocks:
            self._set_aside(lambda _: blocks)
            columns = self._typed()
            for chunk in blocks.whole(columns) or parquet_chunks(columns, blocks.read(columns)):
                self._keep_alive()
                yield chunk

    def _tables(self) -> Iterator[bytes]:
        with Folder(self._folder, self._export) as folder:
            self._set_aside(folder.blocks_of)
            for chunk in folder.chunks(self._typed()):
                self._keep_alive()
                yield chunk

    def _set_aside(self, blocks_of: Callable[[str], Blocks]) -> None:
        """All rows in blocks, with the types that were known at the end of each."""
        waiting: dict[str, _Block] = {}
        keys = set[tuple[str, ...]]()
        for row in self._rows():
            self._found = add_value(self._found, row.values)
            if self._has_objects:
                _check_arguments(row.values, keys)
            block = waiting.setdefault(row.split, _Block([]))
            block.rows.append(row.values)
            block.bytes += _size(row.values)
            if block.bytes >= BLOCK_BYTES or len(block.rows) >= BLOCK_ROWS:
                blocks_of(row.split).add(block.rows, self._typed())
                waiting[row.split] = _Block([])
        for split, block in waiting.items():
            if block.rows:
                blocks_of(split).add(block.rows, self._typed())

    def _typed(self) -> Mapping[str, JSON]:
        """The types of the rows so far. Raises RowsError where typed columns cannot hold them."""
        columns = self.columns
        if isinstance(columns, Mapping):
            return columns
        raise RowsError(
            f"Column {mixed_place(self._found)}: found values of several types, or objects without fixed keys, "
            "expected one type, as Parquet has it. Take JSON Lines."
        )

    def _rows(self) -> Iterator[Row]:
        exporter, ways = self.asked.exporter, self.asked.ways
        for items in self._items():
            for row in write_rows(exporter, items, ways):
                self.rows += 1
                yield row
                self._keep_alive()
            self._keep_alive()

    def _items(self) -> Iterator[list[ExportItem]]:
        """Items one by one, or all of a problem that are taken."""
        exporter, ways = self.asked.exporter, self.asked.ways
        read = iterate_items(
            self._export.release,
            reads=exporter.reads,
            with_meta=ways.with_meta or exporter.makes_pairs,
            canonical=ways.pairing.rewrite and exporter.makes_pairs,
        )
        taken = (item for item in read if self._takes(item))
        if not exporter.by_problem:
            yield from ([item] for item in taken)
            return
        for _, items in groupby(taken, key=lambda item: item.problem_hash):
            yield list(items)

    def _takes(self, item: ExportItem) -> bool:
        takes = self.asked.exporter.takes(item)
        self.taken += takes
        if not takes:
            self._keep_alive()
        return takes

    def _keep_alive(self) -> None:
        if (now := time.monotonic()) - self._beaten >= BEAT_SECONDS:
            self._beaten = now
            self._beat(self.rows)


@dataclass(slots=True)
class _Block:
    rows: list[Mapping[str, JSON]]
    bytes: int = 0


def _size(value: Any) -> int:
    """About how many characters a row has."""
    total = 8
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, str):
            total += len(inner)
        elif isinstance(inner, dict | list):
            total += _size(inner)
    return total


def _check_arguments(row: Mapping[str, JSON], keys: set[tuple[str, ...]]) -> None:
    """Raise RowsError where calls have arguments of different keys: a typed column would add those of all others."""
    for messages in row.values():
        for message in messages if isinstance(messages, list) else ():
            for call in (message.get("tool_calls") or ()) if isinstance(message, Mapping) else ():
                given = call["function"]["arguments"]
                keys.add(tuple(given))
                nested = any(isinstance(value, Mapping | list) for value in given.values())
                if len(keys) > 1 or nested or not given:
                    raise RowsError(
                        "Arguments of tool calls: found other keys from call to call, expected the same, as "
                        "Parquet has them. Take arguments as JSON text, or JSON Lines."
                    )


def _joined(lines: Iterator[bytes]) -> Iterator[bytes]:
    """Lines in larger pieces."""
    held, size = list[bytes](), 0
    for line in lines:
        held.append(line)
        size += len(line)
        if size >= CHUNK_BYTES:
            yield b"".join(held)
            held, size = [], 0
    if held:
        yield b"".join(held)


def _gzipped(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The same, compressed; without a name or a time, so that the same rows are the same bytes."""
    packer = zlib.compressobj(level=6, wbits=31)
    for chunk in chunks:
        if part := packer.compress(chunk):
            yield part
    yield packer.flush()
