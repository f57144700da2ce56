"""The rows of Parquet files as JSON has them. pyarrow takes a second to import and is loaded by who reads one."""

import io
import json
from collections.abc import Iterator
from typing import IO, Any

from trajectories.core.problems import ProblemError
from trajectories.core.records import JSON

PARQUET_MARK = b"PAR1"
ROWS_AT_ONCE = 100
MAX_GROUP_BYTES = 512 * 1024 * 1024
"""Bytes of one row group of a Parquet file once it is unpacked: it is in memory as a whole."""


def parquet_rows(stream: IO[bytes]) -> Iterator[tuple[dict[str, JSON], int]]:
    """Every row of a Parquet file, a few at a time, with about how many bytes it takes; a column without a value is
    none of the row. Raises ProblemError."""
    import pyarrow
    import pyarrow.parquet

    try:
        file = pyarrow.parquet.ParquetFile(stream)
        groups = [file.metadata.row_group(at).total_byte_size for at in range(file.metadata.num_row_groups)]
        if max(groups, default=0) > MAX_GROUP_BYTES:
            most = MAX_GROUP_BYTES >> 20
            raise ProblemError("", f"found a row group of {max(groups) >> 20:,} MB, expected at most {most:,} MB")
        for batch in file.iter_batches(ROWS_AT_ONCE):
            size = batch.nbytes // max(len(batch), 1)
            for row in batch.to_pylist():
                yield _as_json(row), size
    except ProblemError:
        raise
    except (pyarrow.ArrowException, OSError, ValueError) as fault:
        why = " ".join(str(fault).split())[:120]
        raise ProblemError("", f"is no Parquet file that can be read ({why})") from fault


def lines_of_parquet(data: bytes, most: int) -> bytes:
    """A Parquet file as one object of JSON to a line, `most` bytes of it at least where there are more. Raises
    ProblemError."""
    lines: list[bytes] = []
    size = 0
    for row, _ in parquet_rows(io.BytesIO(data)):
        lines.append(json.dumps(row, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n")
        size += len(lines[-1])
        if size > most:
            break
    return b"".join(lines)


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
