"""Aligning two lists."""

import time

from hypothesis import given
from hypothesis import strategies as st

from trajectories.core.text.alignment import align

lists = st.lists(st.sampled_from("abcdef"), max_size=30)


@given(lists, lists)
def test_every_item_is_there_once_and_in_order(one, other):
    pairs = align(one, other)
    assert [left for left, _ in pairs if left is not None] == list(range(len(one)))
    assert [right for _, right in pairs if right is not None] == list(range(len(other)))
    assert (None, None) not in pairs


@given(lists)
def test_equal_lists_are_paired_item_by_item(one):
    assert align(one, list(one)) == [(index, index) for index in range(len(one))]


def test_what_was_put_in_stands_alone():
    assert align(list("abcd"), list("abXcd")) == [(0, 0), (1, 1), (None, 2), (2, 3), (3, 4)]
    assert align(list("abXcd"), list("abcd")) == [(0, 0), (1, 1), (2, None), (3, 2), (4, 3)]


def test_what_changed_stands_beside_what_it_was():
    assert align(["a", "old", "c"], ["a", "new", "c"]) == [(0, 0), (1, 1), (2, 2)]


def test_further_keys_pair_what_is_alike():
    one, other = ["a", "x1", "y1", "d"], ["a", "new", "x2", "y2", "d"]
    titles = (["a", "x", "y", "d"], ["a", "n", "x", "y", "d"])
    assert align(one, other, titles) == [(0, 0), (None, 1), (1, 2), (2, 3), (3, 4)]


def test_a_moved_item_leaves_the_longest_run_in_order():
    pairs = align(list("abcdefX"), list("Xabcdef"))
    assert [(left, right) for left, right in pairs if left is not None and right is not None][:6] == [
        (index, index + 1) for index in range(6)
    ]


def test_long_lists_take_no_time_to_speak_of():
    started = time.perf_counter()
    for one, other in (
        (["a", "b"] * 25_000, ["b", "a"] * 25_000),
        ([f"a{n}" for n in range(50_000)], [f"b{n}" for n in range(50_000)]),
        ([f"a{n}" for n in range(50_000)], [f"a{n}" for n in reversed(range(50_000))]),
    ):
        assert len(align(one, other)) >= 50_000
    assert time.perf_counter() - started < 20
