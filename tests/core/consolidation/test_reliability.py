"""What a share of the votes has meant."""

import pytest

from trajectories.core.consolidation.reliability import bin_of, what_it_meant

ALL_RIGHT, ALL_WRONG, HALF = ((4, True),), ((4, False),), ((2, True), (2, False))


@pytest.mark.parametrize(("share", "place"), [(0.0, 0), (0.3, 3), (3 / 10, 3), (0.299, 2), (1.0, 9)])
def test_a_share_lies_in_a_tenth(share, place):
    assert bin_of(share) == place


def test_it_counts_the_problems_with_about_that_share():
    voted = [(ALL_RIGHT, 0, 3), (ALL_WRONG, 0, 1), (HALF, 0, 5), (ALL_RIGHT, 4, 2)]
    sure = what_it_meant(voted, 0.95)
    assert (sure.problems, sure.right, sure.low_share, sure.high_share) == (4, 0.75, 0.9, 1.0)
    assert sure.low <= 0.75 <= sure.high
    torn = what_it_meant(voted, 0.5)
    assert (torn.problems, torn.right) == (7, pytest.approx((5 * 0.5 + 2) / 7)), "equal votes share; silence is no vote"


def test_a_share_that_was_never_seen_means_nothing_known():
    assert what_it_meant([(ALL_RIGHT, 0, 3)], 0.2) is None
    assert what_it_meant([(((1, True),), 0, 9)], 1.0) is None, "one sample always agrees with itself"
