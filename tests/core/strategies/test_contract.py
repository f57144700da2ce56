"""What every registered strategy must do, whatever happened to its attempts."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.core.records import AgentLimits, Outcome
from trajectories.core.strategies import STRATEGIES, StrategyError, find_strategy
from trajectories.core.strategies.base import (
    BY_STEPS,
    AttemptKind,
    Ended,
    Planned,
    Prunes,
    Situation,
    Slot,
    Strategy,
    read_settings,
    tool_limits,
)

NAME_LENGTH = 40
"""As long as the column of runs is (models.Run)."""

REASON_LENGTH = 200
"""As long as the column of attempts is."""

EVERY = pytest.mark.parametrize("strategy", STRATEGIES.values(), ids=STRATEGIES)


@st.composite
def fates(draw: st.DrawFn):
    """How an attempt ends: None without a trace."""
    if draw(st.booleans()):
        error = draw(st.none() | st.floats(0, 1))
        return {
            "outcome": draw(st.sampled_from(Outcome)),
            "fits": None if error is None else error == 0,
            "train_error": error,
            "train_share": None if error is None else float(error == 0),
            "answer": draw(st.sampled_from(["", "x", "y"])),
            "outputs": draw(st.sampled_from(["", "a", "b"])),
            "gave_grids": draw(st.booleans()),
            "sketch": draw(st.frozensets(st.integers(0, 5), max_size=3)),
            "worth": draw(st.none() | st.floats(0, 1)),
            "goes_on": draw(st.booleans()),
        }
    return None


def play(strategy: Strategy, settings, slots, draw_fate, *, hintable: bool, of_text: bool) -> list[list[Planned]]:
    """All rounds of one problem, each attempt ending as drawn; only a step of a text goes on."""
    rounds, ended = [list(strategy.first(slots, settings))], []
    while rounds[-1]:
        for planned in rounds[-1]:
            fate = draw_fate()
            trace = None if fate is None else len(ended) + 1
            if fate is not None and planned.kind is not AttemptKind.STEP:
                fate["goes_on"] = False
            ended.append(
                Ended(planned.slot, planned.kind, len(rounds) - 1, trace=trace, parent=planned.parent, **(fate or {}))
            )
        found = Situation(slots, tuple(ended), len(rounds) - 1, seed=3, hintable=hintable, of_text=of_text)
        if isinstance(strategy, Prunes):
            reasons = strategy.pruned(found, settings)
            assert all(len(reason) <= REASON_LENGTH and reason.endswith(".") for reason in reasons.values())
            gone_on = {each.parent for each in strategy.following(found, settings)}
            assert not gone_on & reasons.keys(), "what is gone on from was not pruned"
        following = list(strategy.following(found, settings))
        assert following == list(strategy.following(found, settings)), "the same situation gives the same plan"
        known = {each.trace for each in ended if each.trace is not None}
        assert all(planned.parent is None or planned.parent in known for planned in following)
        rounds.append(following)
    return rounds


@EVERY
@given(data=st.data(), count=st.integers(1, 8), hintable=st.booleans(), of_text=st.booleans())
def test_it_ends_within_its_bound_and_never_plans_the_same_sample_twice(strategy, data, count, hintable, of_text):
    of_text = of_text and strategy.steps
    settings = read_settings(
        strategy,
        {each.name: data.draw(st.integers(each.least, min(each.most, each.least + 3))) for each in strategy.parameters},
    )
    slots = [Slot(instruction, 1.0, ordinal) for ordinal in range(count) for instruction in (1, 2)]
    rounds = play(strategy, settings, slots, lambda: data.draw(fates()), hintable=hintable, of_text=of_text)
    planned = [each for of_round in rounds for each in of_round]
    assert rounds[0]
    beginnings = {AttemptKind.FIRST, AttemptKind.STEP} if strategy.steps else {AttemptKind.FIRST}
    assert all(each.kind in beginnings and each.parent is None for each in rounds[0])
    assert strategy.steps or not any(each.kind in BY_STEPS for each in planned)
    # A text is asked for to its end once; only there, and nothing goes on from it.
    assert of_text or not any(each.kind is AttemptKind.REST for each in planned)
    if of_text and rounds[0][0].kind is AttemptKind.STEP and len(planned) == len(slots) > len(rounds[0]):
        assert rounds[-2][-1].kind is AttemptKind.REST, "the budget ends with answers"
    assert len(planned) <= strategy.most(len(slots), settings)
    if not strategy.adapts:
        assert len(rounds) == 2
    assert len({(each.slot, each.kind, each.parent) for each in planned}) == len(planned)
    assert hintable or not any(each.kind is AttemptKind.HINTED for each in planned)


@EVERY
def test_it_says_what_it_is(strategy):
    assert STRATEGIES[strategy.name] is strategy
    assert strategy.title
    assert strategy.summary.endswith(".")
    for parameter in strategy.parameters:
        assert parameter.least <= parameter.default <= parameter.most
        assert parameter.help.endswith(".")
    settings = read_settings(strategy, {})
    json.dumps(settings)
    assert len(strategy.name) <= NAME_LENGTH
    limits = tool_limits(strategy, settings)
    assert limits is None or AgentLimits(**limits), "one that calls tools has their limits as parameters"


@EVERY
@pytest.mark.parametrize("value", [-1, 10**9, "3", 1.5, True])
def test_a_wrong_setting_is_named(strategy, value):
    for parameter in strategy.parameters:
        with pytest.raises(StrategyError, match=f"{parameter.title}: found"):
            read_settings(strategy, {parameter.name: value})
    with pytest.raises(StrategyError, match="setting 'nonesuch'"):
        read_settings(strategy, {"nonesuch": 1})


def test_an_unknown_strategy_is_named():
    with pytest.raises(StrategyError, match="'nonesuch'; expected one of parallel"):
        find_strategy("nonesuch")
