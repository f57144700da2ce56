"""Parts of one text: places that hold, and what two spellings of the same completion share."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.core.completions.messages import Piece
from trajectories.core.completions.parts import (
    Completion,
    PartError,
    build_completion,
    completion_of,
    parts_from_json,
    parts_to_json,
    said_text,
    spoken,
    spoken_slices,
    thoughts_in,
)
from trajectories.core.completions.thoughts import Part, PartKind

words = st.text(st.sampled_from("ab \n<>/[]|"), max_size=30)
pieces = st.lists(
    st.builds(Piece, st.sampled_from(PartKind), words, goes_on=st.booleans(), data=st.just({})), max_size=6
)


@given(pieces)
def test_every_part_stands_where_it_says(given_pieces):
    completion = build_completion(given_pieces)
    at = 0
    for part in completion.parts:
        assert at <= part.start <= part.end <= len(completion.text)
        assert completion.text[part.start : part.end] == part.text
        at = part.end
    stored = json.loads(json.dumps(parts_to_json(completion.parts)))
    assert parts_from_json(stored, completion.text) == completion.parts


@given(pieces, st.booleans())
def test_what_is_spoken_is_the_same_in_slices(given_pieces, apart):
    completion = build_completion(given_pieces)
    if apart:
        completion = Completion(completion.text, completion.parts[::2])
    assert str(spoken_slices(completion)) == spoken(completion)


def test_a_text_is_not_stored_a_second_time():
    completion = completion_of("x" * 100_000, "y" * 100_000)
    assert len(json.dumps(parts_to_json(completion.parts))) < 150


@pytest.mark.parametrize("said", ["4", "**B**", "Two\n\nparagraphs."])
def test_the_same_completion_in_two_spellings_is_the_same(said):
    apart = completion_of(said, "Two twos.")
    for text in (
        f"<think>\nTwo twos.\n</think>\n\n{said}",
        f"Two twos.</think>{said}",
        f"[THINK]Two twos.[/THINK]{said}",
    ):
        assert spoken(completion_of(text)) == spoken(apart)
    assert spoken(completion_of(said)) != spoken(apart)


def test_what_has_no_thoughts_is_its_own_to_the_letter():
    assert spoken(completion_of("  It is 4.\n")) == "  It is 4.\n"
    assert said_text(completion_of("  It is 4.\n").parts) == "  It is 4.\n"


def test_thoughts_between_two_answers():
    completion = completion_of("a<think>b</think>c<think>d</think>e")
    assert (thoughts_in(completion.parts), said_text(completion.parts)) == ("b\n\nd", "a\n\nc\n\ne")


def test_thoughts_that_were_never_closed_say_so():
    (part,) = completion_of("<think>so 7, but").parts
    assert part.is_open
    assert parts_to_json([part]) == [{"kind": "thinking", "start": 7, "end": 16, "open": True}]


@pytest.mark.parametrize(
    "value",
    [
        None,
        {},
        [1],
        [{"kind": "speaking", "start": 0, "end": 1}],
        [{"kind": "content"}],
        [{"kind": "content", "start": 0, "end": 9}],
        [{"kind": "content", "start": True, "end": 1}],
        [{"kind": "content", "start": 1, "end": 0}],
        [{"kind": "content", "start": 1, "end": 2}, {"kind": "content", "start": 0, "end": 1}],
        [{"kind": "content", "start": 0, "end": 1, "data": []}],
        [{"kind": [], "start": 0, "end": 1}],
    ],
)
def test_parts_that_are_none_of_the_text_are_a_fault(value):
    with pytest.raises(PartError, match="found no"):
        parts_from_json(value, "abc")


def test_thoughts_that_do_not_stand_in_the_text_keep_their_own():
    lost = Part(PartKind.THINKING, "Hm.", -1, -1)
    (stored,) = parts_to_json([lost])
    assert stored == {"kind": "thinking", "text": "Hm."}
    assert parts_from_json([stored], "4") == (lost,)
    assert spoken(Completion("4", (lost, *completion_of("4").parts))) == "Hm.\n\n4"
