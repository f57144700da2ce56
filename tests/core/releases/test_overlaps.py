import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import FLIP_SPEC
from trajectories.core.releases.overlaps import Comparable, HeldOut, groups_of_same, shared_words

TRAINS = "Anna has three trains with four wagons each and sells one train to Ben. How many wagons does she have left?"
LIKE = "Tina has three trains with four wagons each and sells one train to Ben. How many wagons does she have left?"
SAME = ((5, ("a",)), (6, ("a", "b")), (7, ("b",)))
OTHER = "A garden is six metres long and four metres wide. What is its area in square metres, without the pond?"


def question(key, text):
    return Comparable(key, (f"hash of {text}",), text, "numeric", {}, None)


def task(key, spec, reference=None):
    return Comparable(key, (f"task {key}",), "", "arc", spec, reference)


def test_the_same_question_is_found_whatever_is_asked():
    held_out = HeldOut([question(1, TRAINS)], near=None, ngram=None)
    assert held_out.match(question(7, TRAINS)).how == "same"
    assert held_out.match(question(7, LIKE)) is None


def test_a_like_question_is_found_from_the_threshold_on_with_how_alike_it_is():
    held_out = HeldOut([question(1, TRAINS), question(2, OTHER)], near=0.7, ngram=None)
    match = held_out.match(question(7, LIKE))
    assert (match.key, match.how) == (1, "near")
    assert 0.7 <= match.alike < 1
    assert held_out.match(question(7, "How many metres of fence does a square garden need?")) is None
    assert HeldOut([question(1, TRAINS)], near=0.99, ngram=None).match(question(7, LIKE)) is None


def test_words_in_a_row_are_found_in_whatever_a_trainer_reads():
    held_out = HeldOut([question(1, TRAINS)], near=None, ngram=8)
    match = held_out.match_text(f"First, recall: {TRAINS.upper()} So the answer is eight.")
    assert (match.key, match.how, match.shared) == (1, "words", "anna has three trains with four wagons each")
    assert held_out.match_text("Anna has three trains with five wagons each and sells none of them.") is None


def test_a_task_is_found_turned_and_recoloured_and_by_a_pair():
    held_out = HeldOut([task(1, FLIP_SPEC, [[[9, 8, 7]]])], near=0.9, ngram=None)
    turned = {
        "train": [
            {name: [list(row) for row in zip(*grid, strict=True)] for name, grid in pair.items()}
            for pair in FLIP_SPEC["train"]
        ],
        "test": [{"input": [[7], [8], [9]]}],
    }
    assert held_out.match(task(7, turned, [[[9], [8], [7]]])).how == "same_task"
    colours = [4, 0, 7, 9, 2, 6, 1, 3, 8, 5]
    recoloured = {
        "train": [
            {name: [[colours[cell] for cell in row] for row in grid] for name, grid in pair.items()}
            for pair in reversed(FLIP_SPEC["train"])
        ],
        "test": [{"input": [[1, 2], [3, 4]]}],
    }
    assert held_out.match(task(7, recoloured, None)).how == "same_task", "its answers are not known: by what is"
    assert held_out.match(task(7, recoloured, [[[2, 1], [4, 3]]])) is None, "another task, with pairs of its own"
    grid = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
    large = {"train": [{"input": grid, "output": grid}], "test": [{"input": grid}]}
    more = {"train": [*large["train"], {"input": [[1]], "output": [[2]]}], "test": [{"input": [[3, 3]]}]}
    by_pair = HeldOut([task(2, large)], near=0.9, ngram=None)
    assert by_pair.match(task(8, more)).how == "pair"
    small = {
        "train": [{"input": [[5, 0]], "output": [[0, 5]]}, {"input": [[1]], "output": [[1]]}],
        "test": [{"input": [[1]]}],
    }
    assert held_out.match(task(9, small)) is None, "a pair of two cells says nothing"


def test_what_is_the_same_goes_together_through_a_third_and_what_is_like_does_not():
    flipped = {name: [dict(pair) for pair in FLIP_SPEC[name]] for name in FLIP_SPEC}
    flipped["train"] = flipped["train"][::-1]
    tasks = [
        task(1, FLIP_SPEC, [[[9, 8, 7]]]),
        task(2, flipped, [[[9, 8, 7]]]),
        task(3, {**flipped, "test": [{"input": [[1, 2], [3, 4]]}]}),
        task(4, {"train": [{"input": [[1, 2]], "output": [[2, 2]]}], "test": [{"input": [[3, 3]]}]}),
    ]
    one, other, third = (Comparable(key, (f"hash {key}", *same), "", "numeric", {}, None) for key, same in SAME)
    like = [question(8, TRAINS), question(9, LIKE)]
    assert groups_of_same([*tasks, third, *like, other, one]) == {
        "task 2": "task 1",
        "task 3": "task 1",
        "hash 6": "hash 5",
        "hash 7": "hash 5",
    }
    assert groups_of_same([]) == {}


def test_what_two_texts_have_in_common_is_shown_in_order():
    assert shared_words(LIKE, TRAINS) == [
        "has three trains with four wagons each and sells one train to ben . how many wagons does she have left ?"
    ]
    assert shared_words("one two three", "four five six") == []


@given(st.lists(st.sampled_from("abcdef"), max_size=30), st.lists(st.sampled_from("abcdef"), max_size=30))
def test_shared_words_are_in_both(first, second):
    one, other = " ".join(first), " ".join(second)
    for run in shared_words(one, other):
        assert f" {run} " in f" {one} "
        assert f" {run} " in f" {other} "


@pytest.mark.parametrize("size", [5, 13])
@given(place=st.integers(0, 60))
def test_a_quote_of_any_place_is_found(size, place):
    words = [f"word{number}" for number in range(80)]
    held_out = HeldOut([question(1, " ".join(words))], near=None, ngram=size)
    quote = " ".join(["before", *words[place : place + size], "after"])
    assert held_out.match_text(quote).shared == " ".join(words[place : place + size])
    assert held_out.match_text(" ".join(["before", *words[place : place + size - 1], "after"])) is None
