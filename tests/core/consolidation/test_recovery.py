import pytest

from trajectories.core.consolidation.recovery import moving_share, recovery_after


def test_recovery_is_counted_from_the_change_to_the_first_window_that_is_as_good():
    won = [True, False] * 10 + [False] * 5 + [True] * 25
    found = recovery_after(won, 20)
    assert (found.before, found.right_after, found.adapted, found.episodes) == (0.5, 0.5, 1.0, 0)
    slow = [True] * 20 + [False] * 7 + [True] * 13
    assert recovery_after(slow, 20).episodes == 7
    assert recovery_after(slow, 20).area == pytest.approx(13 / 20)


def test_what_never_comes_back_has_no_recovery_and_nothing_is_made_up():
    assert recovery_after([True] * 5 + [False] * 30, 5).episodes is None
    assert recovery_after([True] * 5 + [True] * 4, 5).episodes is None, "too few episodes to say"
    found = recovery_after([], 3)
    assert (found.before, found.right_after, found.adapted, found.area) == (None, None, None, None)


def test_each_change_is_measured_between_its_neighbours():
    won = [True] * 10 + [False] * 10 + [True] * 10
    found = recovery_after(won, 20, None, 10)
    assert (found.before, found.right_after, found.episodes) == (0.0, 1.0, None), "nothing was there to come back"
    found = recovery_after(won, 10, 20)
    assert (found.before, found.right_after, found.episodes) == (1.0, 0.0, None)


def test_the_moving_share_begins_with_what_there_is():
    assert moving_share([True, False, True, True], 2) == [1.0, 0.5, 0.5, 1.0]
