"""Counting votes: ties, silence, weights."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.core.consolidation.votes import Votes, ballot_credit, count_votes, credit, rank_weights, top_votes


def test_equal_votes_keep_their_order_and_have_no_winner():
    votes = count_votes(["b", "a", None, "a", "b", "c"])
    assert votes.ranked == (("b", 2), ("a", 2), ("c", 1))
    assert (votes.silent, votes.total, votes.top) == (1, 5, 2)
    assert votes.leaders == ("b", "a")
    assert votes.winner is None
    assert votes.guesses(2) == ("b", "a")
    assert count_votes(["a", "a", "b"]).winner == "a"


def test_nobody_wins_where_nobody_votes():
    for votes in (count_votes([]), count_votes([None, None]), rank_weights({"a": 0.0})):
        assert (votes.winner, votes.leaders, votes.guesses(3)) == (None, (), ())


def test_sums_of_fractions_in_another_order_are_equal():
    assert count_votes(["a", "a", "a", "b"], [0.1, 0.2, 0.3, 0.6]).leaders == ("a", "b")
    assert credit([0.1 + 0.2 + 0.3, 0.6], [True, False]) == 0.5


def test_weights_and_samples_must_be_as_many():
    with pytest.raises(ValueError, match="argument"):
        count_votes(["a"], [1.0, 2.0])
    with pytest.raises(ValueError, match="expected at least 1"):
        credit([1], [True], 0)


@given(
    weights=st.lists(st.integers(0, 3), max_size=5),
    flags=st.lists(st.booleans(), min_size=5, max_size=5),
    guesses=st.integers(1, 3),
)
def test_credit_is_the_share_of_all_orders_of_equal_answers(weights, flags, guesses):
    answers = list(zip(weights, flags, strict=False))
    orders = list(permutations(answers))
    won = sum(
        any(right and weight for weight, right in sorted(order, key=lambda each: -each[0])[:guesses])
        for order in orders
    )
    assert credit(weights, flags[: len(weights)], guesses) == pytest.approx(won / len(orders))


def test_a_ballot_is_credited_by_its_counts():
    assert ballot_credit(((3, False), (3, True), (1, True))) == 0.5
    assert ballot_credit(((3, False), (3, True), (1, True)), 2) == 1.0
    assert ballot_credit(()) == 0.0
    assert (top_votes(((2, True), (5, False))), top_votes(())) == (5, 0)


def test_votes_say_what_share_they_are_of():
    votes: Votes[str] = count_votes(["a", "a", "b", None])
    assert votes.top / votes.total == pytest.approx(2 / 3)
