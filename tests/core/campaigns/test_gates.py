import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from trajectories.core.campaigns.gates import GateDecision, GateTest, Tried, decide, lower_bound, mcnemar_chance

COUNTS = st.integers(0, 40)


@given(COUNTS, COUNTS)
def test_the_exact_chance_is_that_of_a_one_sided_binomial_test(gained, lost):
    expected = 1.0 if gained + lost == 0 else binomtest(gained, gained + lost, alternative="greater").pvalue
    assert mcnemar_chance(gained, lost) == pytest.approx(expected)


def tried(rights, samples=4):
    return [Tried(problem, samples, right) for problem, right in enumerate(rights)]


def test_five_gains_and_no_loss_are_enough_at_five_percent_and_four_are_not():
    five = decide(tried([0] * 8), tried([1] * 5 + [0] * 3), test=GateTest.MCNEMAR, level=0.05)
    four = decide(tried([0] * 8), tried([1] * 4 + [0] * 4), test=GateTest.MCNEMAR, level=0.05)
    assert (five.promotes, five.chance) == (True, 1 / 32)
    assert (four.promotes, four.chance) == (False, 1 / 16)
    assert "p = 0.0312, below 0.05" in five.words
    assert four.words.startswith("The champion stays. Of 8 held-out problems it solved 4 that the champion did not")


def test_a_challenger_that_differs_nowhere_is_not_promoted():
    for test in (GateTest.MCNEMAR, GateTest.BOOTSTRAP):
        said = decide(tried([1, 2, 0]), tried([1, 2, 0]), test=test, level=0.05)
        assert not said.promotes
        assert (said.gained, said.lost, said.difference) == ((), (), 0.0)


def test_the_bootstrap_promotes_only_where_its_lower_bound_is_above_nothing():
    before = tried([1] * 20)
    better = decide(before, tried([3] * 16 + [0] * 4), test=GateTest.BOOTSTRAP, level=0.05, seed=1)
    mixed = decide(before, tried([3] * 6 + [0] * 14), test=GateTest.BOOTSTRAP, level=0.05, seed=1)
    assert better.promotes
    assert better.low > 0
    assert not mixed.promotes
    assert "not above 0" in mixed.words
    assert len(better.lost) == 4, "what is forgotten is told of a better one too"


def test_only_problems_that_both_have_samples_of_are_compared():
    before = [Tried(1, 4, 0), Tried(2, 0, 0), Tried(3, 4, 4)]
    after = [Tried(1, 4, 1), Tried(2, 4, 4), Tried(4, 4, 4)]
    said = decide(before, after, test=GateTest.MCNEMAR, level=0.05)
    assert (said.problems, said.gained, said.lost) == (1, (1,), ())
    nothing = decide([], after, test=GateTest.BOOTSTRAP, level=0.05)
    assert not nothing.promotes
    assert "no held-out problem" in nothing.words


def test_without_a_gate_every_challenger_goes_on_and_it_says_so():
    said = decide(tried([4, 4]), tried([0, 0]), test=GateTest.NONE, level=0.05)
    assert said.promotes
    assert said.words.startswith("No gate was asked for")


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=12), st.sampled_from(list(GateTest)))
def test_a_decision_is_the_same_every_time_and_survives_being_kept(rights, test):
    before, after = tried([a for a, _ in rights]), tried([b for _, b in rights])
    said = decide(before, after, test=test, level=0.1, seed=3)
    assert said == decide(before, after, test=test, level=0.1, seed=3)
    assert GateDecision.from_json(said.as_json()) == said
    assert said.words.endswith(".") or said.words.endswith("0.")


def test_the_lower_bound_is_that_of_resampled_means():
    assert lower_bound([0.5] * 9, 0.05) == 0.5
    assert -1 <= lower_bound([1.0, -1.0], 0.05, seed=2) <= 0
