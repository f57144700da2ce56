"""Blocks of rows that Parquet files are made of, by the types that were known when each was full."""

import io
import tempfile
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from trajectories.adapters.tables import Blocks, arrow_schema, parquet_chunks

PLAIN = {
    "string": st.text(max_size=5),
    "int64": st.integers(-(2**53), 2**53),
    "float64": st.floats(allow_nan=False) | st.integers(-5, 5),
    "bool": st.booleans(),
}
COLUMNS = st.recursive(
    st.sampled_from([*PLAIN]),
    lambda inner: st.lists(inner, min_size=1, max_size=1) | st.dictionaries(st.sampled_from("abc"), inner, min_size=1),
    max_leaves=8,
)


def values_of(columns):
    """Values of a type, some of them null, and objects that lack some of their keys."""
    if isinstance(columns, dict):
        found = rows_of(columns)
    elif isinstance(columns, list):
        found = st.lists(values_of(columns[0]), max_size=3)
    else:
        found = PLAIN[columns]
    return st.none() | found


def rows_of(columns):
    return st.fixed_dictionaries({}, optional={name: values_of(inner) for name, inner in columns.items()})


TABLES = st.dictionaries(st.sampled_from("xyz"), COLUMNS, min_size=1).flatmap(
    lambda columns: st.tuples(st.just(columns), st.lists(rows_of(columns), max_size=5))
)


def test_blocks_of_one_type_are_the_file(tmp_path):
    rows = [{"text": f"{number} ß"} for number in range(10)]
    with Blocks(tmp_path) as blocks:
        for start in range(0, 10, 4):
            blocks.add(rows[start : start + 4], {"text": "string"})
        file = b"".join(blocks.whole({"text": "string"}))
    batches = [pyarrow.RecordBatch.from_pylist(rows[start : start + 4]) for start in range(0, 10, 4)]
    assert file == b"".join(parquet_chunks({"text": "string"}, iter(batches)))
    read = parquet.ParquetFile(io.BytesIO(file))
    assert (read.num_row_groups, read.read().to_pylist()) == (3, rows)
    assert list(tmp_path.iterdir()) == []


def test_blocks_whose_types_have_changed_are_read_by_the_last_types(tmp_path):
    late = {"text": "string", "score": "float64"}
    with Blocks(tmp_path) as blocks:
        blocks.add([{"text": "one"}], {"text": "string"})
        blocks.add([{"text": "two", "score": 2.5}], late)
        assert blocks.whole(late) is None
        read = [row for batch in blocks.read(late) for row in batch.to_pylist()]
    assert read == [{"text": "one", "score": None}, {"text": "two", "score": 2.5}]


@given(TABLES, st.data())
def test_blocks_of_earlier_types_are_what_pyarrow_makes_of_their_rows(table, data):
    columns, rows = table
    earlier = narrower(columns, data.draw)
    before = data.draw(st.lists(rows_of(earlier), min_size=1, max_size=4))
    with TemporaryDirectory() as folder, Blocks(Path(folder)) as blocks:
        blocks.add(before, earlier)
        blocks.add([*rows, {}], columns)
        read = list(blocks.read(columns))
    expected = [pyarrow.RecordBatch.from_pylist(each, schema=arrow_schema(columns)) for each in (before, [*rows, {}])]
    assert [batch.to_pylist() for batch in read] == [batch.to_pylist() for batch in expected]
    both = (b"".join(parquet_chunks(columns, iter(batches))) for batches in (read, expected))
    assert next(both) == next(both)


def narrower(columns, draw):
    """Types as they are settled before all rows are known: fewer keys, and whole numbers for what gets fractions."""
    if isinstance(columns, dict):
        kept = draw(st.sets(st.sampled_from([*columns]), min_size=1))
        return {name: narrower(inner, draw) for name, inner in columns.items() if name in kept}
    if isinstance(columns, list):
        return [narrower(columns[0], draw)]
    return "int64" if columns == "float64" and draw(st.booleans()) else columns


def test_a_disk_that_is_full_is_told_and_nothing_stays(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: open("/dev/full", "wb"))  # noqa: SIM115
    blocks = Blocks(tmp_path)
    blocks.add([{"text": "one"}], {"text": "string"})
    with pytest.raises(OSError, match="No space left"), blocks:
        blocks.whole({"text": "string"})
    assert list(tmp_path.iterdir()) == []
