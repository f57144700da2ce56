from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.core.consolidation.consensus import MOST_VOTERS, cons_at_k


def counted_out(ballot, silent, k):
    """Every way of drawing k samples, one by one; a tie is shared."""
    voters = [place for place, (votes, _) in enumerate(ballot) for _ in range(votes)] + [None] * silent
    won, ways = 0.0, 0
    for drawn in combinations(voters, k):
        ways += 1
        votes = {place: drawn.count(place) for place in set(drawn) - {None}}
        first = [place for place, count in votes.items() if count == max(votes.values())]
        won += sum(ballot[place][1] for place in first) / len(first) if first else 0.0
    return won / ways


ballots = st.lists(st.tuples(st.integers(1, 5), st.booleans()), max_size=5).map(tuple)


@given(ballots, st.integers(0, 3), st.integers(1, 7))
def test_it_is_what_counting_every_draw_gives(ballot, silent, k):
    samples = silent + sum(votes for votes, _ in ballot)
    if samples > 13:
        ballot = ballot[:2]
        samples = silent + sum(votes for votes, _ in ballot)
    (found,) = cons_at_k(ballot, silent, (k,))
    if samples < k:
        assert found is None
    else:
        assert found == pytest.approx(counted_out(ballot, silent, k), abs=1e-12)


def test_one_voter_is_right_as_often_as_a_sample_is():
    assert cons_at_k(((3, True), (5, False)), 2, (1,)) == (pytest.approx(0.3),)


def test_two_voters_are_no_better_than_one():
    one, two = cons_at_k(((6, True), (4, False)), 0, (1, 2))
    assert two == pytest.approx(one)


def test_a_majority_grows_surer_and_a_minority_fades():
    ks = (1, 2, 4, 8, 16, 32, 64)
    sure = cons_at_k(((60, True), (40, False)), 0, ks)
    lost = cons_at_k(((40, True), (60, False)), 0, ks)
    assert list(sure) == sorted(sure)
    assert list(lost) == sorted(lost, reverse=True)
    assert sure[-1] > 0.95
    assert [a + b for a, b in zip(sure, lost, strict=True)] == pytest.approx([1.0] * 7)


def test_many_samples_neither_overflow_nor_lose_precision():
    (found,) = cons_at_k(((600_000, True), (400_000, False)), 0, (64,))
    assert found == pytest.approx(0.947, abs=0.001)
    assert cons_at_k(((1, True), *((1, False),) * 999), 0, (64,)) == (pytest.approx(1 / 1000),)


@pytest.mark.parametrize("k", [0, MOST_VOTERS + 1])
def test_a_k_out_of_reach_is_an_error(k):
    with pytest.raises(ValueError, match=r"cons@k: found k of \["):
        cons_at_k(((1, True),), 0, (k,))
