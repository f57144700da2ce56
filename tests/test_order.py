"""How tests are put in order for processes that run beside one another."""

from itertools import accumulate, pairwise

import pytest

from tests.order import long_first


@pytest.mark.parametrize("processes", [1, 2, 3, 4])
@pytest.mark.parametrize("count", [1, 7, 100])
def test_each_process_begins_with_its_share_of_the_long_ones_and_none_is_lost(processes, count):
    items = list(range(count))
    ordered = long_first(items, lambda item: item % 10 == 9, processes)
    assert sorted(ordered) == items
    sizes = [(count + position) // processes for position in range(processes)]
    parts = [ordered[start:end] for start, end in pairwise([0, *accumulate(sizes)])]
    for part in parts:
        are_long = [item % 10 == 9 for item in part]
        assert are_long == sorted(are_long, reverse=True)
    shares = [sum(item % 10 == 9 for item in part) for part in parts]
    assert max(shares) - min(shares) <= 1


def test_others_stay_in_their_order():
    ordered = long_first(list("abLcdL"), str.isupper, 2)
    assert "".join(ordered) == "LabLcd"
