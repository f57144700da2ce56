"""What every way of choosing must do, and what each chooses."""

import random
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.core.consolidation.ways import WAYS, Group, Sample, Value, choose

EVERY = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)


@st.composite
def samples(draw: st.DrawFn):
    made = []
    for key in range(draw(st.integers(0, 7))):
        answer = draw(st.none() | st.sampled_from("ab"))
        values = {value: draw(st.sampled_from([0.0, 0.25, 0.5, 1.0])) for value in Value if draw(st.booleans())}
        outputs = () if answer is None else (answer, draw(st.none() | st.sampled_from("xy")))
        made.append(Sample(key, answer, answer, outputs, values))
    return made


def sample(key, answer, **values):
    return Sample(key, answer, answer, (answer,), {Value(name): value for name, value in values.items()})


def guesses(name, *given):
    return choose(WAYS[name], given).guesses[0]


@EVERY
@given(given=samples(), seed=st.integers(0, 9))
def test_every_way_chooses_among_what_was_given_whatever_the_order(way, given, seed):
    found = choose(way, given)
    known = {value for each in given for value in each.values}
    assert (found is None) == (not set(way.needs) <= known)
    if found is None:
        return
    for place, chosen in enumerate(found.guesses):
        there = {
            Group.SAMPLE: [each.key for each in given],
            Group.OUTPUT: [each.outputs[place] for each in given if place < len(each.outputs)],
        }.get(way.group, [each.meaning for each in given])
        assert set(chosen) <= {each for each in there if each is not None}
        assert len(chosen) == min(way.guesses, len({each for each in there if each is not None} & set(chosen)))
        assert bool(chosen) == any(each is not None for each in there)
    assert 0 <= found.share <= 1
    mixed = random.Random(seed).sample(given, len(given))
    again = choose(way, mixed)
    assert [set(each.leaders) for each in again.votes] == [set(each.leaders) for each in found.votes]


@EVERY
@given(given=samples())
def test_samples_without_an_answer_never_change_a_vote(way, given):
    if way.group is Group.SAMPLE:
        return
    silent = [*given, *(Sample(100 + key, None, None, (), {Value.FITS: 0.0}) for key in range(3))]
    found, more = choose(way, given), choose(way, silent)
    if found is not None:
        assert [each.leaders for each in more.votes][: len(found.votes)] == [each.leaders for each in found.votes]


def test_names_titles_and_guesses_are_stated():
    assert len({way.title for way in WAYS.values()}) == len(WAYS)
    assert all(way.help.endswith(".") and way.guesses >= 1 for way in WAYS.values())


def test_normal_forms_bring_votes_together():
    given = [
        Sample(1, "1/2", "h"),
        Sample(2, "0.5", "h"),
        Sample(3, "2", "t"),
        Sample(4, "2", "t"),
        Sample(5, ".5", "h"),
    ]
    assert guesses("majority", *given) == ("h",)
    assert guesses("majority-written", *given) == ("2",)


def test_weights_turn_a_majority_and_fall_back_to_it():
    heavy = [sample(1, "a", fits=0.2), sample(2, "a", fits=0.2), sample(3, "b", fits=1.0)]
    assert guesses("weighted-fits", *heavy) == ("b",)
    assert guesses("majority", *heavy) == ("a",)
    nothing = [sample(1, "a", fits=0.0), sample(2, "a"), sample(3, "b", fits=0.0)]
    assert guesses("weighted-fits", *nothing) == ("a",)
    scored = [sample(1, "a", score=0.3), sample(2, "a", score=0.3), sample(3, "b", score=0.5)]
    assert guesses("weighted-score", *scored) == ("a",)
    assert guesses("best-score", *scored) == (3,)
    assert choose(WAYS["weighted-certainty"], scored) is None
    sure = [sample(1, "a", certainty=0.3), sample(2, "b", certainty=0.9), sample(3, "a", certainty=0.3)]
    assert guesses("weighted-certainty", *sure) == ("b",)


def test_a_sample_of_unknown_value_is_chosen_last():
    assert guesses("best-score", sample(1, "a"), sample(2, "b", score=0.0)) == (2,)


def test_training_perfect_programs_vote_and_the_rest_is_filled_by_rank_sums():
    given = [
        sample(1, "wrong", fits=0.5, closeness=0.9),
        sample(2, "wrong", fits=0.5, closeness=0.9),
        sample(3, "perfect", fits=1.0, closeness=1.0),
        sample(4, "far", fits=0.0, closeness=0.1),
    ]
    assert guesses("rank-sums", *given) == ("perfect",)
    assert guesses("two-guesses", *given) == ("perfect", "wrong")
    assert guesses("three-guesses", *given) == ("perfect", "wrong", "far")
    # Nothing fits: 1/1 against 1/2 + 1/3.
    unfit = [sample(1, "a", fits=0.9), sample(2, "b", fits=0.5), sample(3, "b", fits=0.4)]
    assert guesses("rank-sums", *unfit) == ("a",)
    # Two that are alike share 1/2 and 1/3, whatever their order: 5/12 each, below 1 for "a".
    for order in permutations([sample(1, "a", fits=0.9), sample(2, "b", fits=0.5), sample(3, "c", fits=0.5)]):
        votes = choose(WAYS["rank-sums"], order).votes[0]
        assert dict(votes.ranked) == pytest.approx({"a": 1.0, "b": 5 / 12, "c": 5 / 12})


def test_each_test_output_is_guessed_by_itself():
    given = [
        Sample(key, None, None, outputs, {Value.FITS: 1.0}) for key, outputs in enumerate([("a", "x"), ("a", "y")])
    ]
    found = choose(WAYS["two-guesses"], given)
    assert found.guesses == (("a",), ("x", "y"))
    assert found.share == pytest.approx(0.5)


def test_weights_are_finite_for_one_sample():
    for way in WAYS.values():
        found = choose(way, [Sample(1, "a", "a", ("a",), dict.fromkeys(Value, 0.0))])
        assert len(found.guesses[0]) == 1
        assert np.isfinite(found.votes[0].top)
