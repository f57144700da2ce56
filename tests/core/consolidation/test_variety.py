from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.core.consolidation.frontier import frontier
from trajectories.core.consolidation.variety import distinct_at_k, entropy_bits


@given(st.lists(st.integers(0, 4), max_size=4), st.integers(1, 6), st.integers(0, 2))
def test_the_distinct_ones_are_those_of_every_draw(counts, k, silent):
    things = [place for place, count in enumerate(counts) for _ in range(count)] + [None] * silent
    drawn = [len(set(each) - {None}) for each in combinations(things, k)]
    expected = sum(drawn) / len(drawn) if drawn else None
    assert distinct_at_k(counts, k, silent=silent) == (expected if expected is None else pytest.approx(expected))


def test_entropy_is_nothing_where_all_agree_and_most_where_none_do():
    assert entropy_bits([9]) == 0.0
    assert entropy_bits([2, 2, 2, 2]) == pytest.approx(2.0)
    assert entropy_bits([]) == 0.0


def test_no_k_below_one():
    with pytest.raises(ValueError, match="found k=0"):
        distinct_at_k([1], 0)


@given(st.lists(st.tuples(st.floats(0.1, 9), st.floats(0, 1)), max_size=9))
def test_the_frontier_is_what_nothing_beats(points):
    kept = frontier(points)
    for cost, score in points:
        beaten = any(c <= cost and s >= score for c, s in kept)
        assert beaten
    assert kept == sorted(kept)
    assert [score for _, score in kept] == sorted({score for _, score in kept})
