"""What sets each strategy apart."""

from tests.core.strategies.situations import SLOTS, ended, situation
from trajectories.core.strategies import STRATEGIES
from trajectories.core.strategies.base import AttemptKind, read_settings


def settings(name, **values):
    return STRATEGIES[name], read_settings(STRATEGIES[name], values)


def test_until_solved_draws_step_by_step_until_enough_differ():
    strategy, chosen = settings("until-solved", wanted=2, step=2)
    assert [planned.slot for planned in strategy.first(SLOTS, chosen)] == SLOTS[:2]
    one_right = situation(ended(0, 0.0), ended(1))
    assert [planned.slot for planned in strategy.following(one_right, chosen)] == SLOTS[2:4]
    alike = situation(*(ended(number, 0.0, sketch=frozenset({1})) for number in range(4)))
    assert [planned.slot for planned in strategy.following(alike, chosen)] == SLOTS[4:6]
    assert strategy.following(situation(ended(0, 0.0), ended(1, 0.0)), chosen) == ()
    assert list(strategy.following(situation(*(ended(number) for number in range(6))), chosen)) == []


def test_revise_takes_the_best_and_prefers_other_outputs():
    strategy, chosen = settings("revise", parents=2, children=2, rounds=1, enough=1)
    found = situation(ended(1, 0.1, outputs="same"), ended(2, 0.2, outputs="same"), ended(3, 0.3), ended(4, 0.9))
    planned = strategy.following(found, chosen)
    assert [(each.parent, each.slot.ordinal, each.kind) for each in planned] == [
        (1, 0, AttemptKind.REVISION),
        (1, 1, AttemptKind.REVISION),
        (3, 0, AttemptKind.REVISION),
        (3, 1, AttemptKind.REVISION),
    ]


def test_revise_numbers_the_children_of_a_parent_on_and_spreads_over_parents():
    strategy, chosen = settings("revise", parents=1, children=2, rounds=5, enough=1)
    child = {"kind": AttemptKind.REVISION, "round": 1, "parent": 1}
    found = situation(ended(1, 0.1), ended(2, 0.2), ended(3, 0.8, **child), ended(4, 0.8, **child))
    assert {each.parent for each in strategy.following(found, chosen)} == {2}
    only = situation(ended(1, 0.1), ended(3, 0.9, trace=None, **child))
    assert [(each.parent, each.slot.ordinal) for each in strategy.following(only, chosen)] == [(1, 1), (1, 2)]


def test_revise_leaves_a_problem_alone_once_enough_fit_or_the_rounds_are_over():
    strategy, chosen = settings("revise", rounds=1, enough=2)
    assert strategy.following(situation(ended(1, 0.0), ended(2)), chosen)
    assert not strategy.following(situation(ended(1, 0.0), ended(2, 0.0), ended(3)), chosen)
    assert not strategy.following(situation(ended(1), round=1), chosen)


def test_where_nothing_runs_the_newest_answers_are_reviewed():
    strategy, chosen = settings("revise", parents=5, children=1, rounds=3)
    found = situation(ended(1, None), ended(2, None, round=1), ended(3, None, round=1))
    assert {each.parent for each in strategy.following(found, chosen)} == {2, 3}


def test_experts_go_on_from_their_outputs_or_their_errors():
    strategy, chosen = settings("experts", rounds=3)
    found = situation(ended(1, 0.4, gave_grids=True), ended(2, 1.0), ended(3, trace=None))
    assert [(each.parent, each.kind) for each in strategy.following(found, chosen)] == [
        (1, AttemptKind.COMPOSITION),
        (2, AttemptKind.REVISION),
    ]
    assert not strategy.following(situation(ended(1), round=2), chosen)
    assert not strategy.following(situation(ended(1, 0.0), ended(2)), chosen)


def test_rationalise_gives_away_only_what_nobody_solved_and_only_once():
    strategy, chosen = settings("rationalise", samples=2)
    unsolved = situation(ended(1), ended(2), hintable=True)
    assert [(each.kind, each.slot) for each in strategy.following(unsolved, chosen)] == [
        (AttemptKind.HINTED, SLOTS[0]),
        (AttemptKind.HINTED, SLOTS[1]),
    ]
    assert not strategy.following(situation(ended(1), hintable=False), chosen)
    assert not strategy.following(situation(ended(1, 0.0), ended(2), hintable=True), chosen)
    assert not strategy.following(situation(ended(1), round=1, hintable=True), chosen)
