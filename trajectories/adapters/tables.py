"""Parquet files of rows whose types are known only once all rows are: set aside in blocks first, written then.

The files hold Arrow's plain types and nothing of any library's own: what `datasets` 5.2 writes into the schema, 3.x
cannot read, and both read a file without it. pyarrow takes a second to import and is loaded by who writes a table.
"""

import io
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Self

from trajectories.adapters.behind import Behind
from trajectories.core.records import JSON

if TYPE_CHECKING:
    import pyarrow

BLOCK_BYTES = 8 * 1024 * 1024
"""About so much is in memory at once, and in one row group of a file."""

BLOCK_ROWS = 2_000

BLOCKS_WAITING = 2
"""Blocks that are held in memory until they are compressed and written, the one that is included."""

PIECE_BYTES = 1024 * 1024
"""Bytes of a finished file that are read at a time."""

HELD_BYTES = 4 * 1024 * 1024
"""So much is gathered before it goes to a file of Python, each call of which waits for Python's lock."""


def arrow_type(columns: JSON) -> Any:
    """The Arrow type of a column, from core.exporters.columns with nothing unknown or mixed in it."""
    import pyarrow

    if isinstance(columns, Mapping):
        return pyarrow.struct([(name, arrow_type(inner)) for name, inner in columns.items()])
    if isinstance(columns, list):
        return pyarrow.list_(arrow_type(columns[0]))
    plain = {"bool": pyarrow.bool_(), "int64": pyarrow.int64(), "float64": pyarrow.float64()}
    return plain.get(columns, pyarrow.string())


def arrow_schema(columns: Mapping[str, JSON]) -> Any:
    """The schema of a table with these columns."""
    import pyarrow

    return pyarrow.schema([(name, arrow_type(inner)) for name, inner in columns.items()])


def _with_texts(rows: Sequence[Mapping[str, JSON]], columns: Mapping[str, JSON]) -> Sequence[Mapping[str, JSON]]:
    """Rows in which a list is JSON text where its column is text."""
    texts = {name for name, inner in columns.items() if inner == "string"}
    listed = {name for row in rows for name in texts if isinstance(row.get(name), list)}
    if not listed:
        return rows
    return [{name: _text(value) if name in listed else value for name, value in row.items()} for row in rows]


def _text(value: JSON) -> JSON:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value


def _read_block(file: Any, place: int, schema: Any) -> "pyarrow.RecordBatch":
    """A row group as a table of this schema has it."""
    import pyarrow

    [batch] = file.read_row_group(place).combine_chunks().to_batches()
    known = dict(zip(batch.schema.names, batch.columns, strict=True))
    missing = [None] * len(batch)
    arrays = [
        _widened(known[field.name], field.type) if field.name in known else pyarrow.array(missing, field.type)
        for field in schema
    ]
    return pyarrow.RecordBatch.from_arrays(arrays, schema=schema)


def _widened(array: Any, kind: Any) -> Any:
    """An array whose type was settled before all rows were known, as one of the type that holds all: what it lacks is
    null."""
    import pyarrow

    if array.type.equals(kind):
        return array
    if array.null_count == len(array):
        return pyarrow.array([None] * len(array), kind)
    if pyarrow.types.is_list(array.type) and pyarrow.types.is_string(kind):
        return pyarrow.array([_text(value) for value in array.to_pylist()], kind)
    mask = array.is_null() if array.null_count else None
    if pyarrow.types.is_struct(kind):
        places = {field.name: place for place, field in enumerate(array.type)}
        inner = [
            _widened(array.field(places[field.name]), field.type)
            if field.name in places
            else pyarrow.array([None] * len(array), field.type)
            for field in kind
        ]
        return pyarrow.StructArray.from_arrays(inner, fields=[*kind], mask=mask)
    if pyarrow.types.is_list(kind):
        inner = _widened(array.values, kind.value_type)
        return pyarrow.ListArray.from_arrays(array.offsets, inner, type=kind, mask=mask)
    return array.cast(kind)


class Blocks:
    """Rows set aside block by block, by the types known when each was full, in Parquet files without names: another one
    whenever the types have changed. Where they never did, that file is what was asked for. Compressing and writing is
    done behind the making of rows.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._behind = folder, Behind(BLOCKS_WAITING)
        self._files: list[IO[bytes]] = []
        self._writer: Any = None
        self._sink: Any = None
        self.rows = self.bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._behind.__exit__(kind, error, trace)
        if error is not None and self._writer is not None:
            for unwanted in (self._writer, self._sink):
                with suppress(Exception):  # what it has not written yet is not wanted any more
                    unwanted.close()
        for file in self._files:
            file.close()

    def add(self, rows: Sequence[Mapping[str, JSON]], columns: Mapping[str, JSON]) -> None:
        """Set rows aside that have the types of `columns`. Raises OSError, now or at a later call."""
        import pyarrow

        batch = pyarrow.RecordBatch.from_pylist(_with_texts(rows, columns), schema=arrow_schema(columns))
        if self._writer is None or not self._writer.schema.equals(batch.schema):
            self._end_file()
            self._begin_file(batch.schema)
        self._behind.run(self._writer.write_batch, batch)
        self.rows += len(rows)
        self.bytes += batch.nbytes

    def whole(self, columns: Mapping[str, JSON]) -> Iterator[bytes] | None:
        """The bytes of the Parquet file with all blocks, where all have the types of `columns`; None elsewhere.

        Nothing may be added afterwards.
        """
        if len(self._files) != 1 or not self._writer.schema.equals(arrow_schema(columns)):
            return None
        self._end_file()
        return self._pieces(self._files[0])

    def read(self, columns: Mapping[str, JSON]) -> "Iterator[pyarrow.RecordBatch]":
        """Every block in order, as a table with these columns has it, each read while the one before is worked on;
        nothing may be added afterwards."""
        from pyarrow import parquet

        self._end_file()
        schema, files = arrow_schema(columns), [parquet.ParquetFile(file) for file in self._files]
        places = [(file, place) for file in files for place in range(file.num_row_groups)]
        with ThreadPoolExecutor(1, thread_name_prefix="blocks-ahead") as pool:
            reading = [pool.submit(_read_block, file, place, schema) for file, place in places[:1]]
            for following in range(1, len(places) + 1):
                batch = reading.pop().result()
                reading = [pool.submit(_read_block, file, place, schema) for file, place in places[following:][:1]]
                yield batch

    def _begin_file(self, schema: Any) -> None:
        """Another file without a name, for blocks of these types."""
        import pyarrow

        self._files.append(tempfile.TemporaryFile(dir=self._folder))  # noqa: SIM115
        self._sink = pyarrow.BufferedOutputStream(pyarrow.PythonFile(self._files[-1], mode="w"), HELD_BYTES)
        self._writer = _parquet_writer(self._sink, schema)

    def _end_file(self) -> None:
        """End the file that is written, if any, and leave it open."""
        self._behind.wait()
        if self._writer is not None and self._writer.is_open:
            self._writer.close()
            self._sink.detach()
            self._files[-1].flush()

    @staticmethod
    def _pieces(file: IO[bytes]) -> Iterator[bytes]:
        file.seek(0)
        while piece := file.read(PIECE_BYTES):
            yield piece


class Sink(io.RawIOBase):
    """What is written is kept until it is taken; it cannot be gone back in."""

    def __init__(self) -> None:
        self._held: list[bytes] = []

    def writable(self) -> bool:
        """Always."""
        return True

    def write(self, data: Any) -> int:
        """Keep what is written."""
        self._held.append(bytes(data))
        return len(self._held[-1])

    def take(self) -> bytes:
        """All that was written since the last time."""
        held, self._held = b"".join(self._held), []
        return held


def parquet_chunks(columns: Mapping[str, JSON], batches: "Iterator[pyarrow.RecordBatch]") -> Iterator[bytes]:
    """The bytes of a Parquet file, a row group for each batch; a file without any has its columns all the same."""
    sink = Sink()
    with _parquet_writer(sink, arrow_schema(columns)) as writer:
        for batch in batches:
            if batch.num_rows:
                writer.write_batch(batch)
            if part := sink.take():
                yield part
    yield sink.take()


def _parquet_writer(sink: Any, schema: Any) -> Any:
    from pyarrow import parquet

    return parquet.ParquetWriter(sink, schema, compression="zstd", compression_level=1, store_schema=False)
