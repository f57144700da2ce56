"""The word diff: whole, right, bounded, and the same on every machine."""

import random
import time
from itertools import pairwise
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.core.text.word_diff import Change, TextSide, in_short, word_diff

TEXTS = st.text(st.sampled_from("ab \n.é\U0001f600"), max_size=80)


def put_together(changes, left_out: TextSide) -> str:
    return "".join(change.text for change in changes if change.side is not left_out)


@given(TEXTS, TEXTS)
def test_both_texts_are_in_it_whole_and_neighbours_differ(before, after):
    changes = word_diff(before, after)
    assert put_together(changes, TextSide.NEW) == before
    assert put_together(changes, TextSide.GONE) == after
    assert all(one.side is not other.side for one, other in pairwise(changes))
    assert all(change.text for change in changes)
    if before == after:
        assert {change.side for change in changes} <= {TextSide.SAME}


def test_words_are_told_not_letters():
    assert word_diff("the cat sat", "the cut sat") == (
        Change(TextSide.SAME, "the "),
        Change(TextSide.GONE, "cat "),
        Change(TextSide.NEW, "cut "),
        Change(TextSide.SAME, "sat"),
    )


def long_text(seed: int, words: int = 35_000) -> list[str]:
    draw = random.Random(seed)
    return [f"w{draw.randrange(3_000)}" + ("\n" if index % 12 == 0 else " ") for index in range(words)]


def test_a_few_changes_in_200_kb_are_found_word_by_word():
    before = long_text(1)
    after = list(before)
    for index in range(50, len(after), 4_000):
        after[index] = "CHANGED "
    assert len("".join(before)) > 190_000
    started = time.process_time()
    changes = word_diff("".join(before), "".join(after))
    assert time.process_time() - started < 1.0
    assert [change.text for change in changes if change.side is TextSide.NEW] == ["CHANGED "] * 9


@pytest.mark.parametrize("other", ["lines", "one line", "two words"])
def test_texts_that_share_nothing_end_too(other):
    draw = random.Random(3)
    before, after = "".join(long_text(1)), "".join(long_text(2))
    if other == "one line":
        before, after = before.replace("\n", " "), after.replace("\n", " ")
    if other == "two words":
        before, after = ("".join(draw.choice(["a ", "b "]) for _ in range(100_000)) for _ in range(2))
    started = time.process_time()
    changes = word_diff(before, after)
    assert time.process_time() - started < 10.0
    assert put_together(changes, TextSide.NEW) == before
    assert put_together(changes, TextSide.GONE) == after


def test_the_clock_has_no_say_in_it():
    before, after = "".join(long_text(1, 6_000)), "".join(long_text(2, 6_000))
    usual = word_diff(before, after)
    with patch("diff_match_patch.diff_match_patch.time") as clock:
        clock.time.side_effect = iter(range(0, 10**9, 1_000))
        assert word_diff(before, after) == usual


def test_in_short_keeps_every_change_and_counts_what_it_leaves_out():
    before = "start " + "same " * 200 + "old " + "same " * 200 + "end"
    changes = in_short(word_diff(before, before.replace("old", "new")), context=20)
    assert [change.text for change in changes if change.side is not TextSide.SAME] == ["old ", "new "]
    kept = sum(len(change.text) for change in changes if change.side is TextSide.SAME)
    assert kept + sum(change.left_out for change in changes) + len("old ") == len(before)
    assert kept <= 60
