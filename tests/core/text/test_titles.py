import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.core.text.titles import shown_title, title_fault

REORDERING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"
INVISIBLE = "\u200b\u2060\ufeff\u00ad\u180e\u3164\u115f\uffa0\u2800\u034f\u2028\u2029\x00\x07\x1b\x85\n\t\U000e0041"


@pytest.mark.parametrize("character", [*REORDERING, *INVISIBLE], ids=lambda each: f"U+{ord(each):04X}")
def test_a_character_that_cannot_be_seen_is_named_with_its_place(character):
    number = f"U+{ord(character):04X}"
    fault = f"Found the invisible character {number} as character 4, expected only characters that can be seen."
    assert title_fault(f"Set{character}one") == fault
    assert shown_title(f"Set{character}one") == f"Set‹{number}›one"


@pytest.mark.parametrize(
    "title",
    [
        "",
        "ARC, first half",
        "Übungen №1 · 50 %",
        "数学の問題",
        "قائمة المسائل",
        "מסלולים 12",
        "می\u200cخواهم",
        "👩\u200d🔬 lab",
        "⚗️",
    ],
)
def test_titles_in_any_script_are_fine(title):
    assert title_fault(title) == ""
    assert shown_title(title) == title


@pytest.mark.parametrize("title", ["A\u200dmodel", "\u200cA", "قائمة\u200c", "می\u200c\u200cخ"])
def test_a_joiner_that_joins_nothing_is_refused(title):
    assert "U+200" in title_fault(title)


@given(st.text())
def test_what_is_shown_hides_nothing_and_is_shown_again_as_it_is(title):
    shown = shown_title(title)
    assert title_fault(shown) == ""
    assert shown_title(shown) == shown
    assert (shown == title) is (title_fault(title) == "")
    assert not [each for each in shown if unicodedata.category(each) == "Cc"]
