from fractions import Fraction
from itertools import combinations, product
from math import comb, prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.core.consolidation.consensus import MOST_VOTERS, cons_at_k

BOUND = 1e-10


def chances(ballot, silent, *ks):
    (found,) = cons_at_k(((ballot, silent),), ks)
    return found


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


def in_fractions(ballot, silent, k):
    """Every outcome of a vote, weighed by the ways of drawing it, in whole numbers."""
    won = [0] * (len(ballot) + 1)
    for drawn in product(*(range(min(votes, k) + 1) for votes, _ in ballot[1:])):
        for first in range(max(0, k - silent - sum(drawn)), min(ballot[0][0], k - sum(drawn)) + 1):
            votes = (first, *drawn)
            top = max(votes)
            winners = [right for count, (_, right) in zip(votes, ballot, strict=True) if count == top]
            if top and any(winners):
                ways = prod(comb(size, count) for count, (size, _) in zip(votes, ballot, strict=True))
                won[len(winners)] += sum(winners) * ways * comb(silent, k - sum(votes))
    total = comb(silent + sum(size for size, _ in ballot), k)
    return sum(Fraction(ways, ties * total) for ties, ways in enumerate(won) if ties)


ballots = st.lists(st.tuples(st.integers(1, 5), st.booleans()), max_size=5).map(tuple)


@given(ballots, st.integers(0, 3), st.integers(1, 7))
def test_it_is_what_counting_every_draw_gives(ballot, silent, k):
    samples = silent + sum(votes for votes, _ in ballot)
    if samples > 13:
        ballot = ballot[:2]
        samples = silent + sum(votes for votes, _ in ballot)
    (found,) = chances(ballot, silent, k)
    if samples < k:
        assert found is None
    else:
        assert found == pytest.approx(counted_out(ballot, silent, k), abs=1e-12)


@given(st.lists(st.tuples(ballots, st.integers(0, 3)), max_size=6).map(tuple), st.sampled_from([(1, 2, 4), (3, 9)]))
def test_many_problems_together_are_each_as_alone(problems, ks):
    together = cons_at_k(problems, ks)
    assert len(together) == len(problems)
    for problem, found in zip(problems, together, strict=True):
        assert found == pytest.approx(chances(*problem, *ks), abs=2e-12)


@pytest.mark.parametrize(
    ("ballot", "silent", "k"),
    [
        (((520, True), (480, False)), 0, 512),
        (((480, True), (480, False)), 40, 512),
        (((340, True), (330, False), (330, False)), 0, 512),
        (((470, True), (480, False), (30, True)), 20, 512),
        (((257, True), (256, False)), 0, 512),
        (((253, True), (252, False)), 8, 512),
        (((3, True), (2, False), (2, True)), 993, 512),
    ],
)
def test_large_votes_are_right_within_the_bound(ballot, silent, k):
    exact = in_fractions(ballot, silent, k)
    assert 0 < exact < 1
    assert abs(Fraction(chances(ballot, silent, k)[0]) - exact) < BOUND


@pytest.mark.parametrize(("answers", "right"), [(4, 1), (10, 3), (100, 1), (500, 7), (1000, 2)])
def test_answers_with_equally_many_votes_win_equally_often(answers, right):
    ballot = tuple((1000 // answers, place < right) for place in range(answers))
    assert chances(ballot, 0, 1, 64, 512) == pytest.approx((right / answers,) * 3, abs=BOUND)


@given(st.lists(st.integers(1, 200), min_size=1, max_size=8), st.sampled_from([2, 31, 64, 300, 512]))
def test_some_answer_wins_in_every_draw(votes, k):
    each_right = tuple(
        (tuple((count, place == right) for place, count in enumerate(votes)), 0) for right in range(len(votes))
    )
    found = [chance for (chance,) in cons_at_k(each_right, (k,))]
    assert found == [None] * len(votes) if sum(votes) < k else sum(found) == pytest.approx(1, abs=BOUND)


def test_one_voter_is_right_as_often_as_a_sample_is():
    assert chances(((3, True), (5, False)), 2, 1) == (pytest.approx(0.3),)


def test_two_voters_are_no_better_than_one():
    one, two = chances(((6, True), (4, False)), 0, 1, 2)
    assert two == pytest.approx(one)


def test_a_majority_grows_surer_and_a_minority_fades():
    ks = (1, 2, 4, 8, 16, 32, 64)
    sure = chances(((60, True), (40, False)), 0, *ks)
    lost = chances(((40, True), (60, False)), 0, *ks)
    assert list(sure) == sorted(sure)
    assert list(lost) == sorted(lost, reverse=True)
    assert sure[-1] > 0.95
    assert [a + b for a, b in zip(sure, lost, strict=True)] == pytest.approx([1.0] * 7)


def test_many_samples_neither_overflow_nor_lose_precision():
    found = chances(((600_000, True), (400_000, False)), 0, 64, 512)
    # Of so many samples drawing is as good as drawing with replacement.
    binomial = [
        sum(
            comb(k, count) * 0.6**count * 0.4 ** (k - count) * (1 if 2 * count > k else 0.5)
            for count in range(k // 2, k + 1)
        )
        for k in (64, 512)
    ]
    assert found == pytest.approx(binomial, abs=1e-4)
    assert chances(((1, True), *((1, False),) * 999), 0, 64) == (pytest.approx(1 / 1000),)


def test_problems_of_very_different_sizes_stand_side_by_side():
    small, large, none = (((1, True), (1, False)), 0), (((600_000, False), (400_000, True)), 5), ((), 3)
    found = cons_at_k((small, large, none), (2, 64))
    assert found == ((pytest.approx(0.5), None), chances(*large, 2, 64), (0.0, None))


def test_no_problem_is_no_row():
    assert cons_at_k((), (1, 2)) == ()


@pytest.mark.parametrize("k", [0, MOST_VOTERS + 1])
def test_a_k_out_of_reach_is_an_error(k):
    with pytest.raises(ValueError, match=r"cons@k: found k of \["):
        chances(((1, True),), 0, k)
