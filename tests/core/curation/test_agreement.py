"""Agreement: against other libraries' figures, against counting by hand, and where nothing can be said."""

import json
from collections import Counter
from itertools import permutations
from pathlib import Path

import krippendorff
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from trajectories.core.curation.agreement import (
    NOTHING_SHARED,
    ONE_CLASS,
    UNANIMOUS,
    Shared,
    cohen_kappa,
    fleiss_kappa,
    gwet_ac1,
    krippendorff_alpha,
    percent_agreement,
)

# Made by irrCAC in an environment of its own (it wants an older scipy); the file says how.
CASES = json.loads((Path(__file__).parents[2] / "data" / "agreement" / "irrcac.json").read_text())["cases"]
COEFFICIENTS = (fleiss_kappa, gwet_ac1, krippendorff_alpha)
# Items of up to four people and three categories, as people decided on them.
ITEMS = st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=4), min_size=1, max_size=12)


def shared_of(items: list[list[int]], categories: int = 3) -> Shared:
    return Shared.of(Counter(tuple(item.count(each) for each in range(categories)) for item in items))


@pytest.mark.parametrize("case", CASES)
def test_the_figures_are_those_of_irrcac(case):
    shared = Shared.of({tuple(pattern): items for pattern, items in case["patterns"]})
    assert percent_agreement(shared).value == pytest.approx(case["pa"], abs=1e-9)
    assert fleiss_kappa(shared).value == pytest.approx(case["fleiss"], abs=1e-8)
    assert gwet_ac1(shared).value == pytest.approx(case["ac1"], abs=1e-8)


@pytest.mark.parametrize("case", CASES)
def test_alpha_is_that_of_the_library_also_inside_the_bootstrap(case):
    shared = Shared.of({tuple(pattern): items for pattern, items in case["patterns"]})
    by_item = [pattern for pattern, items in case["patterns"] for _ in range(items)]
    expected = krippendorff.alpha(value_counts=np.array(by_item), level_of_measurement="nominal")
    found = krippendorff_alpha(shared)
    assert found.value == pytest.approx(expected, abs=1e-12)
    assert found.low < expected < found.high


def test_fleiss_of_the_example_of_its_paper():
    """Fleiss 1971, as worked through on Wikipedia: 14 people, 10 subjects, 5 categories, kappa 0.210."""
    rows = [
        *((0, 0, 0, 0, 14), (0, 2, 6, 4, 2), (0, 0, 3, 5, 6), (0, 3, 9, 2, 0), (2, 2, 8, 1, 1)),
        *((7, 7, 0, 0, 0), (3, 2, 6, 3, 0), (2, 5, 3, 2, 2), (6, 5, 2, 1, 0), (0, 2, 2, 3, 7)),
    ]
    assert fleiss_kappa(Shared.of(Counter(rows))).value == pytest.approx(0.210, abs=5e-4)


@settings(max_examples=60, deadline=None)
@given(ITEMS)
def test_percent_agreement_is_the_share_of_equal_pairs(items):
    together = [item for item in items if len(item) > 1]
    found = percent_agreement(shared_of(items), rounds=20)
    if not together:
        assert (found.value, found.why) == (None, NOTHING_SHARED)
        return
    shares = [np.mean([one == other for one, other in permutations(item, 2)]) for item in together]
    assert found.value == pytest.approx(np.mean(shares))
    assert found.n == len(together)


@settings(max_examples=60, deadline=None)
@given(ITEMS)
def test_coefficients_are_what_counting_every_pair_gives(items):
    together = [item for item in items if len(item) > 1]
    shared = shared_of(items)
    assume(not shared.fault)
    observed = np.mean([np.mean([a == b for a, b in permutations(item, 2)]) for item in together])
    used = sorted({decision for item in together for decision in item})
    shares = [np.mean([item.count(each) / len(item) for item in together]) for each in used]
    by_chance = sum(share**2 for share in shares)
    assert fleiss_kappa(shared, rounds=20).value == pytest.approx((observed - by_chance) / (1 - by_chance))
    by_chance = sum(share * (1 - share) for share in shares) / (len(used) - 1)
    assert gwet_ac1(shared, rounds=20).value == pytest.approx((observed - by_chance) / (1 - by_chance))
    # Krippendorff: disagreement within items against disagreement between all decisions there are.
    every = [decision for item in together for decision in item]
    within = sum(sum(a != b for a, b in permutations(item, 2)) / (len(item) - 1) for item in together) / len(every)
    between = np.mean([a != b for a, b in permutations(every, 2)])
    assert krippendorff_alpha(shared, rounds=20).value == pytest.approx(1 - within / between)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=30))
def test_cohen_is_that_of_scikit_learn(decisions):
    found = cohen_kappa(Counter(decisions), rounds=20)
    if not found.is_defined:
        assert found.why in (ONE_CLASS, UNANIMOUS)
        assert all(first == second for first, second in decisions)
        return
    assert found.value == pytest.approx(cohen_kappa_score(*zip(*decisions, strict=True)))
    assert found.n == len(decisions)


@pytest.mark.parametrize(
    ("patterns", "why"),
    [
        ({}, NOTHING_SHARED),
        ({(1, 0): 9}, NOTHING_SHARED),
        ({(2, 0): 9}, ONE_CLASS),
        ({(2, 0): 9, (0, 3): 4}, UNANIMOUS),
    ],
)
def test_where_nothing_can_be_said_the_reason_is_given_and_no_number(patterns, why):
    for coefficient in COEFFICIENTS:
        found = coefficient(Shared.of(patterns))
        assert (found.value, found.low, found.high, found.why) == (None, None, None, why)
    found = percent_agreement(Shared.of(patterns))
    assert (found.value, found.low) == (None if why == NOTHING_SHARED else 1.0, None)


@pytest.mark.parametrize(
    ("table", "why"),
    [({}, NOTHING_SHARED), ({(0, 0): 5}, ONE_CLASS), ({(0, 0): 5, (1, 1): 5}, UNANIMOUS)],
)
def test_cohen_says_why_it_is_undefined(table, why):
    found = cohen_kappa(table)
    assert (found.value, found.low, found.why) == (None, None, why)


def test_kappa_misleads_where_nearly_everything_is_accepted_and_ac1_does_not():
    shared = Shared.of({(2, 0): 95, (1, 1): 5})
    assert percent_agreement(shared).value == pytest.approx(0.95)
    assert fleiss_kappa(shared).value < 0
    assert gwet_ac1(shared).value > 0.9


def test_intervals_hold_the_value_shrink_with_more_items_and_are_the_same_again():
    few, many = (Shared.of({(2, 0): 14 * k, (1, 1): 4 * k, (0, 2): 7 * k}) for k in (1, 100))
    for coefficient in (*COEFFICIENTS, percent_agreement):
        narrow, wide = coefficient(many), coefficient(few)
        assert narrow.low < narrow.value < narrow.high
        assert (narrow.high - narrow.low) * 5 < wide.high - wide.low
        assert coefficient(few) == wide
        assert coefficient(many, seed=1) != narrow


def test_intervals_cover_the_truth_as_often_as_they_say():
    """Two people who agree on 80 % of items: about 95 % of the intervals of many such experiments hold 0.8."""
    rng = np.random.default_rng(3)
    held = 0
    for _ in range(300):
        equal = int(rng.binomial(150, 0.8))
        shared = Shared.of({(2, 0): equal // 2, (0, 2): equal - equal // 2, (1, 1): 150 - equal})
        found = percent_agreement(shared, rounds=300)
        held += found.low <= 0.8 <= found.high
    assert 0.90 <= held / 300 <= 0.985


def test_a_hundred_thousand_items_take_no_longer_than_a_few():
    shared = Shared.of({(2, 0): 60_000, (1, 1): 15_000, (0, 2): 20_000, (3, 1): 5_000})
    found = fleiss_kappa(shared)
    assert found.n == 100_000
    assert found.high - found.low < 0.02
