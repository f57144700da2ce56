"""Rankings: planted strengths come back, ties are half wins, groups that nothing connects stay apart."""

import math

import choix
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trajectories.core.curation.ranking import ALPHA, Duel, connected, rank


def strengths(group):
    return {each.thing: each.strength for each in group}


def test_planted_strengths_come_back_within_their_intervals():
    rng = np.random.default_rng(2)
    planted = {"a": 1.0, "b": 0.3, "c": -0.2, "d": -1.1}
    names = list(planted)
    duels = []
    for _ in range(1_500):
        one, other = rng.choice(names, 2, replace=False)
        wins = rng.random() < 1 / (1 + math.exp(planted[other] - planted[one]))
        duels.append(Duel(str(one), str(other), float(wins)))
    (group,) = rank(duels)
    assert [each.thing for each in group] == names
    for each in group:
        assert each.low < planted[each.thing] < each.high
        assert each.high - each.low < 0.6
    assert sum(each.duels for each in group) == 2 * len(duels)
    assert sum(each.points for each in group) == len(duels)


def test_a_tie_is_half_a_win_for_each():
    (tied,) = rank([Duel("a", "b", 0.5)] * 4)
    (even,) = rank([Duel("a", "b", 1.0), Duel("b", "a", 1.0)] * 2)
    assert strengths(tied) == pytest.approx({"a": 0, "b": 0}, abs=1e-9)
    assert strengths(even) == pytest.approx(strengths(tied), abs=1e-9)
    assert [each.points for each in tied] == [2, 2]


def test_who_always_wins_is_strongest_and_stays_finite():
    (group,) = rank([Duel("a", "b", 1.0)] * 3 + [Duel("b", "c", 1.0)] * 3)
    assert [each.thing for each in group] == ["a", "b", "c"]
    assert all(math.isfinite(value) for each in group for value in (each.strength, each.low, each.high))


def test_what_no_comparison_connects_is_ranked_apart_the_larger_group_first():
    groups = rank([Duel("x", "y", 1.0), Duel("a", "b", 1.0), Duel("b", "c", 0.0), Duel("z", "z", 1.0)])
    assert [{each.thing for each in group} for group in groups] == [{"a", "b", "c"}, {"x", "y"}]
    assert groups[0][-1].thing == "b"
    # One comparison cannot be resampled.
    assert groups[1][0].low is None


def test_nothing_compared_ranks_nothing():
    assert rank([]) == []


def test_the_strengths_are_those_of_the_library():
    wins = [(0, 1), (0, 1), (1, 0), (1, 2), (2, 0), (0, 2), (0, 2)]
    expected = choix.ilsr_pairwise(3, wins, alpha=ALPHA)
    (group,) = rank([Duel(one, other, 1.0) for one, other in wins])
    assert [strengths(group)[thing] for thing in range(3)] == pytest.approx(list(expected), abs=1e-5)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.sampled_from([0.0, 0.5, 1.0])), min_size=1, max_size=20)
)
def test_groups_are_those_of_a_search_and_swapping_sides_changes_nothing(rows):
    duels = [Duel(one, other, points) for one, other, points in rows]
    groups = rank(duels, rounds=0)
    edges = [(one, other) for one, other, _ in rows if one != other]
    seen = [{each.thing for each in group} for group in groups]
    for one, other in edges:
        assert sum(one in group and other in group for group in seen) == 1
    assert sum(map(len, seen)) == len({thing for edge in edges for thing in edge})
    for group in seen:
        reached = {next(iter(group))}
        for _ in group:
            reached |= {thing for edge in edges if reached & set(edge) for thing in edge}
        assert reached == group
    swapped = rank([Duel(other, one, 1 - points) for one, other, points in rows], rounds=0)
    for before, after in zip(groups, swapped, strict=True):
        assert strengths(after) == pytest.approx(strengths(before), abs=1e-6)


def test_connected_groups_are_in_a_fixed_order():
    assert connected([(1, 2), (3, 4), (4, 5)]) == [{3, 4, 5}, {1, 2}]
    assert connected([]) == []
