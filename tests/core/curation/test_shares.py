"""Shares and their differences, held against published examples."""

import math

import pytest

from trajectories.core.curation.shares import difference, share


def test_wilson_intervals_are_those_of_the_literature():
    # Newcombe 1998 (Statistics in Medicine 17, 857), table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
    for found, n, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ):
        figure = share(found, n)
        assert (round(figure.low, 4), round(figure.high, 4), figure.n) == (low, high, n)


def test_differences_are_those_of_the_literature():
    # Newcombe 1998 (Statistics in Medicine 17, 873), table II, method 10: 56/70 - 48/80, 9/10 - 3/10, 10/10 - 0/10.
    for one, other, low, high in (
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((10, 10), (0, 10), 0.6075, 1.0),
    ):
        figure = difference(share(*one), share(*other))
        assert (round(figure.low, 4), round(figure.high, 4)) == (low, high)


@pytest.mark.parametrize("n", [1, 3, 50, 10_000])
def test_none_and_all_stay_within_bounds_and_are_no_certainty(n):
    for found, figure in ((0, share(0, n)), (n, share(n, n))):
        assert 0 <= figure.low <= figure.value == found / n <= figure.high <= 1
        assert figure.high - figure.low > 0


def test_of_nothing_there_is_no_share_and_no_difference():
    assert (share(0, 0).value, share(0, 0).why != "") == (None, True)
    for figure in (difference(share(1, 2), share(0, 0)), difference(share(0, 0), share(1, 2))):
        assert figure.value is None
        assert figure.n == 2
        assert not any(isinstance(each, float) and math.isnan(each) for each in (figure.low, figure.high))
