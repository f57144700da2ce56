import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.core.consolidation.resampling import Estimate, mean_bands


def test_the_mean_is_over_problems_and_leaves_out_what_is_not_defined():
    (first, second) = mean_bands([[1.0, None], [0.0, 0.5], [0.25, 1.0]], [1, 2, 1])
    assert (first.mean, first.problems) == (pytest.approx(1.25 / 4), 4)
    assert (second.mean, second.problems) == (pytest.approx(2 / 3), 3)


def test_the_band_is_the_one_of_resampling_each_problem_by_itself():
    values = [0.0, 0.1, 0.5, 0.5, 0.9, 1.0, 1.0, 0.3]
    found = mean_bands([[value] for value in values], [1] * 8, resamples=20_000)[0]
    drawn = np.random.default_rng(5).choice(values, size=(20_000, 8)).mean(axis=1)
    assert (found.low, found.high) == pytest.approx(tuple(np.percentile(drawn, [2.5, 97.5])), abs=0.02)


def test_it_covers_the_truth_as_often_as_it_says():
    generator, covered = np.random.default_rng(1), 0
    for _ in range(200):
        values = generator.binomial(8, 0.4, size=60) / 8
        band = mean_bands([[float(value)] for value in values], [1] * 60, resamples=400)[0]
        covered += band.low <= 0.4 <= band.high
    assert 178 <= covered <= 200


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(1, 5)), min_size=1, max_size=8))
def test_problems_alike_may_be_given_together(rows):
    apart = [[value] for value, count in rows for _ in range(count)]
    together = mean_bands([[value] for value, _ in rows], [count for _, count in rows])[0]
    alone = mean_bands(apart, [1] * len(apart))[0]
    assert together.mean == pytest.approx(alone.mean)
    assert together.problems == alone.problems
    if together.low is not None:
        assert together.low <= together.mean <= together.high


def test_the_same_numbers_give_the_same_band_and_one_problem_gives_none():
    rows, counts = [[0.2], [0.9]], [3, 4]
    assert mean_bands(rows, counts) == mean_bands(rows, counts)
    assert mean_bands([[0.7]], [1]) == [Estimate(0.7, None, None, 1)]
    assert mean_bands([[None]], [4]) == [Estimate(None, None, None, 0)]
    assert mean_bands([], []) == []
