"""What enters a training: properties that hold for every rule and whatever there is to choose from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.core.faults import Fault
from trajectories.core.learning.choosing import (
    Entrant,
    bin_of,
    by_problem,
    choose,
    draw_evenly,
    fill_bins,
    greedy_diverse,
    replay_count,
)
from trajectories.core.learning.rules import TAKES, TrainingRule
from trajectories.core.releases.spreading import Contender, contend

LABELS = st.sampled_from([True, False, None])


@st.composite
def pools(draw, first=0):
    rows = draw(st.lists(st.tuples(st.integers(0, 4), LABELS, st.none() | st.floats(0, 1)), max_size=40))
    return [
        Entrant(first + key, f"p{problem}", label, Contender(first + key, (str(key), ""), label is not False), accuracy)
        for key, (problem, label, accuracy) in enumerate(rows)
    ]


RULES = st.builds(
    TrainingRule,
    take=st.sampled_from(TAKES),
    per_problem=st.none() | st.integers(1, 6),
    relabel=st.integers(0, 4),
    bins=st.booleans(),
    replay=st.sampled_from([0.0, 10.0, 50.0, 90.0]),
    replay_of=st.just((1,)),
)


@given(RULES, pools(), pools(), pools(first=1000), st.integers(0, 5))
def test_a_rule_is_kept_and_its_funnel_adds_up(rule, entrants, wrong, older, seed):
    chosen = choose(rule, entrants, wrong, older, seed=seed)
    assert chosen == choose(rule, entrants, wrong, older, seed=seed), "the same choice every time"
    known = {each.key: each for each in entrants}
    assert len(set(chosen.sampled)) == len(chosen.sampled)
    assert set(chosen.sampled) <= set(known)
    assert set(chosen.relabelled) <= {each.key for each in wrong}
    assert set(chosen.replayed) <= {each.key for each in older}
    if rule.take == "correct":
        assert all(known[key].is_correct is not False for key in chosen.sampled)
    groups = by_problem(known[key] for key in chosen.sampled)
    allowed = by_problem(each for each in entrants if rule.take != "correct" or each.is_correct is not False)
    for problem, group in allowed.items():
        wanted = len(group) if rule.per_problem is None else min(rule.per_problem, len(group))
        assert len(groups.get(problem, ())) == wanted, "a cap takes no more and no fewer"
    left = len(entrants)
    for line in chosen.lines:
        assert line.left == left - line.removed + line.added
        left = line.left
    assert left == len(chosen.sampled) + len(chosen.relabelled) + len(chosen.replayed)
    fresh = len(chosen.sampled) + len(chosen.relabelled)
    if rule.replay:
        assert len(chosen.replayed) * (100 - rule.replay) <= fresh * rule.replay + 1e-6, "never above its share"
    else:
        assert chosen.replayed == ()


@given(pools(), st.integers(1, 6), st.integers(0, 5))
def test_bins_are_filled_as_evenly_as_there_is_anything_in_them(entrants, most, seed):
    drawn = fill_bins(entrants, most, seed)
    assert len(drawn) == min(most, len(entrants))
    have = lambda each: bin_of(each.accuracy if each.accuracy is not None else float(bool(each.is_correct)))  # noqa: E731
    taken, there = [0] * 4, [0] * 4
    for each in entrants:
        there[have(each)] += 1
    for each in drawn:
        taken[have(each)] += 1
    for place in range(4):
        if taken[place] < there[place]:
            assert max(taken) <= taken[place] + 1


@given(pools(), st.integers(0, 50), st.integers(0, 5))
def test_drawing_evenly_gives_no_problem_a_second_before_each_has_a_first(entrants, most, seed):
    drawn = draw_evenly(entrants, most, seed)
    assert len(drawn) == min(most, len(entrants))
    counts = {problem: len(group) for problem, group in by_problem(drawn).items()}
    for problem, group in by_problem(entrants).items():
        if counts.get(problem, 0) < len(group):
            assert max(counts.values(), default=0) <= counts.get(problem, 0) + 1


def entrant(key, accuracy, text, right=False):
    return Entrant(key, "p", right, contend(key, (text, ""), is_correct=right, bodies=(text, "")), accuracy)


def test_greedy_and_diverse_takes_the_best_and_then_what_is_unlike_them():
    alike = "the quick brown fox jumps over the lazy dog again and again"
    group = [
        entrant(0, 1.0, alike, right=True),
        entrant(1, 0.9, alike + " once"),
        entrant(2, 0.8, alike + " twice"),
        entrant(3, 0.1, "a wholly different way of solving this with other words altogether"),
    ]
    assert {each.key for each in greedy_diverse(group, 3)} == {0, 1, 3}


@pytest.mark.parametrize(("accuracy", "number"), [(0, 0), (0.01, 1), (0.34, 1), (0.35, 2), (0.98, 2), (1, 3)])
def test_the_bins_are_those_of_the_paper(accuracy, number):
    assert bin_of(accuracy) == number


def test_replay_makes_up_its_share_of_all():
    assert replay_count(50, 10, 100) == 10
    assert replay_count(20, 80, 100) == 20
    assert replay_count(90, 10, 30) == 30, "as many as are there"
    assert replay_count(0, 10, 30) == 0


@given(RULES)
def test_a_rule_is_read_as_it_was_written(rule):
    assert TrainingRule.from_json(rule.as_json()) == rule


@pytest.mark.parametrize(
    ("stored", "field"),
    [
        ({"version": 2, "take": "correct"}, "version"),
        ({"take": "best"}, "take"),
        ({"per_problem": 0}, "per_problem"),
        ({"replay": 91}, "replay"),
        ({"replay": 10}, "replay_of"),
        ({"relabel": -1}, "relabel"),
        ({"strange": 1}, "rule"),
        ([], "rule"),
    ],
)
def test_what_is_no_rule_says_which_field(stored, field):
    with pytest.raises(Fault) as fault:
        TrainingRule.from_json(stored)
    assert fault.value.field == field
