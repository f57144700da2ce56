"""Rows set aside in a file."""

import stat

from hypothesis import given
from hypothesis import strategies as st

from trajectories.adapters.spools import IN_MEMORY, nameless_spool, open_spool

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.lists(VALUES))
def test_rows_come_back_as_they_were(tmp_path_factory, rows):
    with nameless_spool(tmp_path_factory.mktemp("spool")) as spool:
        for row in rows:
            spool.append(row)
        assert list(spool.rows()) == rows
        assert list(spool.rows()) == rows
        assert spool.count == len(rows)


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
