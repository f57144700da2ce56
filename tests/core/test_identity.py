"""Hashes of content."""

from hypothesis import given
from hypothesis import strategies as st

from trajectories.core.identity import ListHash, content_hash


@given(st.lists(st.text() | st.integers() | st.lists(st.text())))
def test_a_list_hashed_part_by_part_has_the_hash_of_the_list(parts):
    digest = ListHash()
    for part in parts:
        digest.add(part)
    assert digest.hexdigest() == content_hash(parts)
    assert digest.hexdigest() == content_hash(parts)
