"""Estimates from stored samples against counting every draw."""

from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trajectories.core.consolidation import draws
from trajectories.core.consolidation.ballots import share_wins
from trajectories.core.consolidation.consensus import cons_at_k
from trajectories.core.consolidation.draws import Orders
from trajectories.core.consolidation.estimates import any_of, every_at, pass_at, way_at
from trajectories.core.consolidation.metrics import pass_at_k
from trajectories.core.consolidation.resampling import mean_bands
from trajectories.core.consolidation.stored import Stored, answers_of
from trajectories.core.consolidation.votes import credit
from trajectories.core.consolidation.ways import WAYS, Group, Sample, Value, choose

RIGHT = "r"
"""The right answer of every problem."""


def number_answers(problem_of, problems, given, right):
    """Number what samples give (None for nothing) by problem; an answer is right where one of its samples is."""
    known = [{} for _ in range(problems)]
    keys = np.full(len(problem_of), -1, dtype=np.int32)
    for place, (problem, answer) in enumerate(zip(problem_of.tolist(), given, strict=True)):
        if answer is not None:
            keys[place] = known[problem].setdefault(answer, len(known[problem]))
    return answers_of(problem_of, problems, keys, right)


def store(problems):
    """Stored samples of problems, each a list of Samples whose right answer, and right output, is RIGHT."""
    flat = [sample for problem in problems for sample in problem]
    sizes = [len(problem) for problem in problems]
    problem_of = np.repeat(np.arange(len(problems)), sizes)
    right = np.array([each.meaning == RIGHT for each in flat], dtype=bool)
    meaning = number_answers(problem_of, len(problems), [each.meaning for each in flat], right)
    asked = np.array([max((len(each.outputs) for each in problem), default=0) for problem in problems])
    outputs = []
    for place in range(int(asked.max(initial=0))):
        given = [each.outputs[place] if place < len(each.outputs) else None for each in flat]
        good = np.array([each == RIGHT for each in given], dtype=bool)
        outputs.append(number_answers(problem_of, len(problems), given, good))
    return Stored(
        problems=np.arange(len(problems)),
        starts=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        right=right,
        answers={Group.MEANING: meaning, Group.WRITTEN: meaning},
        values={value: np.array([each.values.get(value, np.nan) for each in flat], dtype=float) for value in Value},
        outputs=outputs,
        asked=asked,
    )


def credited(way, drawn):
    """What a way scores with exactly these samples."""
    found = choose(way, drawn)
    if found is None:
        # None of these has the value that the problem's samples have: equal weights.
        found = choose(WAYS["majority"], drawn)
    if way.group is Group.SAMPLE:
        top = [drawn[place] for place in _leaders(way, drawn)]
        return sum(each.meaning == RIGHT for each in top) / len(top)
    scores = [
        credit([weight for _, weight in votes.ranked], [key == RIGHT for key, _ in votes.ranked], way.guesses)
        for votes in found.votes
    ]
    return sum(scores) / len(scores) if scores else 0.0


def _leaders(way, drawn):
    value = way.needs[0]
    known = [each.values.get(value, -1.0) for each in drawn]
    return [place for place, each in enumerate(known) if each == max(known)]


def brute(way, problem, k):
    every = list(combinations(problem, k))
    return sum(credited(way, list(drawn)) for drawn in every) / len(every)


@st.composite
def problem(draw, least=1, most=6):
    made = []
    for key in range(draw(st.integers(least, most))):
        answer = draw(st.sampled_from([RIGHT, RIGHT, "w", "v", None]))
        other = draw(st.sampled_from([RIGHT, "w"]))
        values = {value: draw(st.sampled_from([0.0, 0.25, 0.5, 1.0])) for value in Value}
        made.append(Sample(key, answer, answer, (answer, other) if answer else (None, None), values))
    return made


@given(problems=st.lists(problem(), min_size=1, max_size=4), k=st.integers(1, 7))
def test_pass_at_k_is_the_share_of_draws_with_a_right_sample(problems, k):
    found = pass_at(store(problems), k).values
    for samples, value in zip(problems, found, strict=True):
        if len(samples) < k:
            assert np.isnan(value)
            continue
        hits = sum(any(each.meaning == RIGHT for each in drawn) for drawn in combinations(samples, k))
        assert value == pytest.approx(hits / comb(len(samples), k), abs=1e-12)


def test_pass_at_k_of_large_problems_is_that_of_one_by_one():
    sizes, correct = [1_024, 1_000, 512, 100, 7], [0, 1, 500, 100, 3]
    problems = [
        [Sample(key, None, RIGHT if key < c else "w") for key in range(n)] for n, c in zip(sizes, correct, strict=True)
    ]
    stored = store(problems)
    for k in (1, 2, 7, 64, 511, 1_000, 1_024):
        expected = [pass_at_k(n, c, k) for n, c in zip(sizes, correct, strict=True)]
        found = [None if np.isnan(each) else each for each in pass_at(stored, k).values]
        assert found == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("name", ["best-score", "best-fits"])
@given(problems=st.lists(problem(), min_size=1, max_size=3), k=st.integers(1, 6))
def test_best_of_k_is_exact(name, problems, k):
    found = way_at(Orders(store(problems)), store(problems), WAYS[name], k)
    assert found.draws == 0
    for samples, value in zip(problems, found.values, strict=True):
        if len(samples) < k:
            assert np.isnan(value)
        else:
            assert value == pytest.approx(brute(WAYS[name], samples, k), abs=1e-9)


@pytest.mark.parametrize("name", [way.name for way in WAYS.values() if way.group is not Group.SAMPLE])
@settings(max_examples=15, deadline=None)
@given(problems=st.lists(problem(), min_size=1, max_size=3), k=st.integers(1, 6), seed=st.integers(0, 99))
def test_votes_among_k_are_those_of_all_draws_within_the_error_that_is_stated(name, problems, k, seed):
    stored, way = store(problems), WAYS[name]
    found = way_at(Orders(stored, seed), stored, way, k, cells=4_000)
    for samples, value, noise in zip(problems, found.values, found.noise, strict=True):
        if len(samples) < k:
            assert np.isnan(value)
            continue
        expected = brute(way, samples, k)
        if noise == 0 and (len(samples) == k or k == 1):
            assert value == pytest.approx(expected, abs=1e-9)
        else:
            # Five standard errors, and what a draw that was never seen may weigh.
            assert value == pytest.approx(expected, abs=5 * noise**0.5 + 0.02)


@given(problems=st.lists(problem(), min_size=1, max_size=4))
def test_all_samples_of_problems_of_any_size_are_chosen_among_as_one_by_one(problems):
    stored = store(problems)
    for way in WAYS.values():
        expected = [credited(way, samples) for samples in problems]
        assert every_at(Orders(stored), stored, way).values.tolist() == pytest.approx(expected)
    assert any_of(stored).values.tolist() == [any(each.meaning == RIGHT for each in samples) for samples in problems]


def test_majority_by_draws_is_that_which_is_worked_out():
    generator = np.random.default_rng(3)
    problems = []
    for _ in range(40):
        ease = generator.beta(0.8, 0.9)
        drawn = [RIGHT if generator.random() < ease else f"w{generator.integers(4)}" for _ in range(64)]
        problems.append([Sample(key, each, each) for key, each in enumerate(drawn)])
    stored = store(problems)
    orders = Orders(stored, 1)
    ballots = []
    for samples in problems:
        counts = {}
        for each in samples:
            counts[each.meaning] = counts.get(each.meaning, 0) + 1
        ballots.append((tuple((votes, key == RIGHT) for key, votes in counts.items()), 0))
    ks = (1, 2, 8, 32, 64)
    exact = np.array(cons_at_k(tuple(ballots), ks))
    for column, k in enumerate(ks):
        found = way_at(orders, stored, WAYS["majority"], k)
        assert abs(found.values.mean() - exact[:, column].mean()) <= 4 * found.error + 1e-9
        assert (found.error == 0) == (k in (1, 64))


def test_the_same_seed_gives_the_same_curve_and_another_k_does_not_disturb_it():
    stored = store([[Sample(key, str(key % 3), RIGHT if key % 3 else "w") for key in range(30)]] * 3)
    one, other = Orders(stored, 5), Orders(stored, 5)
    way_at(other, stored, WAYS["majority"], 29)
    assert (way_at(one, stored, WAYS["majority"], 4).values == way_at(other, stored, WAYS["majority"], 4).values).all()


def test_draws_are_different_samples_of_one_problem_each_equally_often():
    stored = store([[Sample(key, "a", "a") for key in range(size)] for size in (9, 4, 2)])
    drawn = Orders(stored, 2).draw(3, cells=60_000)
    assert drawn.counts.tolist()[2] == 0
    for row, problem in zip(drawn.samples, drawn.problem, strict=True):
        assert len(set(row.tolist())) == 3
        assert stored.starts[problem] <= row.min() <= row.max() < stored.starts[problem + 1]
    seen = np.bincount(drawn.samples.ravel(), minlength=15)
    assert seen[:9].std() < 0.05 * seen[:9].mean()
    assert seen[13:].sum() == 0
    with pytest.raises(ValueError, match="found k=0"):
        Orders(stored).draw(0)


def large(generator, sizes):
    """Problems with so many samples: few answers or many, some with values that tie, some without any."""
    problems = []
    for size in sizes:
        ease, others = generator.random(), int(generator.integers(2, 90))
        made = []
        for key in range(size):
            lot = generator.random()
            answer = RIGHT if lot < ease / 2 else None if lot > 0.95 else f"w{generator.integers(others)}"
            other = RIGHT if generator.random() < 0.3 else "w"
            levels = [0.0] if ease < 0.3 else [0.0, 0.25, 1.0]
            values = {value: float(generator.choice(levels)) for value in Value}
            made.append(Sample(key, answer, answer, (answer, other) if answer else (None, None), values))
        problems.append(made)
    return problems


@pytest.mark.parametrize("name", [way.name for way in WAYS.values() if way.group is not Group.SAMPLE])
def test_votes_that_are_added_up_from_half_as_many_samples_are_those_of_the_same_draws_one_by_one(name, monkeypatch):
    monkeypatch.setattr(draws, "ORDER_CELLS", 0)
    problems = large(np.random.default_rng(17), (64, 70, 128, 131, 300, 260, 20))
    stored, way = store(problems), WAYS[name]
    flat = [sample for samples in problems for sample in samples]
    orders = Orders(stored, 4)
    # Asked for in the order of a curve, and then one of them alone.
    for k, mine in [*((k, orders) for k in (32, 64, 128)), (128, Orders(stored, 4))]:
        made = mine.draw(k)
        scores = [[] for _ in problems]
        for row, problem in zip(made.samples, made.problem, strict=True):
            scores[problem].append(credited(way, [flat[at] for at in row]))
        expected = [np.mean(each) if each else np.nan for each in scores]
        assert way_at(mine, stored, way, k).values == pytest.approx(expected, abs=1e-9, nan_ok=True)


def test_a_draw_is_the_pair_of_draws_that_it_is_added_up_from():
    stored = store([[Sample(key, "a", "a") for key in range(size)] for size in (64, 100, 129, 40, 32, 256)])
    orders = Orders(stored, 8)
    for k in (64, 128, 256):
        whole, halves = orders.draw(k), orders.draw(k // 2)
        assert whole.pairs is not None
        left, right = halves.samples[whole.pairs[:, 0]], halves.samples[whole.pairs[:, 1]]
        assert (np.concatenate([left, right], axis=1) == whole.samples).all()
        assert (halves.problem[whole.pairs] == whole.problem[:, None]).all()
    assert orders.draw(96).pairs is None


@given(
    ballots=st.lists(
        st.lists(st.tuples(st.sampled_from([0.0, 0.5, 1.0, 2.0]), st.booleans()), min_size=1, max_size=5),
        min_size=1,
        max_size=4,
    ),
    guesses=st.integers(1, 3),
)
def test_many_ballots_at_once_are_credited_as_one_by_one(ballots, guesses):
    counts = np.array([len(each) for each in ballots])
    totals = np.array([weight for each in ballots for weight, _ in each])
    good = np.array([right for each in ballots for _, right in each], dtype=bool)
    found = share_wins(totals, good, np.cumsum(counts) - counts, counts, guesses)
    expected = [credit([w for w, _ in each], [r for _, r in each], guesses) for each in ballots]
    assert found.tolist() == pytest.approx(expected)


def test_a_way_is_left_undefined_where_nothing_is_known_that_it_needs():
    known = [Sample(1, "a", RIGHT, (RIGHT,), {Value.SCORE: 0.5}), Sample(2, "b", "w", ("w",))]
    stored = store([known, [Sample(3, "a", RIGHT), Sample(4, "b", "w")]])
    for name in ("weighted-score", "best-score"):
        found = way_at(Orders(stored), stored, WAYS[name], 1).values
        assert found[0] == pytest.approx(0.5)
        assert np.isnan(found[1])
    assert np.isnan(way_at(Orders(stored), stored, WAYS["two-guesses"], 1).values).all()


def test_bands_cover_the_truth_about_as_often_as_they_say():
    """Of 300 simulated sets of 60 problems, 95 % bands should hold the true mean in some 93 % to 95 % of cases: the
    percentile bootstrap is a little too narrow for few problems."""
    generator = np.random.default_rng(11)
    a, b, n, k = 0.8, 1.2, 16, 4
    # The mean of pass@4 over all problems there could be: E[1 - (1 - p)^4] for p from a beta distribution.
    truth = 1 - np.prod([(b + i) / (a + b + i) for i in range(k)])
    held = 0
    for seed in range(300):
        correct = generator.binomial(n, generator.beta(a, b, 60))
        values = [[pass_at_k(n, int(c), k)] for c in correct]
        (band,) = mean_bands(values, [1] * 60, seed=seed, resamples=400)
        held += band.low <= truth <= band.high
    assert 0.90 <= held / 300 <= 0.98
