"""The best way by difficulty, chosen on one half of the problems and measured on the other."""

import numpy as np
import pytest

from trajectories.core.consolidation.optimal import BINS, Option, bins_of, choose_by_bin, halves_of

KEYS = np.arange(1, 401)


def test_bins_are_equally_large_and_go_from_easy_to_hard():
    ease = np.linspace(1, 0, 400)
    bins = bins_of(ease, KEYS)
    assert np.bincount(bins).tolist() == [80] * BINS
    assert (np.diff(bins) >= 0).all()
    equal = bins_of(np.ones(400), KEYS)
    assert np.bincount(equal).tolist() == [80] * BINS
    assert (equal == bins_of(np.ones(400), KEYS)).all(), "by lot, and the same each time"
    assert len(bins_of(np.zeros(0), KEYS[:0])) == 0


def test_each_bin_gets_what_is_best_there_and_one_for_all_gets_less():
    bins, halves = np.arange(400) % BINS, halves_of(KEYS)
    easy = np.where(bins < 2, 1.0, 0.2)
    found = choose_by_bin([Option("vote", easy), Option("search", 1.2 - easy)], bins, halves)
    assert [cell.chosen for cell in found.cells] == [("vote",)] * 2 + [("search",)] * 3
    assert [cell.score for cell in found.cells] == [1.0, 1.0, 1.0, 1.0, 1.0]
    assert found.optimal.mean == 1.0
    assert found.single.mean == pytest.approx(0.68)
    assert found.single_titles == ("search",)


def test_noise_that_was_chosen_is_not_praised_by_the_problems_that_chose_it():
    generator = np.random.default_rng(0)
    scores = []
    for _ in range(60):
        options = [Option(f"coin {number}", generator.integers(0, 2, 400).astype(float)) for number in range(12)]
        scores.append(choose_by_bin(options, np.arange(400) % BINS, halves_of(KEYS)).optimal.mean)
    assert np.mean(scores) == pytest.approx(0.5, abs=0.01)


def test_what_is_not_defined_is_left_out_and_counted():
    values = np.ones(400)
    values[:10] = np.nan
    options = [Option("vote", values), Option("never", np.full(400, np.nan))]
    found = choose_by_bin(options, np.arange(400) % BINS, halves_of(KEYS))
    assert (found.left_out, found.optimal.problems) == (10, 390)
    assert all(cell.chosen == ("vote",) for cell in found.cells)
    assert choose_by_bin(options[1:], np.arange(400) % BINS, halves_of(KEYS)) is None
    one = choose_by_bin([Option("vote", np.array([1.0]))], np.array([0]), np.array([1]))
    assert (one.optimal.mean, one.optimal.low) == (1.0, None)
