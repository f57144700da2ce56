"""What people type into a search, and the passages that are shown of what is found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.core.text.searches import WIDTH, passage_of, read_search, tokens_like


@pytest.mark.parametrize(
    ("typed", "query", "words"),
    [
        ("rotate", '"rotate"', ("rotate",)),
        ("numpy.array", '"numpy array"', ("numpy", "array")),
        ("x_1", '"x 1"', ("x", "1")),
        ('"a phrase" b', '"a phrase" "b"', ("a", "phrase", "b")),
        ("grid -mirror", '"grid" -"mirror"', ("grid",)),
        ('grid -"left or right"', '"grid" -"left or right"', ("grid",)),
        ("red or blue", '"red" or "blue"', ("red", "blue")),
        ('an "open phrase', '"an" "open phrase"', ("an", "open", "phrase")),
        ("a<b>c", '"a b c"', ("a", "b", "c")),
        ("-", "", ()),
        ("!!! ()", "", ()),
        ("", "", ()),
    ],
)
def test_what_is_typed_is_words_phrases_and_what_must_be_absent(typed, query, words):
    assert (read_search(typed).query, read_search(typed).words) == (query, words)


@given(st.text(max_size=200))
def test_whatever_is_typed_is_read(typed):
    search = read_search(typed)
    assert search.query.count('"') % 2 == 0
    assert not set("<>&|!():*") & set(search.query)


def marked(text, *words):
    passage = passage_of(text, frozenset(words))
    return None if passage is None else [piece for piece, is_hit in passage.pieces if is_hit]


def test_the_words_are_marked_as_they_stand():
    assert marked("First Rotate it, then rotated twice.", "rotate", "rotated") == ["Rotate", "rotated"]
    assert marked("carotate rotates", "rotate") is None, "parts of words are none"


def test_of_many_hits_the_passage_shows_where_most_different_words_stand_together():
    text = "grid " + "filler " * 100 + "grid of a mirror and more " + "filler " * 100
    passage = passage_of(text, frozenset({"grid", "mirror"}))
    assert [piece for piece, is_hit in passage.pieces if is_hit] == ["grid", "mirror"]
    assert (passage.is_cut_before, passage.is_cut_after) == (True, True)
    assert len("".join(piece for piece, _ in passage.pieces)) <= WIDTH + 20


@given(st.text(max_size=2_000), st.sets(st.text(alphabet="abcİß1", min_size=1, max_size=4), max_size=4))
def test_a_passage_is_part_of_the_text_in_order(text, words):
    passage = passage_of(text, frozenset(word.lower() for word in words))
    if passage is not None:
        shown = "".join(piece for piece, _ in passage.pieces)
        assert "".join(shown.split()) in "".join(text.split())


def test_words_that_may_have_a_stem_are_found_without_reading_twice():
    text = "Happily the happy grids; a GRID, gridded, ungrid."
    assert tokens_like(text, frozenset({"grid", "happi"})) == {"happily", "happy", "grids", "grid", "gridded"}


def test_a_long_line_without_spaces_has_a_short_passage():
    passage = passage_of("x" * 5_000_000 + " grid", frozenset({"grid"}))
    assert sum(len(piece) for piece, _ in passage.pieces) <= WIDTH + 20
