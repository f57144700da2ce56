"""Parquet files of rows whose types are known only once all rows are: set aside in blocks first, written then.

The files hold Arrow's plain types and nothing of any library's own: what `datasets` 5.2 writes into the schema, 3.x
cannot read, and both read a file without it. pyarrow takes a second to import and is loaded by who writes a table.
"""

import io
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from trajectories.core.records import JSON

if TYPE_CHECKING:
    import pyarrow

BLOCK_BYTES = 8 * 1024 * 1024
"""About so much is in memory at once, and in one row group of a file."""

BLOCK_ROWS = 2_000


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
    """Rows set aside in a file without a name, block by block; each block by the types known when it was full."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
        self.rows = self.bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, rows: Sequence[Mapping[str, JSON]], columns: Mapping[str, JSON]) -> None:
        """Set rows aside that have the types of `columns`. Raises OSError."""
        import pyarrow

        batch = pyarrow.RecordBatch.from_pylist(rows, schema=arrow_schema(columns))
        with pyarrow.ipc.new_stream(_Unclosed(self._file), batch.schema) as stream:
            stream.write_batch(batch)
        self.rows += len(rows)
        self.bytes += batch.nbytes

    def read(self, columns: Mapping[str, JSON]) -> "Iterator[pyarrow.RecordBatch]":
        """Every block in order, as a table with these columns has it."""
        import pyarrow

        schema = arrow_schema(columns)
        self._file.seek(0)
        source, length = pyarrow.PythonFile(self._file, mode="r"), self._file.seek(0, io.SEEK_END)
        self._file.seek(0)
        while self._file.tell() < length:
            with pyarrow.ipc.open_stream(source) as stream:
                batches = list(stream)
            for batch in batches:
                same = batch.schema.equals(schema)
                yield batch if same else pyarrow.RecordBatch.from_pylist(batch.to_pylist(), schema=schema)


class _Unclosed(io.RawIOBase):
    """What is written here goes on to a file that stays open."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return int(self._file.write(data))


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
    from pyarrow import parquet

    sink = Sink()
    with parquet.ParquetWriter(
        sink, arrow_schema(columns), compression="zstd", compression_level=1, store_schema=False
    ) as writer:
        for batch in batches:
            if batch.num_rows:
                writer.write_batch(batch)
            if part := sink.take():
                yield part
    yield sink.take()
