import itertools

import pytest

from trajectories.core.consolidation.difficulty import Halves, quintiles


def problem(right, of, right_later, of_later, *, problems=1, example=1):
    return Halves(of, right, of_later, right_later, problems, example)


def test_the_easiest_fifth_comes_first_and_is_measured_on_the_other_half():
    halves = [problem(right, 10, 9 - right, 10, example=right) for right in range(10)]
    found = quintiles(halves, [1])
    assert [each.share_binned for each in found] == pytest.approx([0.85, 0.65, 0.45, 0.25, 0.05])
    # Nothing of the first half leaks into what is drawn.
    assert [each.values[0] for each in found] == pytest.approx([0.05, 0.25, 0.45, 0.65, 0.85])
    assert [each.problems for each in found] == pytest.approx([2.0] * 5)


def test_ties_on_a_border_count_as_the_mean_over_all_ways_of_breaking_them():
    # Seven problems, all equally hard in the first half: a fifth of them holds 1.4 of each at random.
    measured = [0, 0, 1, 2, 2, 2, 2]
    found = quintiles([problem(1, 2, right, 2, example=place) for place, right in enumerate(measured)], [1])
    assert [each.values[0] for each in found] == pytest.approx([sum(measured) / 14] * 5)


def test_without_ties_it_is_plain_cutting():
    halves = [problem(right, 20, right, 20, example=right) for right in range(20)]
    for order in itertools.islice(itertools.permutations(halves), 0, 100_000, 25_000):
        found = quintiles(order, [1, 4])
        assert [each.share_binned for each in found] == pytest.approx([0.875, 0.675, 0.475, 0.275, 0.075])


def test_problems_alike_may_be_given_together():
    apart = [problem(1, 2, 1, 2)] * 3 + [problem(0, 2, 0, 2)] * 4
    together = [problem(1, 2, 1, 2, problems=3), problem(0, 2, 0, 2, problems=4)]
    one, other = quintiles(apart, [1, 2]), quintiles(together, [1, 2])
    assert [each.values for each in one] == [pytest.approx(each.values) for each in other]


def test_pass_at_k_beyond_the_other_half_is_undefined_and_few_problems_have_no_quintiles():
    halves = [problem(1, 2, 1, 2, problems=5)]
    assert [each.values for each in quintiles(halves, [2, 4])] == [(1.0, None)] * 5
    assert quintiles([problem(1, 2, 1, 2, problems=4), problem(0, 0, 3, 3, problems=9)], [1]) == []
