"""Parquet files of rows whose types are known only once all rows are: set aside in blocks first, written then.

The files hold Arrow's plain types and nothing of any library's own: what `datasets` 5.2 writes into the schema, 3.x
cannot read, and both read a file without it. pyarrow takes a second to import and is loaded by who writes a table.
"""

import io
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
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

PIECE_BYTES = 256 * 1024


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


class Blocks:
    """Rows set aside block by block, by the types known when each was full, in Parquet files without names: another one
    whenever the types have changed. Where they never did, that file is what was asked for. Compressing and writing is
    done behind the making of rows.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._behind = folder, Behind()
        self._files: list[IO[bytes]] = []
        self._writer: Any = None
        self.rows = self.bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._behind.__exit__(kind, error, trace)
        if error is not None and self._writer is not None:
            with suppress(Exception):  # what it has not written yet is not wanted any more
                self._writer.close()
        for file in self._files:
            file.close()

    def add(self, rows: Sequence[Mapping[str, JSON]], columns: Mapping[str, JSON]) -> None:
        """Set rows aside that have the types of `columns`. Raises OSError, now or at a later call."""
        import pyarrow

        batch = pyarrow.RecordBatch.from_pylist(_with_texts(rows, columns), schema=arrow_schema(columns))
        if self._writer is None or not self._writer.schema.equals(batch.schema):
            self._end_file()
            self._files.append(tempfile.TemporaryFile(dir=self._folder))  # noqa: SIM115
            self._writer = _parquet_writer(self._files[-1], batch.schema)
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
        """Every block in order, as a table with these columns has it; nothing may be added afterwards."""
        import pyarrow
        from pyarrow import parquet

        self._end_file()
        schema = arrow_schema(columns)
        for file in self._files:
            source = parquet.ParquetFile(file)
            for place in range(source.num_row_groups):
                [batch] = source.read_row_group(place).combine_chunks().to_batches()
                same = batch.schema.equals(schema)
                if not same:
                    rows = _with_texts(batch.to_pylist(), columns)
                    batch = pyarrow.RecordBatch.from_pylist(rows, schema=schema)
                yield batch

    def _end_file(self) -> None:
        """End the file that is written, if any."""
        self._behind.wait()
        if self._writer is not None and self._writer.is_open:
            self._writer.close()
            self._files[-1].flush()

    @staticmethod
    def _pieces(file: IO[bytes]) -> Iterator[bytes]:
        file.seek(0)
        while piece := file.read(PIECE_BYTES):
            yield piece


def _with_texts(rows: Sequence[Mapping[str, JSON]], columns: Mapping[str, JSON]) -> Sequence[Mapping[str, JSON]]:
    """Rows in which a list is JSON text where its column is text."""
    texts = {name for name, inner in columns.items() if inner == "string"}
    listed = {name for row in rows for name in texts if isinstance(row.get(name), list)}
    if not listed:
        return rows
    return [{name: _text(value) if name in listed else value for name, value in row.items()} for row in rows]


def _text(value: JSON) -> JSON:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value


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
