"""Dawid and Skene: against crowd-kit, on made-up people of known skill, and where there is nothing to tell."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trajectories.core.curation.reliability import NOTHING_SHARED, ONE_CLASS, Decisions, dawid_skene

# Made by crowd-kit in an environment of its own (it brings transformers and pandas); the file says how.
CASE = json.loads((Path(__file__).parents[2] / "data" / "agreement" / "dawid_skene.json").read_text())


def decisions(rows, *, categories=2):
    return Decisions.of(
        rows,
        items=1 + max((row[0] for row in rows), default=-1),
        people=1 + max((row[1] for row in rows), default=-1),
        categories=categories,
    )


def test_posteriors_prior_and_tables_are_those_of_crowd_kit():
    found = dawid_skene(decisions(CASE["rows"]))
    assert found.posterior[:, 1] == pytest.approx(np.array(CASE["posterior"]), abs=1e-4)
    assert found.prior[1] == pytest.approx(CASE["prior"], abs=1e-4)
    assert found.tables == pytest.approx(np.array(CASE["tables"]), abs=1e-4)


def test_who_decides_well_is_told_from_who_guesses_though_no_answer_is_known():
    rng = np.random.default_rng(5)
    truth = rng.integers(0, 2, 600)
    skills = (0.95, 0.85, 0.75, 0.5)
    rows = [
        (item, person, int(truth[item] if rng.random() < skill else 1 - truth[item]))
        for item in range(600)
        for person, skill in enumerate(skills)
    ]
    found = dawid_skene(decisions(rows), smoothing=1)
    for person, skill in enumerate(skills):
        assert found.reliability(person) == pytest.approx(skill, abs=0.06)
    right = np.mean([found.decision(item) == truth[item] for item in range(600)])
    votes = np.mean([sum(rows[4 * i + p][2] for p in range(4)) / 4 > 0.5 for i in range(600)] == (truth == 1))
    assert right > votes
    assert right > 0.93


def test_a_tie_stays_a_tie():
    found = dawid_skene(decisions([(0, 0, 0), (0, 1, 1), (1, 0, 0), (1, 1, 0), (2, 0, 1), (2, 1, 1)]), smoothing=1)
    assert found.decision(0) is None
    assert found.posterior[0] == pytest.approx([0.5, 0.5], abs=1e-6)
    assert (found.decision(1), found.decision(2)) == (0, 1)


def test_whoever_shares_no_item_has_no_reliability_and_the_reason_is_given():
    found = dawid_skene(decisions([(0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 1), (2, 2, 0)]))
    assert found.reliability(0) is not None
    assert (found.reliability(2), found.why_undefined(2)) == (None, NOTHING_SHARED)


def test_one_class_and_nothing_at_all_are_undefined():
    found = dawid_skene(decisions([(0, 0, 1), (0, 1, 1), (1, 0, 1)]))
    assert (found.reliability(0), found.why_undefined(0)) == (None, ONE_CLASS)
    assert dawid_skene(decisions([])).posterior.shape == (0, 2)


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.tuples(st.integers(0, 9), st.integers(0, 3)), st.integers(0, 2), min_size=1, max_size=40),
    st.sampled_from([0.0, 1.0]),
)
def test_posteriors_and_tables_are_distributions_whatever_was_decided(decided, smoothing):
    rows = [(item, person, category) for (item, person), category in decided.items()]
    found = dawid_skene(decisions(rows, categories=3), smoothing=smoothing)
    assert np.isfinite(found.posterior).all()
    assert found.posterior.sum(axis=1) == pytest.approx(1)
    assert found.tables.sum(axis=2) == pytest.approx(1)
    # Who is named in which order makes no difference.
    again = dawid_skene(decisions(rows[::-1], categories=3), smoothing=smoothing)
    assert again.posterior == pytest.approx(found.posterior, abs=1e-6)


def test_items_that_are_the_same_may_be_taken_together():
    rows = [(0, 0, 0), (0, 1, 0), (1, 0, 1), (1, 1, 1), (2, 0, 0), (2, 1, 1)]
    one_by_one = [(item, person, category) for item, times in ((0, 5), (1, 3), (2, 2)) for _ in range(times)
                  for each, person, category in rows if each == item]  # fmt: skip
    numbered = [(place // 2, person, category) for place, (_, person, category) in enumerate(one_by_one)]
    each = dawid_skene(decisions(numbered), smoothing=1)
    together = dawid_skene(Decisions.of(rows, items=3, people=2, categories=2, weights=[5, 3, 2]), smoothing=1)
    assert together.posterior == pytest.approx(each.posterior[[0, 5, 8]], abs=1e-6)
    assert list(together.shared) == list(each.shared) == [10, 10]
    assert together.reliability(0) == pytest.approx(each.reliability(0), abs=1e-6)
