"""Rows set aside in a file."""

import errno
import json
import shutil
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.adapters import spools
from trajectories.adapters.spools import IN_MEMORY, SpoolDamagedError, nameless_spool, open_spool

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def test_a_long_row_comes_back_as_it_was_and_counts_with_all_its_bytes(tmp_path):
    text = "é\n\U0001f600" * spools.BLOCK_BYTES
    rows = [{"text": text}, {"a": 1, "texts": {"k": text, "short": 'x"', "": {"deep": [text]}}, "b": [None]}, "behind"]
    with open_spool(tmp_path / "rows.spool") as spool:
        for row in rows:
            spool.append(row)
        assert [json.loads(line) for line in b"".join(spool.blocks()).splitlines()] == rows
        assert spool.size == (tmp_path / "rows.spool").stat().st_size
        assert list(spool.rows()) == rows


@given(st.lists(VALUES))
def test_rows_come_back_as_they_were(tmp_path_factory, rows):
    with nameless_spool(tmp_path_factory.mktemp("spool")) as spool:
        for row in rows:
            spool.append(row)
        assert list(spool.rows()) == rows
        assert list(spool.rows()) == rows
        assert spool.count == len(rows)


@given(st.lists(st.text(max_size=30)), st.integers(1, 5))
def test_batches_are_the_rows_bounded_by_number_and_by_bytes(tmp_path_factory, rows, most):
    with pytest.MonkeyPatch.context() as patch, nameless_spool(tmp_path_factory.mktemp("spool")) as spool:
        patch.setattr(spools, "BATCH_BYTES", 40)
        for row in rows:
            spool.append(row)
        batches = list(spool.batches(most))
    assert [row for batch in batches for row in batch] == rows
    assert all(1 <= len(batch) <= most for batch in batches)
    assert all(sum(len(spools.line_of(row).encode()) + 1 for row in batch[:-1]) < 40 for batch in batches)


def test_what_was_appended_after_a_checkpoint_can_be_cut_off(tmp_path):
    path = tmp_path / "a" / "rows"
    with open_spool(path) as spool:
        spool.append("one")
        kept = spool.size
        spool.append("two")
    with open_spool(path) as spool:
        assert spool.size > kept
        assert spool.cut(kept)
        spool.append("three")
        assert list(spool.rows()) == ["one", "three"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_spool_that_lost_its_end_says_so(tmp_path):
    with open_spool(tmp_path / "rows") as spool:
        spool.append("one")
        assert not spool.cut(spool.size + 1)
        assert list(spool.rows()) == ["one"]


def test_one_without_a_name_leaves_nothing(tmp_path):
    with nameless_spool(tmp_path) as spool:
        for _ in range(5):
            spool.append("x" * (IN_MEMORY // 4))
        assert len(list(spool.rows())) == 5
    assert list(tmp_path.iterdir()) == []


def test_who_still_has_it_open_does_not_write_in_between(tmp_path):
    path = tmp_path / "import-1.rows"
    with open_spool(path) as frozen:
        frozen.append("one")
        frozen.flush()
        with open_spool(path) as taken_over:
            taken_over.append("two")
            frozen.append("x" * 100)
            frozen.flush()
            assert frozen.cut(0)
            assert list(taken_over.rows()) == ["one", "two"]
        with open_spool(path) as again:
            assert list(again.rows()) == ["one", "two"]
    assert [file.name for file in tmp_path.iterdir()] == ["import-1.rows"]


def test_a_full_disk_leaves_it_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "import-1.rows"
    with open_spool(path) as spool:
        spool.append("one")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as filled:
        filled.setattr(shutil, "copyfileobj", full)
        with pytest.raises(OSError, match="No space"):
            open_spool(path)
    with open_spool(path) as spool:
        assert list(spool.rows()) == ["one"]
    assert [file.name for file in tmp_path.iterdir()] == ["import-1.rows"]


@pytest.mark.parametrize("damage", [b"\0\0\0\0\0\0", b'"on', b'"one"\0\n', b"\xff\xff\n"])
def test_one_that_is_damaged_says_so(tmp_path, damage):
    path = tmp_path / "rows"
    path.write_bytes(b'"zero"\n' + damage)
    with open_spool(path) as spool, pytest.raises(SpoolDamagedError, match="row 2"):
        list(spool.rows())


def test_lines_come_back_as_they_are_and_lost_ones_are_told(tmp_path):
    with nameless_spool(tmp_path) as spool:
        spool.append_lines(["one\ttwo", ""])
        spool.append_lines([])
        spool.append_lines(["\u2028 ü \r"])
        assert b"".join(spool.blocks()) == "one\ttwo\n\n\u2028 ü \r\n".encode()
        spool.append_lines(["more"])
        assert spool.cut(8)
        with pytest.raises(SpoolDamagedError, match="found 1 of 4 lines"):
            list(spool.blocks())
