"""Two sources over the same problems."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from trajectories.core.consolidation.paired import discordant, mcnemar_exact, paired_bootstrap


@given(won=st.integers(0, 60), lost=st.integers(0, 60))
def test_mcnemar_is_the_exact_binomial_test(won, lost):
    expected = binomtest(won, won + lost, 0.5).pvalue if won + lost else 1.0
    assert mcnemar_exact(won, lost) == pytest.approx(expected, abs=1e-12)


def test_problems_are_counted_by_who_wins_them():
    found = discordant([1, 1, 0, 0, 0.5, 1], [1, 0, 1, 0, 0, 1 / 3])
    assert (found.won, found.lost, found.both, found.neither, found.open) == (1, 1, 1, 1, 2)
    assert found.p == 1.0


def test_a_difference_is_that_of_pairs_and_has_a_band():
    first, second = [1.0] * 30 + [0.0] * 10, [1.0] * 20 + [0.0] * 20
    found = paired_bootstrap(first, second)
    assert found.mean == pytest.approx(0.25)
    assert 0 < found.low < 0.25 < found.high
    assert found.p < 0.01
    turned = paired_bootstrap(second, first)
    assert turned.mean == pytest.approx(-0.25)
    same = paired_bootstrap(first, first)
    assert (same.mean, same.low, same.high, same.p) == (0, 0, 0, 1)
    assert paired_bootstrap([1.0], [0.0]).low is None
    with pytest.raises(ValueError, match="expected as many"):
        paired_bootstrap([1.0], [])


def test_without_a_difference_few_are_found_and_bands_cover():
    """Two equal sources over 50 problems, 300 times: p below 0.05, and bands without 0, in about one of twenty."""
    generator = np.random.default_rng(5)
    found = []
    for seed in range(300):
        ease = generator.beta(1, 1, 50)
        pair = [(generator.random(50) < ease).astype(float).tolist() for _ in range(2)]
        found.append(paired_bootstrap(*pair, seed=seed, resamples=800))
    assert 0.01 < np.mean([each.p < 0.05 for each in found]) < 0.10
    assert 0.90 < np.mean([each.low <= 0 <= each.high for each in found]) <= 0.99
